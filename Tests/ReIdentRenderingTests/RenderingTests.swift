// Crops: the same for the same seed, with masks that fit what is said of them.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import ReIdentImages
import Synchronization
import Testing

@testable import ReIdentRendering

@Suite("Rendering")
struct RenderingTests {
    private static let kit: Kit = {
        var generator = SeededGenerator(seed: 3)
        return Kit(using: &generator)
    }()

    /// A crop of a player alone, filmed from near by a camera of its own.
    private func crop(
        number text: String = "23", yaw: Double, framing: PlayerRenderer.Framing = .player,
        seed: UInt64
    ) throws -> RenderedCrop {
        var generator = SeededGenerator(seed: 11)
        let number = try #require(ShirtNumber(text))
        let player = PlayerAppearance(kit: Self.kit, number: number, using: &generator)
        let pose = Pose(kind: .walk, yaw: yaw, using: &generator)
        var camera = Camera(using: &generator)
        while camera.playerHeight < 170 || camera.shutter > 0.5 {
            camera = Camera(using: &generator)
        }
        return try PlayerRenderer.render(
            player, pose: pose, camera: camera, in: .init(venue: Venue(using: &generator)),
            framing: framing, seed: seed)
    }

    @Test("one after the other or on all cores, a seed gives the same bytes")
    func sameBytes() throws {
        let league = League(.init(players: [.train: 1], imagesPerPlayer: 3, seed: 7))
        let pictures = league.pictures
        let alone = try pictures.map { try league.render($0) }
        let together = Mutex([RenderedCrop?](repeating: nil, count: pictures.count))
        parallelForEach(count: pictures.count) { index in
            let crop = Result { try league.render(pictures[index]) }
            if case .success(let crop) = crop { together.withLock { $0[index] = crop } }
        }
        #expect(together.withLock { $0 } == alone)
        #expect(try alone.map { try $0.jpeg() } == together.withLock { $0 }.map { try $0?.jpeg() })
        #expect(Set(alone.map(\.image.pixels)).count == pictures.count)
    }

    @Test("a number seen from behind can be read; from the side it cannot, and its mask is empty")
    func readable() throws {
        let behind = try crop(yaw: .pi, seed: 1)
        #expect(behind.readableNumber?.text == "23")
        #expect(behind.masks.number.contains(255))
        #expect(behind.caption.contains("23"))
        let side = try crop(yaw: .pi / 2, seed: 1)
        #expect(side.readableNumber == nil)
        #expect(!side.masks.number.contains(255))
        #expect(!side.caption.contains { $0.isNumber })
    }

    @Test("digits lie on the shirt and the shirt on the body; masks have the crop's size")
    func masks() throws {
        let crop = try crop(yaw: 0.2, seed: 2)
        let masks = crop.masks
        #expect(masks.width == crop.image.width && masks.height == crop.image.height)
        #expect(masks.body.count == masks.width * masks.height)
        let shares = [masks.number, masks.shirt, masks.body].map { mask in
            Double(mask.count { $0 > 0 }) / Double(mask.count)
        }
        #expect(shares[0] < shares[1] && shares[1] < shares[2])
        #expect((0.1...0.8).contains(shares[2]))
        #expect(zip(masks.number, masks.shirt).allSatisfy { $0 <= $1 })
        #expect(zip(masks.shirt, masks.body).allSatisfy { $0 <= $1 })
        // What shows somebody else shows nothing of the player.
        #expect(masks.others.count == masks.body.count)
        #expect(zip(masks.others, masks.body).allSatisfy { $0 == 0 || $1 == 0 })
    }

    @Test("another number changes the crop where the digits are, and nearly nowhere else")
    func numbers() throws {
        let (first, second) = (
            try crop(number: "23", yaw: .pi, seed: 4), try crop(number: "88", yaw: .pi, seed: 4)
        )
        #expect(first.image.width == second.image.width)
        var changes = (inside: 0, outside: 0)
        for place in first.masks.shirt.indices {
            let change = (0..<3).contains { channel in
                let index = place * 3 + channel
                return abs(Int(first.image.pixels[index]) - Int(second.image.pixels[index])) > 60
            }
            guard change else { continue }
            if first.masks.shirt[place] > 0 { changes.inside += 1 } else { changes.outside += 1 }
        }
        #expect(changes.inside > 50)
        #expect(changes.outside * 20 < changes.inside)
    }

    @Test("cut to its number, a crop is filled by it, and 00 is not 0")
    func closeUp() throws {
        for (text, seed) in [("00", 1), ("7", 2), ("48", 3)] as [(String, UInt64)] {
            let crop = try crop(number: text, yaw: .pi, framing: .number, seed: seed)
            #expect(crop.readableNumber?.text == text)
            #expect(crop.caption.contains(text))
            let rows = (0..<crop.masks.height).filter { row in
                crop.masks.number[row * crop.masks.width..<(row + 1) * crop.masks.width]
                    .contains(255)
            }
            #expect(rows.count * 10 > crop.masks.height * 4)
            #expect(crop.image.height < 120)
        }
    }

    @Test("captions are worded in several ways, and name a number only if it can be read")
    func captions() throws {
        var generator = SeededGenerator(seed: 11)
        let number = try #require(ShirtNumber("5"))
        let player = PlayerAppearance(kit: Self.kit, number: number, using: &generator)
        let pose = Pose(yaw: .pi, using: &generator)
        for framing in [PlayerRenderer.Framing.player, .number] {
            for shown in [number, nil] {
                let caption = Caption(player, pose: pose, number: shown, framing: framing)
                let texts = (0..<200).map { _ in caption.text(.varied, &generator) }
                #expect(Set(texts).count >= 3)
                #expect(texts.allSatisfy { $0.contains("5") == (shown != nil) })
            }
        }
    }

    @Test("short captions say the number, the shirt or both in fixed words")
    func shortCaptions() throws {
        var generator = SeededGenerator(seed: 12)
        let number = try #require(ShirtNumber("5"))
        let player = PlayerAppearance(kit: Self.kit, number: number, using: &generator)
        let pose = Pose(yaw: .pi, using: &generator)
        let shirt = player.kit.shortWords
        let wanted: [(PlayerRenderer.Framing, ShirtNumber?, CaptionStyle, Set<String>)] = [
            (.number, number, .short, ["5"]), (.number, nil, .short, ["no number"]),
            (.number, number, .shirt, ["5"]), (.player, number, .shirt, [shirt]),
            (.player, number, .short, ["5", shirt, "\(shirt), 5"]),
            (.player, nil, .short, ["no number", shirt]),
        ]
        for (framing, shown, style, texts) in wanted {
            let caption = Caption(player, pose: pose, number: shown, framing: framing)
            let found = (0..<100).map { _ in caption.text(style, &generator) }
            #expect(Set(found) == texts)
        }
    }
}
