// Points in the hall and how a camera sees them.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentImages

/// A point or direction in metres: x to the right, y up, z towards the camera.
struct Vector: Sendable, Equatable {
    var x: Double
    var y: Double
    var z: Double

    init(_ x: Double, _ y: Double, _ z: Double) {
        self.x = x
        self.y = y
        self.z = z
    }

    static func + (left: Vector, right: Vector) -> Vector {
        Vector(left.x + right.x, left.y + right.y, left.z + right.z)
    }

    static func - (left: Vector, right: Vector) -> Vector {
        Vector(left.x - right.x, left.y - right.y, left.z - right.z)
    }

    static func * (vector: Vector, factor: Double) -> Vector {
        Vector(vector.x * factor, vector.y * factor, vector.z * factor)
    }

    func dot(_ other: Vector) -> Double { x * other.x + y * other.y + z * other.z }

    func cross(_ other: Vector) -> Vector {
        Vector(
            y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
    }

    var length: Double { dot(self).squareRoot() }

    /// The direction alone; a vector of no length points up.
    var normalized: Vector {
        let length = length
        return length > 1e-9 ? self * (1 / length) : Vector(0, 1, 0)
    }

    func mixed(with other: Vector, _ share: Double) -> Vector {
        self + (other - self) * share
    }

    /// Turned around the vertical axis: positive angles turn what faces the camera to its left,
    /// which is the right of the picture.
    func turned(by angle: Double) -> Vector {
        let (sine, cosine) = (sin(angle), cos(angle))
        return Vector(x * cosine + z * sine, y, -x * sine + z * cosine)
    }
}

/// How a camera that looks down at a player maps the hall to pixels.
struct View: Sendable {
    /// How far it looks down, in radians.
    let pitch: Double
    /// Its distance from the player, in metres; a near camera shows more perspective.
    let distance: Double
    /// Pixels a metre at the player.
    let scale: Double
    /// Where the floor below the player is in the picture.
    var origin = Point(0, 0)

    /// A point as the camera sees it.
    struct Projection {
        let point: Point
        /// Pixels a metre there.
        let scale: Double
        /// Metres towards the camera.
        let depth: Double
    }

    /// The direction towards the camera.
    var towardsCamera: Vector { Vector(0, sin(pitch), cos(pitch)) }

    func project(_ vector: Vector) -> Projection {
        let depth = vector.y * sin(pitch) + vector.z * cos(pitch)
        let up = vector.y * cos(pitch) - vector.z * sin(pitch)
        // What is behind the camera is drawn far outside instead of upside down.
        let local = scale * distance / max(distance - depth, 0.3)
        return Projection(
            point: Point(origin.x + vector.x * local, origin.y - up * local), scale: local,
            depth: depth)
    }

    func point(_ vector: Vector) -> Point { project(vector).point }

    func moved(to origin: Point) -> View {
        var view = self
        view.origin = origin
        return view
    }
}
