// A decoded picture as the rest of the package sees it: 8-bit RGB, row by row.
//
// SPDX-License-Identifier: MIT

/// A picture of 8-bit RGB pixels.
public struct Image: Sendable, Equatable {
    /// Pixels in a row, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    /// Interleaved red, green and blue, top row first: `[H, W, 3]`, count `height * width * 3`.
    public let pixels: [UInt8]

    /// Wraps pixels that are there already.
    ///
    /// - Parameters:
    ///   - width: Pixels in a row, at least 1.
    ///   - height: Rows, at least 1.
    ///   - pixels: `[H, W, 3]`; a count other than `width * height * 3` is a programmer's mistake.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        precondition(
            pixels.count == width * height * 3,
            "\(width) x \(height) RGB needs \(width * height * 3) bytes, not \(pixels.count)")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The part of the picture inside a rectangle, for example one player of a frame.
    ///
    /// - Parameter rectangle: Lies inside the picture and is not empty.
    /// - Returns: A copy of that part.
    public func cropped(to rectangle: PixelRectangle) -> Image {
        precondition(
            rectangle.left >= 0 && rectangle.top >= 0
                && rectangle.left + rectangle.width <= width
                && rectangle.top + rectangle.height <= height,
            "the rectangle reaches beyond the image")
        var part: [UInt8] = []
        part.reserveCapacity(rectangle.width * rectangle.height * 3)
        for row in rectangle.top..<rectangle.top + rectangle.height {
            let start = (row * width + rectangle.left) * 3
            part += pixels[start..<start + rectangle.width * 3]
        }
        return Image(width: rectangle.width, height: rectangle.height, pixels: part)
    }
}

/// A rectangle of whole pixels, counted from the top left corner.
public struct PixelRectangle: Sendable, Hashable, Codable {
    /// Columns to the left of the rectangle.
    public var left: Int
    /// Rows above the rectangle.
    public var top: Int
    /// Columns of the rectangle.
    public var width: Int
    /// Rows of the rectangle.
    public var height: Int

    /// A rectangle by its corner and size, in pixels.
    public init(left: Int, top: Int, width: Int, height: Int) {
        self.left = left
        self.top = top
        self.width = width
        self.height = height
    }

    /// The same rectangle seen in a mirror of `imageWidth` columns.
    func mirrored(imageWidth: Int) -> PixelRectangle {
        PixelRectangle(
            left: imageWidth - left - width, top: top, width: width, height: height)
    }
}
