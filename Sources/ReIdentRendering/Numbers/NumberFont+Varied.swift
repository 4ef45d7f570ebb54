// Fonts like a given one: no two kits of a hall have quite the same digits.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

extension NumberFont {
    /// The same style with other proportions and other forms of single digits.
    ///
    /// - Parameter generator: Decides all of it.
    /// - Returns: A font of the same name.
    func varied(using generator: inout SeededGenerator) -> NumberFont {
        let bold = generator.number(0.82, 1.2)
        let corner: Corner =
            switch corner {
            case .sharp: .sharp
            case .cut(let length): .cut(length * generator.number(0.75, 1.25))
            case .round(let radius): .round(radius * generator.number(0.8, 1.25))
            }
        return NumberFont(
            name: name, corner: corner, width: width * generator.number(0.74, 1.12),
            upright: upright * bold * generator.number(0.94, 1.06),
            level: level * bold * generator.number(0.94, 1.06), hasRoundEnds: hasRoundEnds,
            hasSerifs: hasSerifs, slant: slant + generator.bell() * 0.03,
            forms: Lettering.digits.map { generator.integer(below: $0.count) },
            spacing: generator.number(0.96, 1.12))
    }

    /// The fonts of some names.
    ///
    /// - Parameter names: Names of fonts of `all`.
    /// - Returns: The fonts in the order of `all`; nil if a name is none.
    public static func named(_ names: [String]) -> [NumberFont]? {
        guard names.allSatisfy({ name in all.contains { $0.name == name } }) else { return nil }
        return all.filter { names.contains($0.name) }
    }
}
