// Who a player is to the eye: what tells team-mates apart.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation
import ReIdentImages

/// One player: a kit that team-mates share, and what is the player's own.
public struct PlayerAppearance: Sendable, Equatable {
    /// Measures of the body.
    public struct Body: Sendable, Equatable {
        /// In metres.
        public let height: Double
        /// Breadth of shoulders and chest, about 1.
        public let breadth: Double
        /// Thickness of arms and legs, about 1.
        public let limbs: Double
    }

    /// The cut of the hair.
    enum HairStyle: String, Sendable, CaseIterable {
        case bald, buzz, short, curly, afro, bun, ponytail, long, topKnot, dreads
    }

    /// What is worn besides the kit; colours are those of the thing.
    struct Accessories: Sendable, Equatable {
        var headband: Color?
        var armSleeve: (side: Int, color: Color)?
        var wristbands: [Color?]
        var legSleeve: (side: Int, color: Color)?
        var kneePad: (side: Int, color: Color)?
        var undershirt: Color?
        var tape: Int?
        var tattoo: (side: Int, strength: Double)?

        static func == (left: Self, right: Self) -> Bool {
            left.headband == right.headband && left.wristbands == right.wristbands
                && left.undershirt == right.undershirt && left.tape == right.tape
                && left.armSleeve?.side == right.armSleeve?.side
                && left.legSleeve?.side == right.legSleeve?.side
                && left.kneePad?.side == right.kneePad?.side
                && left.tattoo?.side == right.tattoo?.side
        }
    }

    /// The team's kit.
    public let kit: Kit
    /// The number on the shirt.
    public let number: ShirtNumber
    /// The body's measures.
    public let body: Body
    let skin: Color
    let hair: Color
    let hairStyle: HairStyle
    let beard: Double
    let shoes: Color
    let shoeAccent: Color
    let sockHeight: Double
    let socks: Color
    let accessories: Accessories
    let name: [Int]

    /// A player at random.
    ///
    /// - Parameters:
    ///   - kit: What the team wears.
    ///   - number: The number on the shirt.
    ///   - generator: Decides everything else.
    public init(kit: Kit, number: ShirtNumber, using generator: inout SeededGenerator) {
        self.kit = kit
        self.number = number
        let build = generator.bell()
        body = Body(
            height: 1.9 + generator.bell() * 0.1, breadth: 1 + build * 0.07,
            limbs: 1 + build * 0.09 + generator.bell() * 0.04)
        let tone = generator.uniform()
        skin = Self.skin(tone)
        let darkHair = tone > 0.45 || generator.chance(0.5)
        hair =
            darkHair
            ? generator.one(of: [Color(hex: 0x16110F), Color(hex: 0x231812), Color(hex: 0x2E2019)])
            : generator.one(of: [
                Color(hex: 0x5B3A21), Color(hex: 0x8A5F34), Color(hex: 0xC9A25C),
                Color(hex: 0x7B3B1C),
            ])
        hairStyle = generator.one(of: [
            (.bald, 1), (.buzz, 2), (.short, 3), (.curly, 1.2), (.afro, 0.8), (.bun, 0.8),
            (.ponytail, 1.3), (.long, 0.7), (.topKnot, 0.5), (.dreads, 0.7),
        ])
        let mayHaveBeard = ![.ponytail, .bun, .long].contains(hairStyle)
        beard = mayHaveBeard && generator.chance(0.5) ? generator.number(0.3, 0.9) : 0
        // Half of a team wears what fits the kit, which tells nobody apart.
        shoes =
            generator.chance(0.55)
            ? generator.one(of: [.white, Color(gray: 0.1), kit.sockColor])
            : generator.one(of: Self.shoeColors)
        shoeAccent = generator.one(of: Self.shoeColors)
        sockHeight = generator.one(of: [0.12, 0.25, 0.4, 0.55, 0.85])
        socks = generator.chance(0.6) ? kit.sockColor : generator.one(of: [.white, .black])
        accessories = Self.accessories(kit, &generator)
        name = (0..<4 + generator.integer(below: 5)).map { _ in
            generator.integer(below: Lettering.letterCount)
        }
    }

    private static let shoeColors = [
        Color(hex: 0xF4F4F4), Color(hex: 0x17171A), Color(hex: 0xD8232E), Color(hex: 0x2260C8),
        Color(hex: 0xF08A24), Color(hex: 0x9BE022), Color(hex: 0xF25CA2), Color(hex: 0x27B7B0),
        Color(hex: 0x888C92), Color(hex: 0x6B3FA0),
    ]

    /// Skin from light (0) to dark (1).
    private static func skin(_ tone: Double) -> Color {
        let tones: [UInt32] = [0xF0C8AC, 0xE0AC88, 0xC98F68, 0xA06A45, 0x74482E, 0x4E3022]
        let place = tone * Double(tones.count - 1)
        let index = min(Int(place), tones.count - 2)
        return Color(hex: tones[index]).mixed(
            with: Color(hex: tones[index + 1]), place - Double(index))
    }

    private static func accessories(
        _ kit: Kit, _ generator: inout SeededGenerator
    ) -> Accessories {
        let colors = [Color(gray: 0.08), Color(gray: 0.95), kit.shirt.color, kit.second.color]
        var result = Accessories(wristbands: [nil, nil])
        if generator.chance(0.16) { result.headband = generator.one(of: colors) }
        if generator.chance(0.22) {
            result.armSleeve = (generator.integer(below: 2), generator.one(of: colors))
        }
        if generator.chance(0.3) {
            result.wristbands[generator.integer(below: 2)] = generator.one(of: colors)
        }
        if generator.chance(0.22) {
            result.legSleeve = (generator.integer(below: 2), generator.one(of: colors))
        }
        if generator.chance(0.18) {
            result.kneePad = (generator.integer(below: 2), generator.one(of: colors))
        }
        if generator.chance(0.15) { result.undershirt = generator.one(of: colors) }
        if generator.chance(0.15) { result.tape = generator.integer(below: 2) }
        if generator.chance(0.25) {
            result.tattoo = (generator.integer(below: 2), generator.number(0.25, 0.55))
        }
        return result
    }
}
