// The loss of a player who was filmed from far away: fewer pixels, then enlarged again.
//
// SPDX-License-Identifier: MIT

/// Scales a picture down to some rows, as if it had been filmed from farther away.
public struct Rescaling: Sendable, Hashable {
    /// Rows of the small picture.
    public let height: Int

    /// A loss of resolution.
    ///
    /// - Parameter height: Rows of the small picture, at least 1.
    public init(height: Int) {
        precondition(height > 0, "a picture has at least one row")
        self.height = height
    }

    /// The picture with `height` rows, of the same shape; one with no more rows stays as it is.
    public func shrunk(_ image: Image) -> Image {
        guard image.height > height else { return image }
        let share = Double(height) / Double(image.height)
        let width = max(1, Int((Double(image.width) * share).rounded()))
        return image.resized(toWidth: width, height: height)
    }

    /// The picture scaled down and up again to the size it had.
    public func apply(_ image: Image) -> Image {
        shrunk(image).resized(toWidth: image.width, height: image.height)
    }
}

extension Image {
    /// The picture in another size, by Pillow's antialiased bicubic.
    ///
    /// - Parameters:
    ///   - newWidth: Columns of the result, at least 1.
    ///   - newHeight: Rows of the result, at least 1.
    /// - Returns: The whole picture; the shape is not kept by itself.
    public func resized(toWidth newWidth: Int, height newHeight: Int) -> Image {
        var result = self
        if newWidth != width {
            let weights = FixedPointWeights(.bicubic(from: width, to: newWidth))
            result = Image(
                width: newWidth, height: height,
                pixels: weights.applyAlong(self, rows: 0..<height))
        }
        if newHeight != height {
            let weights = FixedPointWeights(.bicubic(from: height, to: newHeight))
            result = Image(
                width: newWidth, height: newHeight,
                pixels: weights.applyDown(result.pixels, firstRow: 0, rowBytes: newWidth * 3))
        }
        return result
    }
}
