// From 8-bit pixels to the numbers an encoder was trained on.
//
// SPDX-License-Identifier: MIT

/// Mean and standard deviation per channel, for pixels scaled to 0...1.
public struct PixelNormalization: Sendable, Hashable, Codable {
    /// Mean of red, green and blue.
    public let mean: [Double]
    /// Standard deviation of red, green and blue.
    public let standardDeviation: [Double]

    /// CLIP's values (openai/CLIP, clip.py).
    public static let clip = PixelNormalization(
        mean: [0.48145466, 0.4578275, 0.40821073],
        standardDeviation: [0.26862954, 0.26130258, 0.27577711])

    /// ImageNet's values, which most other backbones use.
    public static let imageNet = PixelNormalization(
        mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])

    /// Pixels from -1 to 1, as timm's vision transformers and a few CLIPs are trained.
    public static let symmetric = PixelNormalization(
        mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5])

    /// The normalizations that have a name.
    public enum Name: String, CaseIterable, Sendable {
        /// CLIP's.
        case clip
        /// ImageNet's.
        case imagenet
        /// From -1 to 1.
        case symmetric
    }

    /// The normalization of a name.
    public init(_ name: Name) {
        self =
            switch name {
            case .clip: .clip
            case .imagenet: .imageNet
            case .symmetric: .symmetric
            }
    }

    /// Three means and three standard deviations, in the order red, green, blue.
    public init(mean: [Double], standardDeviation: [Double]) {
        precondition(
            mean.count == 3 && standardDeviation.count == 3, "three channels need three values")
        self.mean = mean
        self.standardDeviation = standardDeviation
    }

    /// Normalised values of one image, channel by channel: `[3, H, W]`.
    public func values(of image: PreparedImage) -> [Float] {
        values(pixels: image.pixels, count: 1, side: image.side)
    }

    /// Normalised values of a batch, image by image and channel by channel: `[N, 3, H, W]`.
    public func values(of batch: ImageBatch) -> [Float] {
        values(pixels: batch.pixels, count: batch.count, side: batch.side)
    }

    /// The value of every level, `[3, 256]`: (level / 255 - mean) / deviation, each step in fp32.
    ///
    /// So does torchvision. The reference's augmentation library computes (level - 255 mean) x
    /// (1 / (255 deviation)) instead, which differs in the last bits only.
    public var table: [Float] {
        zip(mean, standardDeviation).flatMap { mean, deviation in
            (0..<256).map { (Float($0) / 255 - Float(mean)) / Float(deviation) }
        }
    }

    private func values(pixels: [UInt8], count: Int, side: Int) -> [Float] {
        let table = table
        let plane = side * side
        return [Float](unsafeUninitializedCapacity: count * plane * 3) { result, initialized in
            pixels.withUnsafeBufferPointer { pixels in
                table.withUnsafeBufferPointer { table in
                    for channel in 0..<count * 3 {
                        var read = channel / 3 * plane * 3 + channel % 3
                        let base = channel % 3 * 256
                        var write = channel * plane
                        let end = write + plane
                        while write < end {
                            result[write] = table[base &+ Int(pixels[read])]
                            read &+= 3
                            write &+= 1
                        }
                    }
                }
            }
            initialized = count * plane * 3
        }
    }
}
