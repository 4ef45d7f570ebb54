// Points, rectangles and paths: the shapes that a canvas draws. Units are pixels, y points down.
//
// SPDX-License-Identifier: MIT

/// A point of the plane, in pixels from the top left corner.
public struct Point: Sendable, Hashable {
    /// To the right.
    public var x: Double
    /// Down.
    public var y: Double

    /// A point by its coordinates, in pixels.
    public init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}

/// A rectangle with real corners, in pixels.
public struct Rectangle: Sendable, Hashable {
    /// The left edge.
    public var left: Double
    /// The top edge.
    public var top: Double
    /// From the left edge to the right one, not negative.
    public var width: Double
    /// From the top edge to the bottom one, not negative.
    public var height: Double

    /// A rectangle by its corner and size, in pixels.
    public init(left: Double, top: Double, width: Double, height: Double) {
        self.left = left
        self.top = top
        self.width = width
        self.height = height
    }

    /// The middle.
    public var center: Point { Point(left + width / 2, top + height / 2) }
}

/// A shape made of lines and curves, independent of any canvas.
public struct Path: Sendable, Hashable {
    /// One step of the pen.
    enum Step: Sendable, Hashable {
        case move(Point)
        case line(Point)
        case curve(Point, Point, to: Point)
        case arc(center: Point, radius: Double, from: Double, to: Double)
        case close
    }

    private(set) var steps: [Step] = []

    /// An empty path.
    public init() {}

    /// Straight lines through points.
    ///
    /// - Parameters:
    ///   - points: The corners, in order.
    ///   - isClosed: Whether a last line leads back to the first one.
    public init(points: [Point], isClosed: Bool = true) {
        for (index, point) in points.enumerated() {
            steps.append(index == 0 ? .move(point) : .line(point))
        }
        if isClosed, !points.isEmpty { steps.append(.close) }
    }

    /// The outline of a rectangle, with round corners if a radius in pixels is given.
    public init(_ rectangle: Rectangle, cornerRadius: Double = 0) {
        let (left, top) = (rectangle.left, rectangle.top)
        let (right, bottom) = (left + rectangle.width, top + rectangle.height)
        guard cornerRadius > 0 else {
            self = Path(points: [
                Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom),
            ])
            return
        }
        let radius = min(cornerRadius, rectangle.width / 2, rectangle.height / 2)
        let corners = [
            Point(right - radius, top + radius), Point(right - radius, bottom - radius),
            Point(left + radius, bottom - radius), Point(left + radius, top + radius),
        ]
        for (index, corner) in corners.enumerated() {
            let start = Double(index - 1) * .pi / 2
            arc(center: corner, radius: radius, from: start, to: start + .pi / 2)
        }
        close()
    }

    /// An ellipse by its middle and half its width and height, in pixels.
    public init(ellipse center: Point, _ halfWidth: Double, _ halfHeight: Double) {
        // Four curves; this factor keeps them within 0.03% of the ellipse.
        let bend = 0.5522847498
        let (x, y) = (center.x, center.y)
        move(to: Point(x + halfWidth, y))
        curve(
            Point(x + halfWidth, y + bend * halfHeight),
            Point(x + bend * halfWidth, y + halfHeight), to: Point(x, y + halfHeight))
        curve(
            Point(x - bend * halfWidth, y + halfHeight),
            Point(x - halfWidth, y + bend * halfHeight), to: Point(x - halfWidth, y))
        curve(
            Point(x - halfWidth, y - bend * halfHeight),
            Point(x - bend * halfWidth, y - halfHeight), to: Point(x, y - halfHeight))
        curve(
            Point(x + bend * halfWidth, y - halfHeight),
            Point(x + halfWidth, y - bend * halfHeight), to: Point(x + halfWidth, y))
        close()
    }

    /// Whether nothing was drawn yet.
    public var isEmpty: Bool { steps.isEmpty }

    /// Lifts the pen and sets it down at a point.
    public mutating func move(to point: Point) { steps.append(.move(point)) }

    /// Draws a straight line to a point.
    public mutating func line(to point: Point) { steps.append(.line(point)) }

    /// Draws a cubic Bézier curve with two control points.
    public mutating func curve(_ first: Point, _ second: Point, to end: Point) {
        steps.append(.curve(first, second, to: end))
    }

    /// Draws a part of a circle, clockwise as seen on the screen, after a line to its beginning.
    ///
    /// - Parameters:
    ///   - center: The circle's middle.
    ///   - radius: In pixels.
    ///   - from: The angle of the beginning in radians, 0 to the right, clockwise.
    ///   - to: The angle of the end, not below `from`.
    public mutating func arc(center: Point, radius: Double, from: Double, to: Double) {
        steps.append(.arc(center: center, radius: radius, from: from, to: to))
    }

    /// Draws a straight line back to where the pen was set down.
    public mutating func close() { steps.append(.close) }

    /// Adds all of another path.
    public mutating func append(_ other: Path) { steps += other.steps }

    /// The path with every point moved by a function, for example to bend it; arcs become curves.
    ///
    /// Lines stay straight between their moved ends.
    public func mapped(_ move: (Point) -> Point) -> Path {
        var result = Path()
        for step in steps {
            switch step {
            case .move(let point): result.move(to: move(point))
            case .line(let point): result.line(to: move(point))
            case .curve(let first, let second, let end):
                result.curve(move(first), move(second), to: move(end))
            case .arc(let center, let radius, let from, let to):
                result.addArcAsCurves(center, radius, from, to, move)
            case .close: result.close()
            }
        }
        return result
    }
}
