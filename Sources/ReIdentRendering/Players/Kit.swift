// What a team wears: everything that team-mates share.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation
public import ReIdentImages

/// The kit of a team.
public struct Kit: Sendable, Equatable {
    /// What is on the shirt besides its colour.
    public enum Pattern: String, Sendable, CaseIterable {
        /// One colour.
        case plain
        /// Several vertical stripes.
        case stripes
        /// Horizontal bands.
        case hoops
        /// Panels along the sides.
        case panels
        /// A band across the chest and back.
        case band
        /// A diagonal band.
        case sash
        /// Shoulders of the second colour.
        case yoke
        /// A colour that fades into the second one.
        case fade

        /// Whether numbers stand on it.
        var isBehindNumbers: Bool {
            switch self {
            case .plain, .panels, .yoke: false
            case .stripes, .hoops, .band, .sash, .fade: true
            }
        }
    }

    /// The cut of the shirt.
    public enum Cut: String, Sendable, CaseIterable {
        /// Without sleeves, as in basketball.
        case tank
        /// With short sleeves, as in handball and football.
        case tee
        /// With short sleeves, wide.
        case loose
    }

    /// A colour and how a caption calls it.
    public struct NamedColor: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// The colour.
        public let color: Color
    }

    /// The shirt's main colour.
    public let shirt: NamedColor
    /// The colour of its pattern and seams.
    public let second: NamedColor
    /// The shorts' colour.
    public let shorts: NamedColor
    /// What is on the shirt.
    public let pattern: Pattern
    /// The shirt's cut.
    public let cut: Cut
    /// The shapes of the digits.
    public let font: NumberFont
    /// The number's colour.
    public let numberColor: Color
    /// The colour of the number's edge, where it has one.
    public let numberEdge: Color?
    /// The edge's width, where digits are 1 high.
    let edgeWidth: Double
    /// The colour of a second edge around the first.
    let outerEdge: Color?
    /// Whether the player's name is above the number on the back.
    public let hasNames: Bool
    /// How strongly a name above the number bends, 0 (straight) to 1.
    let nameArch: Double
    let hasSponsor: Bool
    let hasSideStripe: Bool
    let shortsLength: Double
    let shirtTucked: Bool
    let sockColor: Color
    /// The sponsor's name, as letters that say nothing.
    let sponsor: [Int]

    /// A kit at random.
    ///
    /// - Parameters:
    ///   - fonts: Styles of digits, of which the kit's is a variation; at least one.
    ///   - generator: Decides the rest.
    public init(fonts: [NumberFont] = NumberFont.all, using generator: inout SeededGenerator) {
        precondition(!fonts.isEmpty, "a number is written in some font")
        var details = SeededGenerator(seed: generator.next(), stream: 1)
        shirt = generator.one(of: Self.colors)
        let base = shirt.color
        func differs(_ color: Color, _ least: Double) -> Bool {
            abs(color.luminance - base.luminance) > least
        }
        let seconds = Self.colors.filter { differs($0.color, 0.22) }
        second = generator.one(of: seconds.isEmpty ? Self.colors : seconds)
        shorts = generator.chance(0.65) ? shirt : generator.one(of: [second, Self.colors[1]])
        pattern = generator.one(of: [
            (.plain, 2), (.stripes, 1), (.hoops, 0.8), (.panels, 2), (.band, 0.7), (.sash, 0.6),
            (.yoke, 0.8), (.fade, 0.7),
        ])
        cut = generator.one(of: [(.tank, 3), (.tee, 1.5), (.loose, 0.7)])
        font = generator.one(of: fonts).varied(using: &details)
        let contrast = Self.colors.map(\.color).filter { differs($0, 0.38) }
        let plain = base.luminance > 0.5 ? Color(gray: 0.07) : Color(gray: 0.97)
        numberColor =
            generator.chance(0.55) || contrast.isEmpty ? plain : generator.one(of: contrast)
        let edge = numberColor.luminance > 0.5 ? Color(gray: 0.08) : Color(gray: 0.95)
        // What would be lost in the pattern behind it gets an edge, as on real kits.
        let isLost =
            pattern.isBehindNumbers
            && abs(numberColor.luminance - second.color.luminance) < 0.3
        numberEdge = generator.chance(0.5) || pattern == .stripes || isLost ? edge : nil
        edgeWidth = details.number(0.035, 0.085)
        outerEdge =
            numberEdge != nil && details.chance(0.35)
            ? details.one(of: [numberColor, second.color]) : nil
        hasNames = generator.chance(0.7)
        nameArch = generator.chance(0.4) ? generator.number(0.4, 1) : 0
        hasSponsor = generator.chance(0.7)
        hasSideStripe = generator.chance(0.7)
        shortsLength = cut == .tank ? generator.number(0.72, 0.95) : generator.number(0.55, 0.8)
        shirtTucked = cut == .tank && generator.chance(0.6)
        sockColor = generator.one(of: [
            .white, Color(gray: 0.1), shirt.color, second.color,
        ])
        sponsor = (0..<4 + generator.integer(below: 4)).map { _ in
            generator.integer(below: Lettering.letterCount)
        }
    }

    /// The height of a number's digits, in metres.
    func numberSize(isBack: Bool) -> Double { isBack ? 0.25 : 0.17 }

    /// The colours that kits are made of.
    static let colors: [NamedColor] = [
        NamedColor(name: "white", color: Color(hex: 0xF2F2EE)),
        NamedColor(name: "black", color: Color(hex: 0x1B1B20)),
        NamedColor(name: "red", color: Color(hex: 0xC81E2A)),
        NamedColor(name: "dark red", color: Color(hex: 0x7A1626)),
        NamedColor(name: "blue", color: Color(hex: 0x1F4FB4)),
        NamedColor(name: "navy", color: Color(hex: 0x1A2450)),
        NamedColor(name: "light blue", color: Color(hex: 0x78B7E6)),
        NamedColor(name: "green", color: Color(hex: 0x16804A)),
        NamedColor(name: "yellow", color: Color(hex: 0xF2CC2A)),
        NamedColor(name: "orange", color: Color(hex: 0xEC6E1E)),
        NamedColor(name: "purple", color: Color(hex: 0x5A2D84)),
        NamedColor(name: "grey", color: Color(hex: 0x6E747C)),
        NamedColor(name: "turquoise", color: Color(hex: 0x1E9AA0)),
        NamedColor(name: "pink", color: Color(hex: 0xE4739E)),
    ]

    /// The shirt in words, for example `a white shirt with blue stripes`.
    var words: String {
        "\(shirt.name.first.map("aeiou".contains) == true ? "an" : "a") \(shortWords)"
    }

    /// The shirt in words without an article, for example `white shirt with blue stripes`.
    var shortWords: String {
        switch pattern {
        case .plain: "\(shirt.name) shirt"
        case .stripes: "\(shirt.name) shirt with \(second.name) stripes"
        case .hoops: "\(shirt.name) shirt with \(second.name) hoops"
        case .panels: "\(shirt.name) shirt with \(second.name) side panels"
        case .band: "\(shirt.name) shirt with a \(second.name) band"
        case .sash: "\(shirt.name) shirt with a \(second.name) sash"
        case .yoke: "\(shirt.name) shirt with \(second.name) shoulders"
        case .fade: "\(shirt.name) shirt fading to \(second.name)"
        }
    }
}
