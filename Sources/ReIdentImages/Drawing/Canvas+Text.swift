// Labels on a canvas, in the machine's sans-serif font: for sheets that people look at. What has to
// be the same on every machine draws its letters as paths instead.
//
// SPDX-License-Identifier: MIT

import CCairo

extension Canvas {
    /// How a label looks.
    public struct TextStyle: Sendable, Hashable {
        /// The height of the font in pixels, descenders included.
        public var size: Double
        /// Whether it is bold.
        public var isBold: Bool
        /// Its colour.
        public var color: Color

        /// A style; the size is in pixels.
        public init(size: Double, isBold: Bool = false, color: Color = .black) {
            self.size = size
            self.isBold = isBold
            self.color = color
        }
    }

    /// Where a label lies beside its point.
    public enum TextAlignment: Sendable {
        /// It begins at the point.
        case left
        /// The point is its middle.
        case center
        /// It ends at the point.
        case right
    }

    /// Draws a line of text.
    ///
    /// - Parameters:
    ///   - text: One line.
    ///   - point: On the line the letters stand on.
    ///   - style: Size, weight and colour.
    ///   - alignment: On which side of the point it lies.
    public func draw(
        _ text: String, at point: Point, _ style: TextStyle, alignment: TextAlignment = .left
    ) {
        let width = alignment == .left ? 0 : textWidth(text, style)
        let shift =
            switch alignment {
            case .left: 0.0
            case .center: width / 2
            case .right: width
            }
        choose(style)
        let color = style.color
        cairo_set_source_rgba(context, color.red, color.green, color.blue, color.opacity)
        cairo_move_to(context, point.x - shift, point.y)
        cairo_show_text(context, text)
    }

    /// How far a line of text reaches, in pixels.
    public func textWidth(_ text: String, _ style: TextStyle) -> Double {
        choose(style)
        var extents = cairo_text_extents_t()
        cairo_text_extents(context, text, &extents)
        return extents.x_advance
    }

    /// The text, cut with an ellipsis if it is wider than a number of pixels.
    public func shortened(_ text: String, to width: Double, _ style: TextStyle) -> String {
        guard textWidth(text, style) > width else { return text }
        var rest = text
        while !rest.isEmpty, textWidth(rest + "…", style) > width { rest.removeLast() }
        return rest + "…"
    }

    /// The text, with an ellipsis in its middle if it is wider than a number of pixels: names of
    /// files differ at their ends as often as at their beginnings.
    public func shortenedInside(_ text: String, to width: Double, _ style: TextStyle) -> String {
        guard textWidth(text, style) > width else { return text }
        var (head, tail) = (text.prefix(text.count / 2), text.suffix((text.count + 1) / 2))
        func joined() -> String { "\(head)…\(tail)" }
        while !tail.isEmpty, textWidth(joined(), style) > width {
            if head.count < tail.count { tail.removeFirst() } else { head.removeLast() }
        }
        return joined()
    }

    private func choose(_ style: TextStyle) {
        cairo_select_font_face(
            context, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
            style.isBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
        cairo_set_font_size(context, style.size)
    }
}
