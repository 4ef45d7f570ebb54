// The box that a crop is cut to, as a detector of persons or of numbers would set it.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import ReIdentImages

/// The detector's box: how large the picture is and where the player is in it.
struct Frame {
    /// Columns and rows that are drawn; a multiple of the reduction.
    let width: Int
    let height: Int
    /// Where the floor below the player is.
    let origin: Point

    /// A box around a player, somewhat too large, too small or beside, as detectors' are.
    init(around subject: PlayerDrawing, factor: Int, _ generator: inout SeededGenerator) {
        let view = subject.view
        let margin = 0.045 * subject.tall * view.scale
        let points = subject.skeleton.points.map(view.point)
        // The head's joint is its middle.
        let head = view.point(subject.skeleton.head + Vector(0, 0.035 * subject.tall, 0))
        let (xs, ys) = (points.map(\.x), points.map(\.y) + [head.y])
        var left = (xs.min() ?? 0) - margin
        var right = (xs.max() ?? 0) + margin
        var top = (ys.min() ?? 0) - margin
        var bottom = (ys.max() ?? 0) + margin * 0.6
        let (wide, high) = (right - left, bottom - top)
        left -= generator.number(-0.06, 0.16) * wide
        right += generator.number(-0.06, 0.16) * wide
        top -= generator.number(-0.02, 0.08) * high
        bottom += generator.number(-0.02, 0.08) * high
        if generator.chance(0.1) { bottom -= generator.number(0.06, 0.2) * high }
        if generator.chance(0.05) { top += generator.number(0.03, 0.08) * high }
        let shortest = 0.3 * high
        if right - left < shortest {
            let missing = shortest - (right - left)
            left -= missing / 2
            right += missing / 2
        }
        width = max(16, Int((right - left) / Double(factor))) * factor
        height = max(32, Int((bottom - top) / Double(factor))) * factor
        origin = Point(-left, -top)
    }

    /// A box around the number on the side that faces the camera, about as wide as those of
    /// detectors of numbers.
    init(aroundNumberOf subject: PlayerDrawing, factor: Int, _ generator: inout SeededGenerator) {
        let place = subject.numberPlace(isBack: subject.pose.isBack)
        let font = subject.appearance.kit.font
        let half = font.width(of: subject.appearance.number) / 2
        let across = [-half, 0, half].flatMap { x in [-0.5, 0, 0.5].map { Point(x, $0) } }
        let points = across.map { flat in
            subject.torso.placed(
                flat, center: place.center, height: place.height, size: place.size)
        }
        let (xs, ys) = (points.map(\.x), points.map(\.y))
        var (left, right) = (xs.min() ?? 0, xs.max() ?? 0)
        var (top, bottom) = (ys.min() ?? 0, ys.max() ?? 0)
        let high = bottom - top
        left -= generator.number(-0.02, 0.38) * high
        right += generator.number(-0.02, 0.38) * high
        top -= generator.number(-0.02, 0.55) * high
        bottom += generator.number(-0.02, 0.55) * high
        width = max(10, Int((right - left) / Double(factor))) * factor
        height = max(10, Int((bottom - top) / Double(factor))) * factor
        origin = Point(-left, -top)
    }
}
