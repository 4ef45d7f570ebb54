// Renders crops: a player in a pose, in a venue among others, seen by a camera, cut out as a
// detector would. The same arguments give the same picture.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
public import ReIdentImages

/// Renders pictures of players.
public enum PlayerRenderer {
    /// What is around the player.
    public struct Surroundings: Sendable {
        /// Where the game is played.
        public var venue: Venue
        /// Who may be behind or in front of the player.
        public var others: [PlayerAppearance]

        /// A venue and who else plays; without others the player is alone.
        public init(venue: Venue, others: [PlayerAppearance] = []) {
            self.venue = venue
            self.others = others
        }
    }

    /// Renders one crop.
    ///
    /// - Parameters:
    ///   - player: Whom the crop shows.
    ///   - pose: What the player does; nil for anything.
    ///   - camera: Who films.
    ///   - surroundings: Where, and among whom.
    ///   - seed: Decides everything that is left to chance.
    /// - Returns: The crop, its masks, and what can be read on it.
    /// - Throws: `ImageError.notDrawable` when memory is exhausted.
    public static func render(
        _ player: PlayerAppearance, pose: Pose? = nil, camera: Camera,
        in surroundings: Surroundings,
        seed: UInt64
    ) throws(ImageError) -> RenderedCrop {
        var generator = SeededGenerator(seed: seed, stream: 1)
        let pose = pose ?? Pose(using: &generator)
        let pixels = min(
            max(camera.playerHeight * generator.number(0.8, 1.2), 42), 250)
        // Small pictures are drawn larger and reduced, as an optic does.
        let factor = max(1, Int((240 / pixels).rounded(.up)))
        let view = View(
            pitch: camera.pitch + generator.bell() * 0.03,
            distance: camera.distance * generator.number(0.85, 1.2),
            scale: pixels * Double(factor) / 1.9)
        let subject = PlayerDrawing(
            player, pose: pose, position: Vector(0, 0, 0), view: view,
            light: surroundings.venue.light, seed: seed)
        let frame = Frame(around: subject, factor: factor, &generator)
        let scene = SceneDrawing(
            subject: subject, placed: view.moved(to: frame.origin), frame: frame,
            surroundings: surroundings, seed: seed)
        let painter = try scene.painted(&generator)

        var photograph = Photograph(try painter.color.image(), reducedBy: factor)
        let motion = motion(of: pose, pixels: pixels, camera: camera, &generator)
        photograph.smear(x: motion.x, y: motion.y)
        let blur = camera.blur * generator.number(0.7, 1.3) * (pixels / 150).squareRoot()
        photograph.soften(blur)
        photograph.sharpen(camera.sharpening)
        photograph.develop(camera, exposure: generator.number(0.9, 1.1))
        photograph.addNoise(camera.noise, &generator)

        let map = ShownMap(try painter.map.image(over: .black), reducedBy: factor)
        let digitPixels = 0.25 * pixels / 1.9
        let isSharp = max(abs(motion.x), abs(motion.y)) + 2 * blur < digitPixels * 0.3
        let number = isSharp ? try scene.readableNumber(map, factor: factor) : nil
        return RenderedCrop(
            image: photograph.image(), masks: map.masks(withNumber: number != nil),
            readableNumber: number,
            caption: Caption.text(player, pose: pose, number: number),
            quality: min(95, max(30, camera.quality + Int(generator.bell() * 6))))
    }

    /// How far the player moves while the shutter is open, in pixels.
    private static func motion(
        of pose: Pose, pixels: Double, camera: Camera, _ generator: inout SeededGenerator
    ) -> Point {
        let speeds: [Pose.Kind: Double] = [
            .stand: 0.2, .walk: 0.5, .run: 1.6, .defend: 0.6, .jump: 1.2, .shoot: 0.8,
            .dribble: 1.2, .call: 0.4,
        ]
        let reach = (speeds[pose.kind] ?? 1) * camera.shutter * pixels * 0.022
        let angle = pose.kind == .jump ? 1.4 : generator.bell() * 0.4
        let length = reach * min(abs(generator.bell()), 1.6)
        return Point(length * cos(angle), length * sin(angle))
    }
}

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
}
