// A rendered crop and what is known about it.
//
// SPDX-License-Identifier: MIT

public import ReIdentImages

/// A picture of one player, as a detector would cut it out of a broadcast.
public struct RenderedCrop: Sendable, Equatable {
    /// Where things are in the crop; each `[H, W]`, row by row, 255 where it is seen, else 0.
    public struct Masks: Sendable, Equatable {
        /// Columns.
        public let width: Int
        /// Rows.
        public let height: Int
        /// The number's digits; all 0 where the number cannot be read.
        public let number: [UInt8]
        /// The shirt with all that is on it.
        public let shirt: [UInt8]
        /// The whole player, without what hides parts of the player.
        public let body: [UInt8]
        /// Other players, where they are seen.
        public let others: [UInt8]

        /// The share of the picture that shows other players, 0 to 1.
        public var othersShare: Double {
            Double(others.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }) / Double(max(1, others.count))
        }

        /// The smallest rectangle around the number's digits; nil where none can be read.
        public var numberBox: PixelRectangle? {
            let seen = number.indices.filter { number[$0] > 0 }
            guard let first = seen.first, let last = seen.last else { return nil }
            let (top, bottom) = (first / width, last / width)
            let columns = seen.map { $0 % width }
            let left = columns.min() ?? 0
            return PixelRectangle(
                left: left, top: top, width: (columns.max() ?? left) - left + 1,
                height: bottom - top + 1)
        }

        /// One of the masks as a black and white picture.
        public func image(_ mask: [UInt8]) -> Image {
            Image(width: width, height: height, pixels: mask.flatMap { [$0, $0, $0] })
        }
    }

    /// The picture, as the camera saw it, before compression.
    public let image: Image
    /// Where number, shirt, body and other players are.
    public let masks: Masks
    /// The number, where it can be read in this crop.
    public let readableNumber: ShirtNumber?
    /// The crop in words, for example `a player in a red shirt and the number 7, seen from
    /// behind`; the wording changes from crop to crop.
    public let caption: String
    /// The quality its camera compresses by, of 100.
    public let quality: Int

    /// The crop as a JPEG file, compressed as its camera does.
    ///
    /// - Throws: `ImageError.notEncodable` when memory is exhausted.
    public func jpeg() throws(ImageError) -> [UInt8] {
        try ImageEncoder.jpeg(image, quality: quality)
    }
}
