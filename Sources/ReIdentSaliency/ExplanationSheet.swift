// The picture of an explanation: both crops, what their similarity was based on, scale and numbers.
//
// SPDX-License-Identifier: MIT

public import ReIdentImages

/// An explanation to be drawn.
public struct ExplanationSheet: Sendable {
    /// One crop.
    public struct Side: Sendable {
        /// The crop, decoded.
        public let image: Image
        /// What the crop is called, such as its path.
        public let name: String
        /// Where the crop lies in the encoder's square.
        public let content: PixelRectangle
        /// Side of that square, in pixels.
        public let square: Int
        /// The map on the square.
        public let map: SaliencyMap

        /// A crop with its map.
        public init(
            image: Image, name: String, content: PixelRectangle, square: Int, map: SaliencyMap
        ) {
            (self.image, self.name, self.content) = (image, name, content)
            (self.square, self.map) = (square, map)
        }
    }

    private let title: String
    private let lines: [String]
    private let sides: [Side]

    private static let height = 320.0
    private static let widest = 320.0
    private static let gap = 20.0
    private static let edge = 28.0
    private static let ink = Color(hex: 0x1B2027)
    private static let softInk = Color(hex: 0x525C69)
    private static let ground = Color(hex: 0xF6F7F9)
    private static let heading = Canvas.TextStyle(size: 20, isBold: true, color: ink)
    private static let text = Canvas.TextStyle(size: 13, color: softInk)

    /// Dark blue over red to light yellow, growing in brightness, so that it can be read without
    /// colours.
    private static let colors: [(Double, Color)] = [
        (0, Color(hex: 0x0B0B3B)), (0.3, Color(hex: 0x5B1A8B)), (0.6, Color(hex: 0xD8433F)),
        (0.85, Color(hex: 0xFB9E2F)), (1, Color(hex: 0xFCFFA4)),
    ]

    /// A picture to be drawn.
    ///
    /// - Parameters:
    ///   - title: The heading.
    ///   - lines: What stands below it.
    ///   - query: The first crop.
    ///   - gallery: The second crop.
    public init(title: String, lines: [String], query: Side, gallery: Side) {
        (self.title, self.lines, sides) = (title, lines, [query, gallery])
    }

    /// Draws it.
    ///
    /// - Returns: The picture.
    /// - Throws: `ImageError.notDrawable` when memory is exhausted.
    public func drawn() throws(ImageError) -> Image {
        let sizes = sides.map { side in
            let scale = min(
                Self.height / Double(side.image.height), Self.widest / Double(side.image.width))
            return (
                width: max(8, Double(side.image.width) * scale),
                height: max(8, Double(side.image.height) * scale)
            )
        }
        let content = sizes.reduce(0) { $0 + 2 * $1.width + Self.gap } + 2 * Self.gap
        let width = max(content, 620) + 2 * Self.edge
        let top = Self.edge + 30 + 18 * Double(lines.count) + 14
        let canvas = try Canvas(width: Int(width), height: Int(top + Self.height + 104))
        canvas.paint(Self.ground)
        let room = width - 2 * Self.edge
        canvas.draw(
            canvas.shortened(title, to: room, Self.heading), at: Point(Self.edge, Self.edge + 18),
            Self.heading)
        for (index, line) in lines.enumerated() {
            canvas.draw(
                canvas.shortenedInside(line, to: room, Self.text),
                at: Point(Self.edge, Self.edge + 42 + 18 * Double(index)), Self.text)
        }
        var left = Self.edge
        for (side, size) in zip(sides, sizes) {
            let place = Rectangle(
                left: left, top: top, width: size.width, height: size.height)
            try canvas.draw(side.image, in: place)
            let overlay = Rectangle(
                left: left + size.width + Self.gap / 2, top: top, width: size.width,
                height: size.height)
            try canvas.draw(side.image, in: overlay)
            try canvas.draw(Self.colored(side), in: overlay)
            let name = canvas.shortenedInside(
                side.name, to: 2 * size.width + Self.gap / 2, Self.text)
            canvas.draw(name, at: Point(left, top + Self.height + 20), Self.text)
            left += 2 * size.width + 2 * Self.gap
        }
        drawScale(on: canvas, top: top + Self.height + 44)
        return try canvas.image(over: Self.ground)
    }

    /// The map on the crop alone, in colours that hide more of it the higher the value.
    private static func colored(_ side: Side) throws(ImageError) -> Canvas {
        let (columns, rows) = (max(1, side.content.width), max(1, side.content.height))
        let layer = try Canvas(width: columns, height: rows)
        let square = Double(side.square)
        for row in 0..<rows {
            for column in 0..<columns {
                let value = side.map.value(
                    x: (Double(side.content.left + column) + 0.5) / square,
                    y: (Double(side.content.top + row) + 0.5) / square)
                let pixel = Rectangle(
                    left: Double(column), top: Double(row), width: 1, height: 1)
                layer.fill(Path(pixel), color(Double(value)).with(opacity: 0.62))
            }
        }
        return layer
    }

    private static func color(_ value: Double) -> Color {
        let next = colors.firstIndex { $0.0 >= value } ?? colors.count - 1
        guard next > 0 else { return colors[0].1 }
        let (low, high) = (colors[next - 1], colors[next])
        return low.1.mixed(with: high.1, (value - low.0) / (high.0 - low.0))
    }

    private func drawScale(on canvas: Canvas, top: Double) {
        let bar = Rectangle(left: Self.edge, top: top, width: 200, height: 14)
        let stops = Self.colors.map { Paint.Stop($0.0, $0.1) }
        canvas.fill(
            Path(bar),
            .linear(
                from: Point(bar.left, top), to: Point(bar.left + bar.width, top), stops: stops))
        for (value, label) in [(0.0, "0"), (0.5, "0.5"), (1.0, "1")] {
            canvas.draw(
                label, at: Point(bar.left + value * bar.width, top + 30), Self.text,
                alignment: value == 0 ? .left : value == 1 ? .right : .center)
        }
        canvas.draw(
            "what the similarity was based on, in each crop by itself; 1 is its most",
            at: Point(bar.left + bar.width + 20, top + 12), Self.text)
    }
}
