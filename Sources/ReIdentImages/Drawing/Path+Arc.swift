// Arcs as Bézier curves, for paths that are bent.
//
// SPDX-License-Identifier: MIT

import Foundation

extension Path {
    /// Appends an arc whose control points went through `move`.
    mutating func addArcAsCurves(
        _ center: Point, _ radius: Double, _ from: Double, _ to: Double, _ move: (Point) -> Point
    ) {
        func onCircle(_ angle: Double, reach: Double = 0) -> Point {
            Point(
                center.x + radius * (cos(angle) - reach * sin(angle)),
                center.y + radius * (sin(angle) + reach * cos(angle)))
        }
        let start = move(onCircle(from))
        if isEmpty { self.move(to: start) } else { line(to: start) }
        let count = max(1, Int(((to - from) / (.pi / 2)).rounded(.up)))
        let step = (to - from) / Double(count)
        let reach = 4.0 / 3 * tan(step / 4)
        for index in 0..<count {
            let begin = from + Double(index) * step
            let end = begin + step
            curve(
                move(onCircle(begin, reach: reach)), move(onCircle(end, reach: -reach)),
                to: move(onCircle(end)))
        }
    }
}
