// Letterbox: fits an image of any shape into the encoder's square without distortion.
// Same geometry as RectResize in KonradHabel/clip_reid@1a935d6, clipreid/transforms.py.
//
// SPDX-License-Identifier: MIT

/// Fits an image into a square, longest side first, and centres it on black.
public struct Letterbox: Sendable, Hashable {
    /// Side of the square in pixels.
    public let side: Int

    /// A letterbox of a square with `side` pixels, at least 1.
    public init(side: Int) {
        precondition(side > 0, "a letterbox has at least one pixel")
        self.side = side
    }

    /// Where the image lies in the square.
    ///
    /// The longest side fills the square; the other is scaled alike, rounded half to even as
    /// Python does, and centred with the smaller margin first. It keeps at least one pixel, where
    /// the reference refuses images more than `2 * side` times as long as wide.
    ///
    /// - Parameters:
    ///   - width: Columns of the image, at least 1.
    ///   - height: Rows of the image, at least 1.
    /// - Returns: The part of the square that will show the image.
    public func placement(width: Int, height: Int) -> PixelRectangle {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        func scaled(_ short: Int, _ long: Int) -> Int {
            let size = (Double(short) * (Double(side) / Double(long))).rounded(.toNearestOrEven)
            return max(1, Int(size))
        }
        if height > width {
            let newWidth = scaled(width, height)
            return PixelRectangle(
                left: (side - newWidth) / 2, top: 0, width: newWidth, height: side)
        }
        if width > height {
            let newHeight = scaled(height, width)
            return PixelRectangle(
                left: 0, top: (side - newHeight) / 2, width: side, height: newHeight)
        }
        return PixelRectangle(left: 0, top: 0, width: side, height: side)
    }

    /// The image in the square, resized as OpenCV's INTER_LINEAR_EXACT does, on black.
    public func apply(_ image: Image) -> PreparedImage {
        PreparedImage(
            placing: image, at: placement(width: image.width, height: image.height), side: side)
    }
}

/// Resizes to a square without keeping the shape, in the way `Letterbox` resizes.
public struct Stretch: Sendable, Hashable {
    /// Side of the square in pixels.
    public let side: Int

    /// A square with `side` pixels, at least 1.
    public init(side: Int) {
        precondition(side > 0, "a square has at least one pixel")
        self.side = side
    }

    /// The image, stretched to fill the square.
    public func apply(_ image: Image) -> PreparedImage {
        PreparedImage(
            placing: image, at: PixelRectangle(left: 0, top: 0, width: side, height: side),
            side: side)
    }
}

extension PreparedImage {
    /// Resizes `image` into the rectangle of a black square.
    fileprivate init(placing image: Image, at content: PixelRectangle, side: Int) {
        let rowBytes = side * 3
        let count = rowBytes * side
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            guard let start = buffer.baseAddress else { return }
            if content.width < side || content.height < side {
                start.initialize(repeating: 0, count: count)
            }
            image.resizeExactBilinear(
                toWidth: content.width, height: content.height,
                into: start + content.top * rowBytes + content.left * 3, rowBytes: rowBytes)
            initialized = count
        }
        self.init(side: side, pixels: pixels, content: content)
    }
}
