// Where on a picture a number is, and what is cut out around it for reading.
//
// SPDX-License-Identifier: MIT

public import ReIdentImages

/// A box around a number, in shares of the picture's width and height.
public struct NumberBox: Sendable, Equatable {
    /// From the left edge to the box's middle.
    public var centerX: Double
    /// From the upper edge to the box's middle.
    public var centerY: Double
    /// Of the picture's width.
    public var width: Double
    /// Of the picture's height.
    public var height: Double

    /// How much larger the part that is read is than the number's longer side: room for an inexact
    /// box, and about what crops of numbers by detectors have around them.
    public static let margin = 1.5

    /// A box by its middle and size.
    public init(centerX: Double, centerY: Double, width: Double, height: Double) {
        (self.centerX, self.centerY) = (centerX, centerY)
        (self.width, self.height) = (width, height)
    }

    /// The square around the number that is read, as far as it lies in the picture.
    ///
    /// - Parameters:
    ///   - imageWidth: The picture's columns, at least 1.
    ///   - imageHeight: Its rows, at least 1.
    /// - Returns: At least one pixel.
    public func window(imageWidth: Int, imageHeight: Int) -> PixelRectangle {
        let (columns, rows) = (Double(imageWidth), Double(imageHeight))
        let side = max(width * columns, height * rows) * Self.margin
        func range(_ center: Double, _ length: Int) -> Range<Int> {
            let (low, high) = ((center - side / 2).rounded(.down), (center + side / 2).rounded(.up))
            // Of a box that is no number all is looked at; of one far outside its nearest pixel.
            guard low.isFinite, high.isFinite else { return 0..<length }
            let first = Int(min(max(low, 0), Double(length - 1)))
            return first..<Int(min(max(high, Double(first + 1)), Double(length)))
        }
        let x = range(centerX * columns, imageWidth)
        let y = range(centerY * rows, imageHeight)
        return PixelRectangle(
            left: x.lowerBound, top: y.lowerBound, width: x.count, height: y.count)
    }
}
