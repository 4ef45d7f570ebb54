// Arms, legs, sleeves and socks: tubes around the line between two joints, shaded as round ones.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentImages

/// A tube between two joints as the camera sees it.
struct LimbShape {
    let start: View.Projection
    let end: View.Projection
    /// The unit vector across the tube in the picture.
    let across: Point
    private let along: Point

    init(_ start: Vector, _ end: Vector, _ view: View) {
        self.start = view.project(start)
        self.end = view.project(end)
        let (a, b) = (self.start.point, self.end.point)
        let length = ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot()
        along =
            length > 0.5 ? Point((b.x - a.x) / length, (b.y - a.y) / length) : Point(0, 1)
        across = Point(-along.y, along.x)
    }

    /// The middle line at a share of the way.
    func middle(_ share: Double) -> Point {
        Point(
            start.point.x + (end.point.x - start.point.x) * share,
            start.point.y + (end.point.y - start.point.y) * share)
    }

    private func scale(_ share: Double) -> Double {
        start.scale + (end.scale - start.scale) * share
    }

    /// The outline of the tube.
    ///
    /// - Parameters:
    ///   - radii: Shares of the way, ascending, and the radius there in metres.
    ///   - roundStart: Whether it begins with half a circle.
    ///   - roundEnd: Whether it ends with one.
    /// - Returns: A closed path in pixels.
    func outline(
        _ radii: [(Double, Double)], roundStart: Bool = true, roundEnd: Bool = true
    ) -> Path {
        guard let first = radii.first, let last = radii.last else { return Path() }
        func edge(_ place: (Double, Double), _ side: Double) -> Point {
            let center = middle(place.0)
            let reach = place.1 * scale(place.0) * side
            return Point(center.x + across.x * reach, center.y + across.y * reach)
        }
        func cap(_ place: (Double, Double), from side: Double) -> [Point] {
            let center = middle(place.0)
            let reach = place.1 * scale(place.0)
            return (1..<6).map { step in
                let angle = Double(step) * .pi / 6
                let (forward, sideways) = (sin(angle) * side, cos(angle) * side)
                return Point(
                    center.x + (across.x * sideways + along.x * forward) * reach,
                    center.y + (across.y * sideways + along.y * forward) * reach)
            }
        }
        let smooth = Self.smoothed(radii)
        var points = smooth.map { edge($0, 1) }
        if roundEnd { points += cap(last, from: 1) }
        points += smooth.reversed().map { edge($0, -1) }
        if roundStart { points += cap(first, from: -1) }
        return Path(points: points)
    }

    /// Shades of a round tube lit from one side.
    ///
    /// - Parameters:
    ///   - color: The colour in full light.
    ///   - radius: In metres, the largest.
    ///   - light: The direction of the light in the picture, x to the right.
    /// - Returns: Paint across the tube, darker at its edges.
    func shading(_ color: Color, radius: Double, light: Double) -> Paint {
        let center = middle(0.5)
        let reach = radius * scale(0.5)
        let bright = 0.5 + 0.24 * light * (across.x >= 0 ? 1 : -1)
        return .linear(
            from: Point(center.x - across.x * reach, center.y - across.y * reach),
            to: Point(center.x + across.x * reach, center.y + across.y * reach),
            stops: [
                .init(0, color.lit(bright > 0.5 ? 0.56 : 0.76)),
                .init(bright, color.lit(1.1)),
                .init(1, color.lit(bright > 0.5 ? 0.76 : 0.56)),
            ])
    }

    /// More places in between, on a smooth curve.
    private static func smoothed(_ radii: [(Double, Double)]) -> [(Double, Double)] {
        guard radii.count > 2 else { return radii }
        var result: [(Double, Double)] = []
        for index in 0..<radii.count - 1 {
            let (a, b) = (radii[index], radii[index + 1])
            let before = index > 0 ? radii[index - 1].1 : a.1
            let after = index + 2 < radii.count ? radii[index + 2].1 : b.1
            for step in 0..<3 {
                let t = Double(step) / 3
                let (t2, t3) = (t * t, t * t * t)
                let radius =
                    0.5
                    * (2 * a.1 + (b.1 - before) * t
                        + (2 * before - 5 * a.1 + 4 * b.1 - after) * t2
                        + (3 * a.1 - before - 3 * b.1 + after) * t3)
                result.append((a.0 + (b.0 - a.0) * t, radius))
            }
        }
        result.append(radii[radii.count - 1])
        return result
    }
}
