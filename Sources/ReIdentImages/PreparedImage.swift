// An image in the encoder's square, before normalisation.
//
// SPDX-License-Identifier: MIT

/// An image brought to the encoder's square input.
public struct PreparedImage: Sendable, Equatable {
    /// Side of the square in pixels.
    public let side: Int
    /// Interleaved 8-bit RGB, `[H, W, 3]` with H = W = `side`.
    public let pixels: [UInt8]
    /// The part that shows the image; the rest is black padding.
    public let content: PixelRectangle

    /// Wraps pixels that are there already.
    ///
    /// - Parameters:
    ///   - side: Side of the square, at least 1.
    ///   - pixels: `[H, W, 3]`, count `side * side * 3`.
    ///   - content: The part that shows the image; nil for all of it.
    public init(side: Int, pixels: [UInt8], content: PixelRectangle? = nil) {
        precondition(side > 0, "a prepared image has at least one pixel")
        precondition(
            pixels.count == side * side * 3,
            "a square of \(side) needs \(side * side * 3) bytes, not \(pixels.count)")
        self.side = side
        self.pixels = pixels
        self.content = content ?? PixelRectangle(left: 0, top: 0, width: side, height: side)
    }

    /// The same pixels as a plain image, for showing or saving.
    public var image: Image { Image(width: side, height: side, pixels: pixels) }

    /// The image in a mirror: left and right exchanged, padding included.
    public func flippedHorizontally() -> PreparedImage {
        PreparedImage(
            side: side, pixels: image.flippedHorizontally().pixels,
            content: content.mirrored(imageWidth: side))
    }
}
