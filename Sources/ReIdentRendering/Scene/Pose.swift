// How a player stands: angles of the joints, and poses as they occur in ball games.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentFoundation

/// Angles of a body's joints in radians, and which way it faces.
public struct Pose: Sendable, Equatable {
    /// What a player is doing.
    public enum Kind: String, Sendable, CaseIterable {
        /// Upright, arms hanging or at the hips.
        case stand
        /// One step after the other.
        case walk
        /// A wide stride with bent arms.
        case run
        /// Low, knees bent, arms spread.
        case defend
        /// In the air, arms up.
        case jump
        /// Both arms raised to throw.
        case shoot
        /// Bent forward over a bouncing ball.
        case dribble
        /// One arm stretched out or up.
        case call
    }

    /// One leg's angles.
    struct Leg: Sendable, Equatable {
        var swing = 0.0
        var spread = 0.08
        var knee = 0.1
    }

    /// One arm's angles.
    struct Arm: Sendable, Equatable {
        var raise = 0.0
        var spread = 0.15
        var elbow = 0.25
        var turnIn = 0.0
    }

    /// What the player is doing.
    public var kind: Kind
    /// Which way the player faces: 0 to the camera, π away from it, π/2 to the right.
    public var yaw: Double
    var lean = 0.05
    var tilt = 0.0
    var twist = 0.0
    var look = 0.0
    var nod = 0.0
    var airborne = 0.0
    var legs = [Leg(), Leg()]
    var arms = [Arm(), Arm()]
    var holdsBall = false

    /// A pose at random.
    ///
    /// - Parameters:
    ///   - kind: What the player is doing; nil for any.
    ///   - yaw: Which way the player faces; nil for any, with front and back more often than sides.
    ///   - generator: Decides the rest.
    public init(kind: Kind? = nil, yaw: Double? = nil, using generator: inout SeededGenerator) {
        let weights: [(Kind, Double)] = [
            (.stand, 2), (.walk, 2), (.run, 3), (.defend, 2), (.jump, 0.8), (.shoot, 0.8),
            (.dribble, 1.5), (.call, 0.9),
        ]
        self.kind = kind ?? generator.one(of: weights)
        let ways: [(Double, Double)] = [(0, 3), (.pi, 3), (.pi / 2, 1.1), (-.pi / 2, 1.1)]
        self.yaw = yaw ?? generator.one(of: ways) + generator.bell() * 0.42
        twist = generator.bell() * 0.16
        tilt = generator.bell() * 0.05
        look = generator.bell() * 0.45
        nod = generator.bell() * 0.12
        move(&generator)
        for side in 0..<2 {
            arms[side].raise += generator.bell() * 0.1
            arms[side].elbow += abs(generator.bell()) * 0.12
            legs[side].swing += generator.bell() * 0.05
        }
    }

    /// A pose in which the number is seen from not too far aside, leaning to any side.
    ///
    /// - Parameter generator: Decides the pose.
    init(showingNumber generator: inout SeededGenerator) {
        let side = generator.chance(0.5) ? 0 : Double.pi
        let yaw = side + generator.bell() * 0.5
        self.init(yaw: yaw, using: &generator)
        tilt = generator.bell() * 0.16
    }

    /// Whether the back is turned to the camera.
    var isBack: Bool { abs(TorsoSurface.wrapped(yaw)) > .pi / 2 }

    private mutating func move(_ generator: inout SeededGenerator) {
        let lead = generator.integer(below: 2)
        let other = 1 - lead
        switch kind {
        case .stand:
            if generator.chance(0.25) {
                for side in 0..<2 {
                    arms[side] = Arm(raise: -0.35, spread: 0.75, elbow: 1.2, turnIn: 0.9)
                }
            } else if generator.chance(0.3) {
                arms[lead] = Arm(raise: 0.3, spread: 0.1, elbow: 1.5, turnIn: 0.5)
            }
            legs[lead].swing = generator.number(0, 0.15)
            legs[0].spread = generator.number(0.04, 0.2)
            legs[1].spread = generator.number(0.04, 0.2)
        case .walk:
            stride(
                lead, generator.number(0.2, 0.42), armSwing: 0.9, elbow: 0.35, knee: 0.35)
            lean = 0.07
        case .run:
            stride(
                lead, generator.number(0.5, 0.95), armSwing: 0.9,
                elbow: generator.number(1.0, 1.7), knee: generator.number(0.8, 1.5))
            lean = generator.number(0.12, 0.32)
            airborne = generator.chance(0.4) ? generator.number(0.02, 0.12) : 0
        case .defend:
            let bend = generator.number(0.5, 0.95)
            lean = generator.number(0.3, 0.6)
            for side in 0..<2 {
                legs[side] = Leg(
                    swing: bend, spread: generator.number(0.25, 0.5),
                    knee: bend * generator.number(1.5, 1.9))
                arms[side] = Arm(
                    raise: generator.number(0.3, 1.1), spread: generator.number(0.4, 1.0),
                    elbow: generator.number(0.4, 1.1))
            }
        case .jump:
            airborne = generator.number(0.15, 0.6)
            for side in 0..<2 {
                legs[side] = Leg(
                    swing: generator.number(-0.2, 0.5), spread: 0.1,
                    knee: generator.number(0.3, 1.2))
                arms[side] = Arm(
                    raise: generator.number(1.8, 2.9), spread: 0.2,
                    elbow: generator.number(0.1, 0.7))
            }
            if generator.chance(0.4) { arms[other] = Arm(raise: 0.5, spread: 0.6, elbow: 0.8) }
            holdsBall = generator.chance(0.4)
        case .shoot:
            lean = -0.03
            airborne = generator.chance(0.6) ? generator.number(0.05, 0.4) : 0
            for side in 0..<2 {
                arms[side] = Arm(
                    raise: generator.number(2.2, 2.7), spread: 0.15,
                    elbow: generator.number(0.2, 1.0), turnIn: 0.3)
                legs[side].knee = generator.number(0.1, 0.4)
                legs[side].swing = legs[side].knee * 0.4
            }
            holdsBall = true
        case .dribble:
            stride(
                lead, generator.number(0.25, 0.6), armSwing: 0.4, elbow: 0.9,
                knee: generator.number(0.6, 1.0))
            lean = generator.number(0.2, 0.5)
            arms[other] = Arm(raise: 0.5, spread: 0.3, elbow: 0.5)
            holdsBall = true
        case .call:
            legs[lead].swing = 0.2
            legs[lead].knee = 0.3
            arms[lead] = Arm(
                raise: generator.number(0.6, 2.8), spread: generator.number(0.4, 1.3),
                elbow: generator.number(0, 0.5))
        }
    }

    private mutating func stride(
        _ lead: Int, _ angle: Double, armSwing: Double, elbow: Double, knee: Double
    ) {
        legs[lead] = Leg(swing: angle, spread: 0.05, knee: angle * 0.7)
        legs[1 - lead] = Leg(swing: -angle * 0.55, spread: 0.05, knee: knee)
        arms[lead] = Arm(raise: -angle * armSwing, spread: 0.2, elbow: elbow)
        arms[1 - lead] = Arm(raise: angle * armSwing, spread: 0.2, elbow: elbow, turnIn: 0.3)
    }
}
