// A picture being drawn, over a Cairo image surface: paths, gradients, clips, images, text.
//
// SPDX-License-Identifier: MIT

import CCairo

/// A picture of 8-bit RGB with transparency that is drawn on.
///
/// Units are pixels, y points down; transforms apply to everything drawn after them. Drawing never
/// fails by itself: what Cairo cannot do is told by `image(over:)`, at the latest. Not `Sendable`:
/// one thread draws.
public final class Canvas {
    /// How new paint is put on what is there.
    public enum Blend: Sendable {
        /// The new paint hides what is there.
        case over
        /// The new paint hides what is there, and only where there is something.
        case atop
        /// Colours are multiplied, which darkens.
        case multiply
        /// Colours are added to, which brightens.
        case screen
        /// What is there stays only where the new paint is opaque.
        case keep
        /// What is there goes where the new paint is opaque.
        case erase
    }

    /// The ends of stroked lines.
    public enum LineEnd: Sendable {
        /// Cut off at the end.
        case butt
        /// With half a circle.
        case round
    }

    /// How the pixels of scaled images come about.
    public enum Sampling: Sendable {
        /// The nearest pixel: sharp edges.
        case nearest
        /// Mixed from neighbours: smooth. Much reduced images should be scaled in steps.
        case bilinear
    }

    /// Columns.
    public let width: Int
    /// Rows.
    public let height: Int

    let surface: OpaquePointer
    let context: OpaquePointer

    /// A transparent canvas.
    ///
    /// - Parameters:
    ///   - width: Columns, 1...32,767.
    ///   - height: Rows, 1...32,767.
    /// - Throws: `ImageError.notDrawable` for another size, or when memory is exhausted.
    public init(width: Int, height: Int) throws(ImageError) {
        guard (1...32_767).contains(width), (1...32_767).contains(height) else {
            throw .notDrawable(
                width: width, height: height, reason: "a side has 1 to 32767 pixels")
        }
        // Cairo never returns null; what failed is an object with a status.
        guard
            let surface = cairo_image_surface_create(
                CAIRO_FORMAT_ARGB32, Int32(width), Int32(height))
        else { throw .notDrawable(width: width, height: height, reason: "no surface") }
        guard let context = cairo_create(surface) else {
            cairo_surface_destroy(surface)
            throw .notDrawable(width: width, height: height, reason: "no context")
        }
        self.width = width
        self.height = height
        self.surface = surface
        self.context = context
        try check()
    }

    deinit {
        cairo_destroy(context)
        cairo_surface_destroy(surface)
    }

    // MARK: State

    /// Runs `body` and then takes back its transforms, clips, blending and opacity.
    public func saving<Failure: Error, Result>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        cairo_save(context)
        defer { cairo_restore(context) }
        return try body()
    }

    /// Moves the origin by pixels.
    public func translate(_ x: Double, _ y: Double) { cairo_translate(context, x, y) }

    /// Scales both axes; factors are not 0.
    public func scale(_ x: Double, _ y: Double) { cairo_scale(context, x, y) }

    /// Turns by an angle in radians, clockwise as seen on the screen.
    public func rotate(_ angle: Double) { cairo_rotate(context, angle) }

    /// Slants: x grows by `x` times y, and y by `y` times x.
    public func shear(x: Double, y: Double = 0) {
        var matrix = cairo_matrix_t(xx: 1, yx: y, xy: x, yy: 1, x0: 0, y0: 0)
        cairo_transform(context, &matrix)
    }

    /// Draws nothing outside a path from now on.
    public func clip(to path: Path) {
        trace(path)
        cairo_clip(context)
    }

    /// Chooses how new paint is put on what is there.
    public func blend(_ mode: Blend) {
        let cairoOperator =
            switch mode {
            case .over: CAIRO_OPERATOR_OVER
            case .atop: CAIRO_OPERATOR_ATOP
            case .multiply: CAIRO_OPERATOR_MULTIPLY
            case .screen: CAIRO_OPERATOR_SCREEN
            case .keep: CAIRO_OPERATOR_DEST_IN
            case .erase: CAIRO_OPERATOR_DEST_OUT
            }
        cairo_set_operator(context, cairoOperator)
    }

    // MARK: Drawing

    /// Covers everything inside the clip.
    public func paint(_ paint: Paint) {
        withSource(paint) { cairo_paint(context) }
    }

    /// Covers everything inside the clip with one colour.
    public func paint(_ color: Color) { paint(.color(color)) }

    /// Fills a path.
    ///
    /// - Parameters:
    ///   - path: Open parts are closed.
    ///   - paint: In the coordinates of the current transform.
    ///   - evenOdd: Whether a shape within a shape is a hole; otherwise the direction decides.
    public func fill(_ path: Path, _ paint: Paint, evenOdd: Bool = false) {
        trace(path)
        cairo_set_fill_rule(
            context, evenOdd ? CAIRO_FILL_RULE_EVEN_ODD : CAIRO_FILL_RULE_WINDING)
        withSource(paint) { cairo_fill(context) }
    }

    /// Fills a path with one colour.
    public func fill(_ path: Path, _ color: Color, evenOdd: Bool = false) {
        fill(path, .color(color), evenOdd: evenOdd)
    }

    /// Draws along a path.
    ///
    /// - Parameters:
    ///   - path: The line's middle.
    ///   - paint: In the coordinates of the current transform.
    ///   - width: The line's width, scaled by the current transform.
    ///   - end: The shape of its ends; `round` also rounds its corners.
    ///   - dashes: Lengths of dashes and gaps in turn; none for a whole line.
    public func stroke(
        _ path: Path, _ paint: Paint, width: Double, end: LineEnd = .butt, dashes: [Double] = []
    ) {
        trace(path)
        cairo_set_line_width(context, width)
        cairo_set_line_cap(context, end == .round ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT)
        cairo_set_line_join(
            context, end == .round ? CAIRO_LINE_JOIN_ROUND : CAIRO_LINE_JOIN_MITER)
        cairo_set_dash(context, dashes, Int32(dashes.count), 0)
        withSource(paint) { cairo_stroke(context) }
    }

    /// Draws along a path in one colour.
    public func stroke(
        _ path: Path, _ color: Color, width: Double, end: LineEnd = .butt, dashes: [Double] = []
    ) {
        stroke(path, .color(color), width: width, end: end, dashes: dashes)
    }

    // MARK: Checks

    /// Throws what Cairo has refused so far.
    func check() throws(ImageError) {
        for status in [cairo_status(context), cairo_surface_status(surface)]
        where status != CAIRO_STATUS_SUCCESS {
            throw .notDrawable(
                width: width, height: height,
                reason: String(cString: cairo_status_to_string(status)))
        }
    }

    private func trace(_ path: Path) {
        cairo_new_path(context)
        for step in path.steps {
            switch step {
            case .move(let point): cairo_move_to(context, point.x, point.y)
            case .line(let point): cairo_line_to(context, point.x, point.y)
            case .curve(let first, let second, let end):
                cairo_curve_to(context, first.x, first.y, second.x, second.y, end.x, end.y)
            case .arc(let center, let radius, let from, let to):
                cairo_arc(context, center.x, center.y, radius, from, to)
            case .close: cairo_close_path(context)
            }
        }
    }

    private func withSource(_ paint: Paint, _ draw: () -> Void) {
        switch paint {
        case .color(let color):
            cairo_set_source_rgba(context, color.red, color.green, color.blue, color.opacity)
            draw()
        case .linear(let from, let to, let stops):
            withGradient(cairo_pattern_create_linear(from.x, from.y, to.x, to.y), stops, draw)
        case .radial(let center, let radius, let stops):
            withGradient(
                cairo_pattern_create_radial(center.x, center.y, 0, center.x, center.y, radius),
                stops, draw)
        }
    }

    private func withGradient(_ pattern: OpaquePointer?, _ stops: [Paint.Stop], _ draw: () -> Void)
    {
        defer { cairo_pattern_destroy(pattern) }
        for stop in stops {
            let color = stop.color
            cairo_pattern_add_color_stop_rgba(
                pattern, stop.offset, color.red, color.green, color.blue, color.opacity)
        }
        cairo_set_source(context, pattern)
        draw()
    }
}
