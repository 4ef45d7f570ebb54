// Shapes of digits on shirts: strokes whose corners, weights and ends make a font. Designed here,
// so that they are the same on every machine.
//
// SPDX-License-Identifier: MIT

import ReIdentImages

/// A style of digits.
public struct NumberFont: Sendable, Equatable {
    /// How a stroke turns.
    enum Corner: Sendable, Equatable {
        case sharp
        case cut(Double)
        case round(Double)
    }

    /// The style's name.
    public let name: String
    let corner: Corner
    /// Width of a digit's middle line; heights are 1.
    let width: Double
    /// Width of upright strokes, and of level ones.
    let upright: Double
    let level: Double
    let hasRoundEnds: Bool
    let hasSerifs: Bool
    /// How far the top leans to the right.
    let slant: Double
    /// Which form each digit has.
    var forms = [Int](repeating: 0, count: 10)
    /// How far digits stand apart, as a factor.
    var spacing = 1.0

    /// All styles.
    public static let all = [
        NumberFont(
            name: "varsity", corner: .cut(0.17), width: 0.5, upright: 0.2, level: 0.18,
            hasRoundEnds: false, hasSerifs: false, slant: 0),
        NumberFont(
            name: "rounded", corner: .round(0.3), width: 0.48, upright: 0.17, level: 0.17,
            hasRoundEnds: true, hasSerifs: false, slant: 0),
        NumberFont(
            name: "grotesque", corner: .round(0.27), width: 0.46, upright: 0.19, level: 0.16,
            hasRoundEnds: false, hasSerifs: false, slant: 0),
        NumberFont(
            name: "square", corner: .sharp, width: 0.44, upright: 0.17, level: 0.15,
            hasRoundEnds: false, hasSerifs: false, slant: 0),
        NumberFont(
            name: "slab", corner: .cut(0.12), width: 0.5, upright: 0.17, level: 0.15,
            hasRoundEnds: false, hasSerifs: true, slant: 0),
        NumberFont(
            name: "slanted", corner: .round(0.18), width: 0.44, upright: 0.18, level: 0.15,
            hasRoundEnds: false, hasSerifs: false, slant: 0.2),
        NumberFont(
            name: "condensed", corner: .round(0.19), width: 0.34, upright: 0.15, level: 0.14,
            hasRoundEnds: false, hasSerifs: false, slant: 0),
        NumberFont(
            name: "contrast", corner: .round(0.25), width: 0.48, upright: 0.23, level: 0.1,
            hasRoundEnds: false, hasSerifs: false, slant: 0),
        NumberFont(
            name: "light", corner: .cut(0.14), width: 0.48, upright: 0.11, level: 0.11,
            hasRoundEnds: true, hasSerifs: false, slant: 0.06),
        NumberFont(
            name: "block", corner: .cut(0.1), width: 0.5, upright: 0.26, level: 0.22,
            hasRoundEnds: false, hasSerifs: false, slant: 0),
        NumberFont(
            name: "oval", corner: .round(0.42), width: 0.52, upright: 0.19, level: 0.16,
            hasRoundEnds: false, hasSerifs: false, slant: 0),
        NumberFont(
            name: "narrow", corner: .cut(0.15), width: 0.36, upright: 0.19, level: 0.14,
            hasRoundEnds: false, hasSerifs: false, slant: 0.04),
    ]

    /// How far one digit's middle line is from the next one's.
    var advance: Double { (width + upright * 1.45) * spacing }

    /// The outline of a number, its middle at the origin, digits of height 1, y down.
    ///
    /// - Parameters:
    ///   - number: What is written.
    ///   - growth: How much wider strokes are on each side, for an edge around them.
    /// - Returns: Convex pieces of the same direction, to be filled without the even-odd rule.
    func outline(of number: ShirtNumber, growth: Double = 0) -> Path {
        let digits = number.digits
        var path = Path()
        for (place, digit) in digits.enumerated() {
            let shift = (Double(place) - Double(digits.count - 1) / 2) * advance
            let strokes =
                Lettering.digits[digit][forms[digit]]
                + (hasSerifs ? Lettering.serifs[digit] : [])
            append(strokes, shift: shift, growth: growth, to: &path)
        }
        return path
    }

    /// How wide a number is where its digits are 1 high.
    func width(of number: ShirtNumber) -> Double {
        Double(number.digits.count - 1) * advance + width + upright
    }

    /// The outline of a name in capitals, like `outline(of:growth:)`.
    func outline(ofName letters: [Int]) -> Path {
        var path = Path()
        for (place, letter) in letters.enumerated() {
            let shift = (Double(place) - Double(letters.count - 1) / 2) * advance * 1.06
            append(Lettering.letters[letter], shift: shift, growth: 0, to: &path)
        }
        return path
    }

    private func append(
        _ strokes: [Lettering.Stroke], shift: Double, growth: Double, to path: inout Path
    ) {
        for stroke in strokes {
            let placed = turned(stroke).map { point in
                // The middle line lies inside the height by half a stroke.
                let y = (point.y - 0.5) * (1 - level)
                return Point(shift + (point.x - 0.5) * width - y * slant, y)
            }
            let ends = StrokeOutline(
                upright: upright / 2 + growth, level: level / 2 + growth,
                hasRoundEnds: hasRoundEnds, growth: growth)
            ends.append(placed, isClosed: stroke.isClosed, to: &path)
        }
    }

    /// A stroke's points, with its corners cut or rounded.
    private func turned(_ stroke: Lettering.Stroke) -> [Point] {
        let size: Double
        let steps: Int
        switch corner {
        case .sharp: return stroke.points
        case .cut(let length): (size, steps) = (length, 1)
        case .round(let radius): (size, steps) = (radius, 4)
        }
        let points = stroke.points
        var result: [Point] = []
        for index in points.indices {
            let isEnd = !stroke.isClosed && (index == 0 || index == points.count - 1)
            guard !isEnd else {
                result.append(points[index])
                continue
            }
            let corner = points[index]
            let before = points[(index + points.count - 1) % points.count]
            let after = points[(index + 1) % points.count]
            func towards(_ other: Point) -> Point {
                // In the stretched square, x is shorter: lengths are those of the digit itself.
                let (dx, dy) = ((other.x - corner.x) * width, other.y - corner.y)
                let length = (dx * dx + dy * dy).squareRoot()
                let share = min(size / max(length, 1e-6), 0.5)
                return Point(
                    corner.x + (other.x - corner.x) * share,
                    corner.y + (other.y - corner.y) * share)
            }
            let (start, end) = (towards(before), towards(after))
            result.append(start)
            for step in stride(from: 1, to: steps, by: 1) {
                let t = Double(step) / Double(steps)
                let (a, b, c) = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t)
                result.append(
                    Point(
                        a * start.x + b * corner.x + c * end.x,
                        a * start.y + b * corner.y + c * end.y))
            }
            result.append(end)
        }
        return result
    }
}

/// Makes areas out of strokes.
struct StrokeOutline {
    let upright: Double
    let level: Double
    let hasRoundEnds: Bool
    let growth: Double

    func append(_ points: [Point], isClosed: Bool, to path: inout Path) {
        guard points.count > 1 else { return }
        let count = isClosed ? points.count : points.count - 1
        for index in 0..<count {
            let isFirst = index == 0 && !isClosed
            let isLast = index == count - 1 && !isClosed
            segment(
                points[index], points[(index + 1) % points.count], isFirst: isFirst,
                isLast: isLast, to: &path)
            if !isFirst || hasRoundEnds { joint(points[index], to: &path) }
        }
        if !isClosed, hasRoundEnds { joint(points[points.count - 1], to: &path) }
    }

    private func segment(
        _ from: Point, _ to: Point, isFirst: Bool, isLast: Bool, to path: inout Path
    ) {
        let (dx, dy) = (to.x - from.x, to.y - from.y)
        let length = max((dx * dx + dy * dy).squareRoot(), 1e-6)
        let (ux, uy) = (dx / length, dy / length)
        let half = level * abs(ux) + upright * abs(uy)
        let before = isFirst && !hasRoundEnds ? growth : 0
        let after = isLast && !hasRoundEnds ? growth : 0
        let (a, b) = (
            Point(from.x - ux * before, from.y - uy * before),
            Point(to.x + ux * after, to.y + uy * after)
        )
        let (nx, ny) = (-uy * half, ux * half)
        // Short pieces, so that cloth can bend them.
        let pieces = max(1, Int((length / 0.12).rounded(.up)))
        func along(_ share: Double, _ side: Double) -> Point {
            Point(
                a.x + (b.x - a.x) * share + nx * side, a.y + (b.y - a.y) * share + ny * side)
        }
        var corners = (0...pieces).map { along(Double($0) / Double(pieces), -1) }
        corners += (0...pieces).map { along(1 - Double($0) / Double(pieces), 1) }
        path.append(Path(points: corners))
    }

    /// What fills the gap on the outside of a corner: an ellipse, or a block for square corners.
    private func joint(_ point: Point, to path: inout Path) {
        let sides = 8
        let corners = (0..<sides).map { side -> Point in
            let (x, y) = Self.octagon[side]
            return Point(point.x + x * upright, point.y + y * level)
        }
        path.append(Path(points: corners))
    }

    private static let octagon: [(Double, Double)] = [
        (1, -0.414), (1, 0.414), (0.414, 1), (-0.414, 1), (-1, 0.414), (-1, -0.414),
        (-0.414, -1), (0.414, -1),
    ]
}

extension NumberFont {
    /// How large a number is, in squares of its height: counted on a small drawing.
    ///
    /// - Throws: `ImageError.notDrawable` when memory is exhausted.
    func area(of number: ShirtNumber) throws(ImageError) -> Double {
        let side = 64
        let canvas = try Canvas(width: side * 3, height: side * 2)
        canvas.translate(Double(side) * 1.5, Double(side))
        canvas.scale(Double(side), Double(side))
        canvas.fill(outline(of: number), .black)
        let shown = try canvas.opacities().reduce(0) { $0 + Int($1) }
        return Double(shown) / 255 / Double(side * side)
    }
}
