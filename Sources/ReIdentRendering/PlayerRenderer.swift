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

    /// What a crop is cut to.
    public enum Framing: Sendable {
        /// The whole player, as a detector of persons cuts.
        case player
        /// The number on the shirt, as a detector of numbers cuts.
        case number
    }

    /// Renders one crop.
    ///
    /// - Parameters:
    ///   - player: Whom the crop shows.
    ///   - pose: What the player does; nil for anything.
    ///   - camera: Who films.
    ///   - surroundings: Where, and among whom.
    ///   - framing: What the crop is cut to; of a number's crops, chance decides how large its
    ///     digits are, 11 to 50 pixels, and a pose of chance turns front or back to the camera.
    ///   - captions: How the crop is put into words.
    ///   - seed: Decides everything that is left to chance.
    /// - Returns: The crop, its masks, and what can be read on it.
    /// - Throws: `ImageError.notDrawable` when memory is exhausted.
    public static func render(
        _ player: PlayerAppearance, pose: Pose? = nil, camera: Camera,
        in surroundings: Surroundings, framing: Framing = .player,
        captions: CaptionStyle = .varied, seed: UInt64
    ) throws(ImageError) -> RenderedCrop {
        var generator = SeededGenerator(seed: seed, stream: 1)
        var near = SeededGenerator(seed: seed, stream: 2)
        let pose =
            pose ?? (framing == .player ? Pose(using: &generator) : Pose(showingNumber: &near))
        let digits = player.kit.numberSize(isBack: pose.isBack)
        let pixels: Double
        switch framing {
        case .player:
            pixels = min(max(camera.playerHeight * generator.number(0.8, 1.2), 42), 250)
        case .number: pixels = near.number(11, 50, .logarithmic) / digits * 1.9
        }
        // Small pictures are drawn larger and reduced, as an optic does.
        let factor = max(framing == .number ? 2 : 1, Int((240 / pixels).rounded(.up)))
        let view = View(
            pitch: camera.pitch + generator.bell() * 0.03,
            distance: camera.distance * generator.number(0.85, 1.2),
            scale: pixels * Double(factor) / 1.9)
        let subject = PlayerDrawing(
            player, pose: pose, position: Vector(0, 0, 0), view: view,
            light: surroundings.venue.light, seed: seed)
        let frame =
            framing == .player
            ? Frame(around: subject, factor: factor, &generator)
            : Frame(aroundNumberOf: subject, factor: factor, &near)
        let scene = SceneDrawing(
            subject: subject, placed: view.moved(to: frame.origin), frame: frame,
            surroundings: surroundings, seed: seed)
        let painter = try scene.painted(&generator)

        var photograph = Photograph(try painter.color.image(), reducedBy: factor)
        let digitPixels = digits * pixels / 1.9
        var motion = motion(of: pose, pixels: pixels, camera: camera, &generator)
        var blur = camera.blur * generator.number(0.7, 1.3) * (pixels / 150).squareRoot()
        if framing == .number {
            // Who cuts numbers out leaves those that are gone in motion.
            motion = Point(motion.x * 0.4, motion.y * 0.4)
            blur += digitPixels * near.number(0, 0.07)
        }
        photograph.smear(x: motion.x, y: motion.y)
        photograph.soften(blur)
        photograph.sharpen(camera.sharpening * (framing == .number ? near.number(0.5, 2.5) : 1))
        photograph.develop(camera, exposure: generator.number(0.9, 1.1))
        photograph.addNoise(camera.noise, &generator)

        let map = ShownMap(try painter.map.image(over: .black), reducedBy: factor)
        let isSharp = max(abs(motion.x), abs(motion.y)) + 2 * blur < digitPixels * 0.3
        let image = photograph.image()
        let number =
            isSharp ? try scene.readableNumber(map, in: image, factor: factor) : nil
        return RenderedCrop(
            image: image, masks: map.masks(withNumber: number != nil),
            readableNumber: number,
            caption: Caption(player, pose: pose, number: number, framing: framing)
                .text(captions, &generator),
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
