// How many images a second the encoder embeds on this machine, once they are prepared.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
import ReIdentFoundation
import ReIdentImages

/// The rate of an encoder.
public struct EncoderBenchmark: Sendable {
    /// Median of the rates.
    public let imagesPerSecond: Double
    /// The rate of each repeat.
    public let rates: [Double]
    /// Floating-point operations of one image, a multiplication and an addition counted as two.
    public let operationsPerImage: Double

    /// Floating-point operations a second.
    public var operationsPerSecond: Double { imagesPerSecond * operationsPerImage }

    /// Tokens of an image; nil of an encoder without patches.
    public let tokensPerImage: Int?

    /// Measures an encoder on random images of its size, from bytes to unit vectors; by content
    /// tokens on letterboxed ones of 64 x 128, as players are.
    ///
    /// - Parameters:
    ///   - encoder: The model; its batch size is taken.
    ///   - repeats: How many rates the median is taken of, each measured for a second or longer.
    /// - Returns: The rates.
    /// - Throws: `EngineError`, or `CancellationError`.
    public static func measure(
        _ encoder: PlayerEncoder, repeats: Int = 5
    ) async throws -> EncoderBenchmark {
        let count = max(1, encoder.options.batchSize)
        let isCropped = encoder.tokens == .content
        let batch = randomBatch(count: count, side: encoder.imageSize, isCropped: isCropped)
        let rates = try await Stopwatch(repeats: repeats, seconds: 1).rates {
            _ = try await encoder.embed(batch)
        }.map { $0 * Double(count) }
        let tokens = encoder.package.tokenCount(of: batch, encoder.tokens)
        let views = encoder.options.averagesFlip ? 2.0 : 1.0
        return EncoderBenchmark(
            imagesPerSecond: median(rates), rates: rates,
            operationsPerImage: views * operations(of: encoder.package, tokens: tokens),
            tokensPerImage: tokens)
    }

    private static func randomBatch(count: Int, side: Int, isCropped: Bool) -> ImageBatch {
        var generator = SeededGenerator(seed: 1)
        func noise(_ width: Int, _ height: Int) -> Image {
            var pixels: [UInt8] = []
            pixels.reserveCapacity(width * height * 3 + 8)
            while pixels.count < width * height * 3 {
                withUnsafeBytes(of: generator.next()) { pixels.append(contentsOf: $0) }
            }
            return Image(
                width: width, height: height, pixels: Array(pixels.prefix(width * height * 3)))
        }
        return ImageBatch(
            (0..<count).map { _ in
                isCropped
                    ? Letterbox(side: side).apply(noise(64, 128))
                    : PreparedImage(side: side, pixels: noise(side, side).pixels)
            })
    }

    /// Operations of all products of one image: patches, convolutions, linear layers, attention,
    /// projection.
    private static func operations(of package: ModelPackage, tokens: Int?) -> Double {
        switch package.configuration.vision {
        case .resNet(let sizes):
            return 2 * products(of: sizes, outputs: Double(package.embeddingDimension))
        case .convNeXt(let sizes): return 2 * products(of: sizes)
        case .transformer(let sizes):
            let width = Double(sizes.width)
            let tokens = Double(tokens ?? sizes.tokenCount)
            let patch = 3 * Double(sizes.patchSize * sizes.patchSize)
            let linear = tokens * width * (4 * width + 2 * Double(sizes.mlpWidth))
            let attention = 2 * tokens * tokens * width
            let head =
                package.settings.embedding == .projected
                ? width * Double(package.embeddingDimension) : 0
            let blocks = Double(sizes.layers) * (linear + attention)
            return 2 * ((tokens - 1) * patch * width + blocks + head)
        }
    }

    /// Multiplications of CLIP's ResNet for one image.
    private static func products(
        of sizes: ModifiedResNetConfiguration, outputs: Double
    ) -> Double {
        let width = Double(sizes.width)
        var area = Double(sizes.imageSize * sizes.imageSize) / 4
        var sum = area * (27 * width / 2 + 9 * width * width / 4 + 9 * width * width / 2)
        area /= 4
        var inputs = width
        for (stage, count) in sizes.layers.enumerated() {
            let inner = width * Double(1 << stage)
            for block in 0..<count {
                let smaller = block == 0 && stage > 0 ? 4.0 : 1
                sum += area * (inputs * inner + 9 * inner * inner)
                area /= smaller
                sum += area * 4 * inner * (inner + (block == 0 ? inputs : 0))
                inputs = 4 * inner
            }
        }
        let pool = Double(sizes.poolWidth)
        let tokens = Double(sizes.tokenCount)
        return sum + pool * pool * (1 + 2 * tokens) + 2 * tokens * pool + pool * outputs
    }

    /// Multiplications of a ConvNeXt for one image.
    private static func products(of sizes: ConvNeXtConfiguration) -> Double {
        let stem = Double(ConvNeXtConfiguration.stemSize * ConvNeXtConfiguration.stemSize)
        var area = Double(sizes.imageSize * sizes.imageSize) / stem
        var sum = area * 3 * stem * Double(sizes.widths[0])
        for (stage, count) in sizes.layers.enumerated() {
            let width = Double(sizes.widths[stage])
            if stage > 0 {
                area /= 4
                sum += area * 4 * Double(sizes.widths[stage - 1]) * width
            }
            let perceptron = 2 * Double(ConvNeXtConfiguration.perceptronRatio) * width
            sum += Double(count) * area * width * (49 + perceptron)
        }
        return sum
    }
}
