// Pictures onto a canvas, and a canvas as a picture.
//
// SPDX-License-Identifier: MIT

import CCairo

extension Canvas {
    /// A canvas that shows an image.
    ///
    /// - Throws: `ImageError.notDrawable` as `init(width:height:)`.
    public convenience init(_ image: Image) throws(ImageError) {
        try self.init(width: image.width, height: image.height)
        withRows { row, pixels in
            for column in 0..<width {
                let place = (row * width + column) * 3
                let red = UInt32(image.pixels[place])
                let green = UInt32(image.pixels[place + 1])
                let blue = UInt32(image.pixels[place + 2])
                pixels[column] = 0xFF00_0000 | red << 16 | green << 8 | blue
            }
        }
    }

    /// Draws an image scaled into a rectangle.
    ///
    /// - Parameters:
    ///   - image: What is drawn.
    ///   - rectangle: Where, in the coordinates of the current transform; its sides are not 0.
    ///   - sampling: How it is scaled.
    ///   - opacity: 0 (invisible) to 1.
    /// - Throws: `ImageError.notDrawable` when memory is exhausted.
    public func draw(
        _ image: Image, in rectangle: Rectangle, sampling: Sampling = .bilinear,
        opacity: Double = 1
    ) throws(ImageError) {
        draw(try Canvas(image), in: rectangle, sampling: sampling, opacity: opacity)
    }

    /// Draws another canvas, transparent where it is, scaled into a rectangle.
    ///
    /// - Parameters:
    ///   - layer: What is drawn; not this canvas itself.
    ///   - rectangle: Where, in the coordinates of the current transform; its sides are not 0.
    ///   - sampling: How it is scaled.
    ///   - opacity: 0 (invisible) to 1.
    public func draw(
        _ layer: Canvas, in rectangle: Rectangle, sampling: Sampling = .bilinear,
        opacity: Double = 1
    ) {
        precondition(layer !== self, "a canvas cannot be drawn on itself")
        saving {
            translate(rectangle.left, rectangle.top)
            scale(rectangle.width / Double(layer.width), rectangle.height / Double(layer.height))
            cairo_rectangle(context, 0, 0, Double(layer.width), Double(layer.height))
            cairo_clip(context)
            cairo_set_source_surface(context, layer.surface, 0, 0)
            let pattern = cairo_get_source(context)
            cairo_pattern_set_filter(
                pattern, sampling == .nearest ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_BILINEAR)
            // Beyond the edge its pixels go on, so that smooth scaling does not fade there.
            cairo_pattern_set_extend(pattern, CAIRO_EXTEND_PAD)
            cairo_paint_with_alpha(context, opacity)
        }
    }

    /// What was drawn, on a ground of one colour.
    ///
    /// - Parameter ground: Seen where the canvas is transparent; its own opacity does not count.
    /// - Returns: The picture.
    /// - Throws: `ImageError.notDrawable` if Cairo refused something that was drawn.
    public func image(over ground: Color = .white) throws(ImageError) -> Image {
        try check()
        let grounds = [ground.red, ground.green, ground.blue].map {
            UInt32((min(max($0, 0), 1) * 255).rounded())
        }
        var result = [UInt8](repeating: 0, count: width * height * 3)
        withRows { row, pixels in
            for column in 0..<width {
                let pixel = pixels[column]
                let rest = 255 - (pixel >> 24)  // colours are stored multiplied by opacity
                let place = (row * width + column) * 3
                for channel in 0..<3 {
                    let own = (pixel >> UInt32(16 - 8 * channel)) & 0xFF
                    let behind = (grounds[channel] * rest + 127) / 255
                    result[place + channel] = UInt8(min(255, own + behind))
                }
            }
        }
        return Image(width: width, height: height, pixels: result)
    }

    /// The opacity of every pixel, row by row: `[H, W]`, 0 (transparent) to 255.
    ///
    /// - Throws: `ImageError.notDrawable` if Cairo refused something that was drawn.
    public func opacities() throws(ImageError) -> [UInt8] {
        try check()
        var result: [UInt8] = []
        result.reserveCapacity(width * height)
        withRows { _, pixels in
            for pixel in pixels { result.append(UInt8(pixel >> 24)) }
        }
        return result
    }

    /// Calls `body` with each row's pixels, native words of opacity, red, green and blue.
    private func withRows(_ body: (Int, UnsafeMutableBufferPointer<UInt32>) -> Void) {
        cairo_surface_flush(surface)
        let stride = Int(cairo_image_surface_get_stride(surface))
        guard let data = cairo_image_surface_get_data(surface) else { return }
        for row in 0..<height {
            let start = UnsafeMutableRawPointer(data + row * stride)
            body(row, .init(start: start.assumingMemoryBound(to: UInt32.self), count: width))
        }
        cairo_surface_mark_dirty(surface)
    }
}
