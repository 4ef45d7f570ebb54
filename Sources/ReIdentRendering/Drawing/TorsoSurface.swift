// The surface of a torso: an upright tube of elliptical sections, on which everything of the shirt
// is placed by angle around the body and height along it.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentImages

/// Maps places on a torso to the picture.
struct TorsoSurface {
    private static let levels: [(height: Double, width: Double, depth: Double)] = [
        (-0.22, 0.098, 0.07), (-0.05, 0.1, 0.07), (0.1, 0.093, 0.062), (0.3, 0.088, 0.058),
        (0.5, 0.094, 0.063), (0.7, 0.106, 0.067), (0.82, 0.112, 0.064), (0.91, 0.106, 0.054),
        (0.97, 0.08, 0.042), (1.03, 0.04, 0.034),
    ]

    let skeleton: Skeleton
    let view: View
    let breadth: Double
    private let length: Double
    /// How far folds of the cloth move what is printed on it, and where.
    var folds: (strength: Double, phase: Double, slope: Double) = (0, 0, 0)

    init(skeleton: Skeleton, breadth: Double, view: View) {
        self.skeleton = skeleton
        self.breadth = breadth
        self.view = view
        length = (skeleton.neck - skeleton.pelvis).length
    }

    private func section(_ height: Double) -> (width: Double, depth: Double) {
        let levels = Self.levels
        let tall = skeleton.height
        let index = levels.lastIndex { $0.height <= height } ?? 0
        let (below, above) = (levels[index], levels[min(index + 1, levels.count - 1)])
        let span = above.height - below.height
        let share = span > 0 ? min(max((height - below.height) / span, 0), 1) : 0
        return (
            (below.width + (above.width - below.width) * share) * tall * breadth,
            (below.depth + (above.depth - below.depth) * share) * tall * breadth
        )
    }

    private func axes(_ height: Double) -> (left: Vector, forward: Vector) {
        let share = min(max(height, 0), 1)
        let left = skeleton.hipsLeft.mixed(with: skeleton.shouldersLeft, share).normalized
        return (left, left.cross(skeleton.spine).normalized)
    }

    /// The angle around the body that faces the camera, 0 in front.
    func facingAngle(_ height: Double) -> Double {
        let (left, forward) = axes(height)
        let (width, depth) = section(height)
        let camera = view.towardsCamera
        return atan2(left.dot(camera) / width, forward.dot(camera) / depth)
    }

    /// A place on the surface, or beyond it by a share of its radius.
    func vector(angle: Double, height: Double, beyond: Double = 0) -> Vector {
        let (left, forward) = axes(height)
        let (width, depth) = section(height)
        let reach = 1 + beyond
        return skeleton.pelvis + skeleton.spine * (length * height)
            + left * (width * sin(angle) * reach) + forward * (depth * cos(angle) * reach)
    }

    /// Where a place is in the picture; what faces away lies on the outline.
    ///
    /// - Parameters:
    ///   - center: The middle angle of the thing drawn, which decides on which side of the
    ///     outline its hidden parts lie.
    ///   - offset: The angle from there.
    ///   - height: 0 at the hips, 1 at the neck.
    /// - Returns: Pixels.
    func point(center: Double, offset: Double, height: Double) -> Point {
        let facing = facingAngle(height)
        let relative = Self.wrapped(center - facing) + offset
        let limited = min(max(relative, -.pi / 2), .pi / 2)
        let wave =
            folds.strength
            * sin(height * 14 + offset * folds.slope + folds.phase)
        return view.point(
            vector(angle: facing + limited, height: height + wave * cos(limited)))
    }

    /// The outline between two heights.
    func outline(from bottom: Double, to top: Double, steps: Int = 12) -> Path {
        let heights = (0...steps).map {
            bottom + (top - bottom) * Double($0) / Double(steps)
        }
        var points = heights.map { height in
            view.point(vector(angle: facingAngle(height) - .pi / 2, height: height))
        }
        // Ends of the tube are not seen edge on, as the camera looks down.
        points += arc(at: top, from: -1, to: 1)
        points += heights.reversed().map { height in
            view.point(vector(angle: facingAngle(height) + .pi / 2, height: height))
        }
        points += arc(at: bottom, from: 1, to: -1)
        return Path(points: points)
    }

    private func arc(at height: Double, from start: Double, to end: Double) -> [Point] {
        let facing = facingAngle(height)
        // At the top the far side is seen, at the bottom the near one hides it.
        let far = start < end ? Double.pi : 0
        return (1..<6).map { step in
            let share = start + (end - start) * Double(step) / 6
            let angle = far == 0 ? share * .pi / 2 : .pi - share * .pi / 2
            return view.point(vector(angle: facing + angle, height: height))
        }
    }

    /// A region between two angles and two heights.
    func region(
        center: Double, halfWidth: Double, from bottom: Double, to top: Double
    ) -> Path {
        var points: [Point] = []
        let steps = 8
        for step in 0...steps {
            let share = Double(step) / Double(steps)
            points.append(
                point(center: center, offset: -halfWidth, height: bottom + (top - bottom) * share))
        }
        for step in 0...steps {
            let share = Double(step) / Double(steps) * 2 - 1
            points.append(point(center: center, offset: halfWidth * share, height: top))
        }
        for step in 0...steps {
            let share = Double(step) / Double(steps)
            points.append(
                point(center: center, offset: halfWidth, height: top - (top - bottom) * share))
        }
        for step in 0...steps {
            let share = 1 - Double(step) / Double(steps) * 2
            points.append(point(center: center, offset: halfWidth * share, height: bottom))
        }
        return Path(points: points)
    }

    /// A flat drawing wrapped around the body, its middle at an angle and height.
    ///
    /// - Parameters:
    ///   - path: In units of `size`, y down.
    ///   - center: The angle of its middle.
    ///   - height: The height of its middle, 0 at the hips, 1 at the neck.
    ///   - size: Metres a unit.
    /// - Returns: The path in pixels.
    func wrapped(_ path: Path, center: Double, height: Double, size: Double) -> Path {
        path.mapped { placed($0, center: center, height: height, size: size) }
    }

    /// One point of such a drawing.
    func placed(_ flat: Point, center: Double, height: Double, size: Double) -> Point {
        point(
            center: center, offset: flat.x * size / section(height).width,
            height: height - flat.y * size / length)
    }

    /// How squarely a side faces the camera: 1 fully, 0 seen edge on, below 0 hidden.
    func visibility(of angle: Double, height: Double) -> Double {
        cos(Self.wrapped(angle - facingAngle(height)))
    }

    /// An angle within -π...π.
    static func wrapped(_ angle: Double) -> Double {
        var result = angle.truncatingRemainder(dividingBy: 2 * .pi)
        if result > .pi { result -= 2 * .pi }
        if result < -.pi { result += 2 * .pi }
        return result
    }
}
