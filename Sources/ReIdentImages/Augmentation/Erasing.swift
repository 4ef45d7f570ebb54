// Another player in front: a rectangle of one colour hides part of the crop.
// Zhong et al., Random Erasing Data Augmentation, AAAI 2020; one colour instead of noise, because
// what stands before a player is mostly another one's plain kit.
//
// SPDX-License-Identifier: MIT

/// A rectangle that hides part of a picture.
public struct Erasing: Sendable, Equatable {
    /// Share of the picture's width to the left of the rectangle, 0...1.
    public var left: Double
    /// Share of the picture's height above the rectangle, 0...1.
    public var top: Double
    /// Share of the picture's width that is hidden, 0...1.
    public var width: Double
    /// Share of the picture's height that is hidden, 0...1.
    public var height: Double
    /// Red, green and blue of the rectangle.
    public var color: [UInt8]

    /// A rectangle in shares of the picture it will hide part of, and its colour.
    public init(left: Double, top: Double, width: Double, height: Double, color: [UInt8]) {
        precondition(color.count == 3, "a colour has three channels")
        (self.left, self.top, self.width, self.height) = (left, top, width, height)
        self.color = color
    }

    /// The part of a picture that is hidden, cut to the picture.
    func rectangle(in image: Image) -> PixelRectangle {
        func span(_ start: Double, _ length: Double, _ size: Int) -> Range<Int> {
            let low = min(max(Int((start * Double(size)).rounded()), 0), size)
            let high = min(max(Int(((start + length) * Double(size)).rounded()), low), size)
            return low..<high
        }
        let columns = span(left, width, image.width)
        let rows = span(top, height, image.height)
        return PixelRectangle(
            left: columns.lowerBound, top: rows.lowerBound, width: columns.count,
            height: rows.count)
    }

    /// The picture with the rectangle on it.
    public func apply(_ image: Image) -> Image {
        let hidden = rectangle(in: image)
        var pixels = image.pixels
        for row in hidden.top..<hidden.top + hidden.height {
            for column in hidden.left..<hidden.left + hidden.width {
                let start = (row * image.width + column) * 3
                for channel in 0..<3 { pixels[start + channel] = color[channel] }
            }
        }
        return Image(width: image.width, height: image.height, pixels: pixels)
    }
}
