// Replaces HTML's character references by their characters, in the two ways that CLIP's cleaning
// of texts does it: as browsers and Python's html.unescape do, and as ftfy does (whole references
// only, names in capitals too).
// WHATWG, HTML Living Standard, section "Character reference state"; rspeer/python-ftfy 6.3,
// ftfy.fixes.unescape_html.
//
// SPDX-License-Identifier: MIT

/// The character references of HTML.
enum HTMLEntities {
    /// A text as its Unicode scalars.
    typealias Scalars = [Unicode.Scalar]

    /// Replaces every reference, also those without a semicolon where HTML allows that.
    static func unescaped(_ text: Scalars) -> Scalars {
        replacing(in: text) { text, start in
            text[start] == "#" ? number(text, at: start) : longestName(text, at: start)
        }
    }

    /// Replaces whole references `&name;` of at most 24 letters and digits.
    static func unescapedWhole(_ text: Scalars) -> Scalars {
        replacing(in: text) { text, start in
            let first = text[start] == "#" ? start + 1 : start
            var end = first
            while end < text.count, text[end].isASCIIAlphanumeric { end += 1 }
            guard (1...24).contains(end - first), end < text.count, text[end] == ";" else {
                return nil
            }
            if first == start {
                let name = String(text[first..<end])
                return (names.whole[name] ?? capitals[name]).map { ($0, end + 1) }
            }
            // A number that leaves a rest, such as `&#1a;`, is no reference.
            guard let found = number(text, at: start), found.end == end + 1 else { return nil }
            return found.text.contains(";") ? nil : found
        }
    }

    private typealias Found = (text: Scalars, end: Int)

    /// Asks at every ampersand for what stands there; `start` is the place behind it.
    private static func replacing(
        in text: Scalars, _ find: (_ text: Scalars, _ start: Int) -> Found?
    ) -> Scalars {
        guard text.contains("&") else { return text }
        var result: Scalars = []
        result.reserveCapacity(text.count)
        var place = 0
        while place < text.count {
            if text[place] == "&", place + 1 < text.count, let found = find(text, place + 1) {
                result += found.text
                place = found.end
            } else {
                result.append(text[place])
                place += 1
            }
        }
        return result
    }

    /// `#10;`, `#xA;`, with or without the semicolon.
    private static func number(_ text: Scalars, at start: Int) -> Found? {
        var place = start + 1
        var radix: UInt32 = 10
        if place < text.count, text[place] == "x" || text[place] == "X" {
            radix = 16
            place += 1
        }
        let firstDigit = place
        var value: UInt32 = 0
        while place < text.count, let digit = text[place].digit(radix: radix) {
            value = min(0x11_0000, value * radix + digit)  // what is too large stays too large
            place += 1
        }
        guard place > firstDigit else { return nil }
        if place < text.count, text[place] == ";" { place += 1 }
        return (characters(of: value), place)
    }

    /// The standard's replacements, and nothing for what is no character.
    private static func characters(of value: UInt32) -> Scalars {
        switch value {
        case 0: return ["\u{FFFD}"]
        case 0x0D: return ["\r"]
        case 0x80...0x9F: return [TextCleaning.windows1252(value)]
        case 1...8, 0x0B, 0x0E...0x1F, 0x7F, 0xFDD0...0xFDEF: return []
        default:
            guard let scalar = Unicode.Scalar(value) else { return ["\u{FFFD}"] }
            return value & 0xFFFE == 0xFFFE ? [] : [scalar]
        }
    }

    /// The longest name that the text goes on with, of at most 32 characters.
    private static func longestName(_ text: Scalars, at start: Int) -> Found? {
        var end = start
        while end < text.count, end - start < 32, !text[end].endsName { end += 1 }
        guard end > start else { return nil }
        if end < text.count, text[end] == ";",
            let whole = names.whole[String(text[start..<end])]
        {
            return (whole, end + 1)
        }
        while end >= start + 2 {
            if let found = names.bare[String(text[start..<end])] { return (found, end) }
            end -= 1
        }
        return nil
    }

    /// What the names stand for: all of them, and those that need no semicolon.
    private static let names: (whole: [String: Scalars], bare: [String: Scalars]) = {
        var whole: [String: Scalars] = [:]
        var bare: [String: Scalars] = [:]
        for item in table.split(separator: " ") {
            let parts = item.split(separator: "=")
            let isBare = parts[0].hasSuffix("*")
            let name = String(isBare ? parts[0].dropLast() : parts[0])
            let characters = parts[1].split(separator: "+").compactMap {
                UInt32($0, radix: 16).flatMap(Unicode.Scalar.init)
            }
            whole[name] = characters
            if isBare { bare[name] = characters }
        }
        return (whole, bare)
    }()

    /// Names in capitals whose small letters are a name, where HTML gives them no other meaning.
    private static let capitals: [String: Scalars] = {
        var capitals: [String: Scalars] = [:]
        for (name, characters) in names.whole where name == name.lowercased() {
            let upper = name.uppercased()
            let reference = Scalars("&\(upper);".unicodeScalars)
            guard unescaped(reference) == reference else { continue }
            capitals[upper] = characters.flatMap { $0.properties.uppercaseMapping.unicodeScalars }
        }
        return capitals
    }()
}

extension Unicode.Scalar {
    fileprivate var isASCIIAlphanumeric: Bool {
        switch self {
        case "0"..."9", "a"..."z", "A"..."Z": true
        default: false
        }
    }

    /// Whether a name cannot go on with it.
    fileprivate var endsName: Bool {
        switch self {
        case "\t", "\n", "\u{0C}", " ", "<", "&", "#", ";": true
        default: false
        }
    }

    fileprivate func digit(radix: UInt32) -> UInt32? {
        switch self {
        case "0"..."9": value - 0x30
        case "a"..."f": radix == 16 ? value - 0x57 : nil
        case "A"..."F": radix == 16 ? value - 0x37 : nil
        default: nil
        }
    }
}

extension String {
    fileprivate init(_ scalars: ArraySlice<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self = String(view)
    }
}
