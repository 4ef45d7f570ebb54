// Where the joints of a player are, from body measures and pose.
//
// SPDX-License-Identifier: MIT

import Foundation

/// The joints of one player in the hall; sides are the player's own, left first.
struct Skeleton: Sendable {
    /// An arm or leg from the body outwards.
    struct Limb: Sendable {
        var root: Vector
        var middle: Vector
        var tip: Vector
        var end: Vector
    }

    let height: Double
    let pelvis: Vector
    let neck: Vector
    let head: Vector
    let legs: [Limb]
    let arms: [Limb]
    /// The player's left, forward, at hips and shoulders.
    let hipsLeft: Vector
    let shouldersLeft: Vector
    let spine: Vector
    let headYaw: Double
    let headNod: Double

    /// The joints of a player.
    ///
    /// - Parameters:
    ///   - body: Height and breadth.
    ///   - pose: Angles.
    ///   - position: Where on the floor.
    init(body: PlayerAppearance.Body, pose: Pose, position: Vector) {
        let tall = body.height
        height = tall
        let yaw = pose.yaw
        let hips = Vector(1, 0, 0)
        let shoulders = Vector(1, 0, 0).turned(by: pose.twist)
        let up = Vector(
            sin(pose.tilt), cos(pose.lean) * cos(pose.tilt), sin(pose.lean) * cos(pose.tilt))

        // The body's own frame: x to its left, z forward; the pelvis is the origin.
        let legs = pose.legs.enumerated().map { side, leg -> Limb in
            let outwards = side == 0 ? 1.0 : -1.0
            let root = hips * (outwards * 0.052 * tall) + Vector(0, -0.015 * tall, 0)
            let spread = outwards * leg.spread
            let thigh = Vector(
                sin(spread), -cos(leg.swing) * cos(spread), sin(leg.swing) * cos(spread))
            let angle = leg.swing - leg.knee
            let shin = Vector(
                sin(spread * 0.7), -cos(angle) * cos(spread), sin(angle) * cos(spread))
            let knee = root + thigh * (0.245 * tall)
            let ankle = knee + shin * (0.235 * tall)
            // A foot lies flat on the floor, and points down behind a bent knee.
            let drop = max(0, min(1.1, -angle - 0.15))
            let toe =
                ankle
                + Vector(outwards * 0.3 + spread * 0.3, -sin(drop) - 0.2, cos(drop)).normalized
                * (0.092 * tall)
            return Limb(root: root, middle: knee, tip: ankle, end: toe)
        }
        let neck = up * (0.292 * tall)
        let arms = pose.arms.enumerated().map { side, arm -> Limb in
            let outwards = side == 0 ? 1.0 : -1.0
            let rise = max(0, min(1, (arm.raise - 1) / 1.5)) * 0.042
            let root =
                neck + shoulders * (outwards * 0.1 * tall * body.breadth)
                + up * ((rise - 0.042) * tall)
            let spread = outwards * arm.spread
            let upper = Vector(
                sin(spread), -cos(arm.raise) * cos(spread), sin(arm.raise) * cos(spread)
            ).turned(by: pose.twist)
            let angle = arm.raise + arm.elbow
            let inwards = outwards * (arm.spread * 0.6 - arm.turnIn)
            let lower = Vector(
                sin(inwards), -cos(angle) * cos(inwards), sin(angle) * cos(inwards)
            ).turned(by: pose.twist)
            let elbow = root + upper * (0.163 * tall)
            let wrist = elbow + lower * (0.145 * tall)
            return Limb(root: root, middle: elbow, tip: wrist, end: wrist + lower * (0.055 * tall))
        }
        let lowest = legs.flatMap { [$0.tip.y - 0.035 * tall, $0.end.y] }.min() ?? 0
        let base = Vector(0, -lowest + pose.airborne, 0)
        func placed(_ point: Vector) -> Vector {
            (point + base).turned(by: yaw) + position
        }
        func placed(_ limb: Limb) -> Limb {
            Limb(
                root: placed(limb.root), middle: placed(limb.middle), tip: placed(limb.tip),
                end: placed(limb.end))
        }
        pelvis = placed(Vector(0, 0, 0))
        self.neck = placed(neck)
        let nod = pose.nod + pose.lean * 0.5
        head = placed(neck + Vector(0, cos(nod) * 0.087 * tall, (0.012 + sin(nod) * 0.09) * tall))
        self.legs = legs.map(placed)
        self.arms = arms.map(placed)
        hipsLeft = hips.turned(by: yaw)
        shouldersLeft = shoulders.turned(by: yaw)
        spine = (self.neck - pelvis).normalized
        headYaw = yaw + pose.twist + pose.look
        headNod = nod
    }

    /// All joints, for the box around the player.
    var points: [Vector] {
        (legs + arms).flatMap { [$0.root, $0.middle, $0.tip, $0.end] } + [pelvis, neck, head]
    }
}
