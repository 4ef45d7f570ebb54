// What compression leaves of a picture: encoded as JPEG and decoded again, in memory.
//
// SPDX-License-Identifier: MIT

/// JPEG's loss at some quality.
public struct JPEGCompression: Sendable, Hashable {
    /// Quality in the scale of libjpeg, 1...100.
    public let quality: Int

    /// A loss by compression.
    ///
    /// - Parameter quality: 1...100 in the scale of libjpeg.
    public init(quality: Int) {
        precondition((1...100).contains(quality), "JPEG quality is 1...100, not \(quality)")
        self.quality = quality
    }

    /// The picture after encoding and decoding; below quality 90, colour has half the resolution.
    ///
    /// - Throws: `ImageError.notEncodable` for a picture of more than 65,500 pixels on a side.
    public func apply(_ image: Image) throws(ImageError) -> Image {
        try ImageDecoder.decode(
            ImageEncoder.jpeg(image, quality: quality), name: "a recompressed picture")
    }
}
