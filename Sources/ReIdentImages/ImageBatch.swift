// Prepared images of one size side by side: what an encoder takes at once.
//
// SPDX-License-Identifier: MIT

/// N prepared images of the same side in one contiguous buffer.
public struct ImageBatch: Sendable, Equatable {
    /// Side of every square in pixels.
    public let side: Int
    /// Interleaved 8-bit RGB, `[N, H, W, 3]`.
    public internal(set) var pixels: [UInt8]
    /// For each image, the part that shows it; the rest is black padding.
    public internal(set) var contents: [PixelRectangle]

    /// How many images there are.
    public var count: Int { contents.count }

    /// An empty batch, with room for some images.
    ///
    /// - Parameters:
    ///   - side: Side of every square in pixels, at least 1.
    ///   - capacity: How many images to take memory for at once.
    public init(side: Int, capacity: Int = 0) {
        precondition(side > 0, "a prepared image has at least one pixel")
        self.side = side
        pixels = []
        contents = []
        pixels.reserveCapacity(capacity * side * side * 3)
        contents.reserveCapacity(capacity)
    }

    /// A batch of at least one image; all have the first one's side.
    public init(_ images: [PreparedImage]) {
        precondition(!images.isEmpty, "init(side:) makes an empty batch")
        self.init(side: images[0].side, capacity: images.count)
        for image in images { append(image) }
    }

    /// Adds an image of the batch's side.
    public mutating func append(_ image: PreparedImage) {
        precondition(
            image.side == side, "an image of side \(image.side) in a batch of side \(side)")
        pixels += image.pixels
        contents.append(image.content)
    }

    /// The image at a position, copied out.
    public subscript(index: Int) -> PreparedImage {
        let size = side * side * 3
        return PreparedImage(
            side: side, pixels: Array(pixels[index * size..<(index + 1) * size]),
            content: contents[index])
    }

    /// The images at some positions, copied out.
    public subscript(range: Range<Int>) -> ImageBatch {
        let size = side * side * 3
        var result = ImageBatch(side: side)
        result.pixels = Array(pixels[range.lowerBound * size..<range.upperBound * size])
        result.contents = Array(contents[range])
        return result
    }

    /// The images of both batches, the other's behind these.
    public func joined(with other: ImageBatch) -> ImageBatch {
        precondition(other.side == side, "batches of sides \(side) and \(other.side)")
        var result = self
        result.pixels += other.pixels
        result.contents += other.contents
        return result
    }

    /// Every image in a mirror: left and right exchanged, padding included.
    public func flippedHorizontally() -> ImageBatch {
        // The rows of a batch are the rows of one tall image.
        guard count > 0 else { return self }
        var result = self
        result.pixels =
            Image(width: side, height: side * count, pixels: pixels)
            .flippedHorizontally().pixels
        result.contents = contents.map { $0.mirrored(imageWidth: side) }
        return result
    }
}
