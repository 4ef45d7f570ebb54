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

    /// Measures an encoder on random images of its size, from bytes to unit vectors.
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
        let batch = randomBatch(count: count, side: encoder.imageSize)
        let rates = try await Stopwatch(repeats: repeats, seconds: 1).rates {
            _ = try await encoder.embed(batch)
        }.map { $0 * Double(count) }
        let views = encoder.options.averagesFlip ? 2.0 : 1.0
        return EncoderBenchmark(
            imagesPerSecond: median(rates), rates: rates,
            operationsPerImage: views * operations(of: encoder.package))
    }

    private static func randomBatch(count: Int, side: Int) -> ImageBatch {
        var generator = SeededGenerator(seed: 1)
        return ImageBatch(
            (0..<count).map { _ in
                var pixels: [UInt8] = []
                pixels.reserveCapacity(side * side * 3 + 8)
                while pixels.count < side * side * 3 {
                    withUnsafeBytes(of: generator.next()) { pixels.append(contentsOf: $0) }
                }
                return PreparedImage(side: side, pixels: Array(pixels.prefix(side * side * 3)))
            })
    }

    /// Operations of all products of one image: patches, linear layers, attention, projection.
    private static func operations(of package: ModelPackage) -> Double {
        switch package.configuration.vision {
        case .transformer(let sizes):
            let width = Double(sizes.width)
            let tokens = Double(sizes.tokenCount)
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
}
