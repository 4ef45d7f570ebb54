// What CLIP does to a text before it is cut into words: repairs of ftfy, HTML's character
// references, small letters. White space need not be folded, since words end at any of it.
//
// The steps and their order are those of openai/CLIP@d05afc4, clip/simple_tokenizer.py, which calls
// rspeer/python-ftfy's fix_text with its defaults. One of them is left out on purpose: guessing
// which encoding a text was once misread in.
//
// SPDX-License-Identifier: MIT

import Foundation

/// Cleans texts as CLIP's tokenizer does.
enum TextCleaning {
    private typealias Scalars = [Unicode.Scalar]

    /// A text in small letters without markup and control characters, in UTF-8.
    static func cleaned(_ text: String) -> [UInt8] {
        var text = text
        if let plain = text.withUTF8(plainText) { return plain }
        let repaired = repaired(Scalars(text.unicodeScalars))
        let bare = HTMLEntities.unescaped(HTMLEntities.unescaped(repaired))
        return lowercased(bare)
    }

    /// The text in small letters, if nothing else could change in it; nil otherwise.
    private static func plainText(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        for byte in bytes where !isPlain(byte) { return nil }
        return [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
            for (index, byte) in bytes.enumerated() {
                target[index] = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            }
            count = bytes.count
        }
    }

    /// Printable ASCII and white space, but no ampersand, which may begin a reference.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x26: false
        case 0x20...0x7E, 0x09, 0x0A, 0x0C, 0x0D: true
        default: false
        }
    }

    // MARK: ftfy's repairs

    /// Repairs line by line; references are left alone from the first line with a `<` on.
    private static func repaired(_ text: Scalars) -> Scalars {
        var result: Scalars = []
        var unescapes = true
        for line in text.split(after: "\n") {
            if line.contains("<") { unescapes = false }
            result += repairedLine(Scalars(line), unescapes: unescapes)
        }
        return result
    }

    private static func repairedLine(_ line: Scalars, unescapes: Bool) -> Scalars {
        var text = line
        while true {
            let before = text
            if unescapes { text = HTMLEntities.unescapedWhole(text) }
            var replaced: Scalars = []
            replaced.reserveCapacity(text.count)
            for scalar in text {
                // Most characters stay as they are; an array for each would cost half the time.
                if scalar.isASCII, scalar != "\r" {
                    replaced.append(scalar)
                } else {
                    replaced += replacement(scalar)
                }
            }
            text = composed(withoutTerminalEscapes(replaced).filter { !isControl($0) })
            if text == before { return text }
        }
    }

    /// What stands for one character: C1 controls as Windows reads them, ligatures apart, full
    /// width as usual width, straight quotation marks, one kind of line end.
    private static func replacement(_ scalar: Unicode.Scalar) -> Scalars {
        guard !scalar.isASCII else { return [scalar == "\r" ? "\n" : scalar] }
        switch scalar.value {
        case 0x80...0x9F: return replacementOfQuotes(windows1252(scalar.value))
        case 0x132, 0x133, 0x149, 0x1C4...0x1CC, 0x1F1...0x1F3, 0xFB00...0xFB06:
            return (ligatures[scalar] ?? [scalar]).flatMap(replacementOfQuotes)
        case 0x3000: return [" "]
        case 0xFF01...0xFFEF:
            let text = String(scalar).precomposedStringWithCompatibilityMapping
            return Scalars(text.unicodeScalars)
        case 0x2028, 0x2029: return ["\n"]
        default: return replacementOfQuotes(scalar)
        }
    }

    private static func replacementOfQuotes(_ scalar: Unicode.Scalar) -> Scalars {
        switch scalar.value {
        case 0x02BC, 0x2018...0x201B: ["'"]
        case 0x201C...0x201F: ["\""]
        default: [scalar]
        }
    }

    private static let ligatures: [Unicode.Scalar: Scalars] = [
        "Ĳ": ["I", "J"], "ĳ": ["i", "j"], "ŉ": ["ʼ", "n"], "Ǳ": ["D", "Z"], "ǲ": ["D", "z"],
        "ǳ": ["d", "z"], "Ǆ": ["D", "Ž"], "ǅ": ["D", "ž"], "ǆ": ["d", "ž"], "Ǉ": ["L", "J"],
        "ǈ": ["L", "j"], "ǉ": ["l", "j"], "Ǌ": ["N", "J"], "ǋ": ["N", "j"], "ǌ": ["n", "j"],
        "ﬀ": ["f", "f"], "ﬁ": ["f", "i"], "ﬂ": ["f", "l"], "ﬃ": ["f", "f", "i"],
        "ﬄ": ["f", "f", "l"], "ﬅ": ["ſ", "t"], "ﬆ": ["s", "t"],
    ]

    /// What Windows' code page 1252 has at 0x80...0x9F; itself where it has nothing.
    static func windows1252(_ value: UInt32) -> Unicode.Scalar {
        let page: [UInt32] = [
            0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160,
            0x2039, 0x152, 0x8D, 0x17D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013,
            0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D, 0x17E, 0x178,
        ]
        return Unicode.Scalar(page[Int(value) - 0x80]) ?? "\u{FFFD}"
    }

    /// Removes `ESC [ digits letter`, by which terminals change colours.
    private static func withoutTerminalEscapes(_ text: Scalars) -> Scalars {
        guard text.contains("\u{1B}") else { return text }
        var result: Scalars = []
        var place = 0
        while place < text.count {
            if text[place] == "\u{1B}", let end = endOfEscape(text, at: place) {
                place = end
            } else {
                result.append(text[place])
                place += 1
            }
        }
        return result
    }

    private static func endOfEscape(_ text: Scalars, at start: Int) -> Int? {
        guard start + 1 < text.count, text[start + 1] == "[" else { return nil }
        var place = start + 2
        while place < text.count, text[place] == ";" || text[place].isDecimalDigit { place += 1 }
        guard place < text.count else { return nil }
        switch text[place] {
        case "a"..."z", "A"..."Z": return place + 1
        default: return nil
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...8, 0x0B, 0x0E...0x1F, 0x7F, 0x206A...0x206F, 0xFEFF, 0xFFF9...0xFFFC: true
        default: false
        }
    }

    /// Normalization form C.
    private static func composed(_ text: Scalars) -> Scalars {
        guard text.contains(where: { $0.value >= 0x300 }) else { return text }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text)
        return Scalars(String(view).precomposedStringWithCanonicalMapping.unicodeScalars)
    }

    // MARK: Small letters

    /// Small letters by Unicode's full mapping; a capital sigma at the end of a word is the other
    /// small one.
    private static func lowercased(_ text: Scalars) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 2)
        for (index, scalar) in text.enumerated() {
            if scalar == "Σ" {
                bytes += (isFinal(index, in: text) ? "ς" : "σ").utf8
            } else if scalar.isASCII {
                let byte = UInt8(truncatingIfNeeded: scalar.value)
                bytes.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
            } else {
                bytes += scalar.properties.lowercaseMapping.utf8
            }
        }
        return bytes
    }

    /// Whether a letter stands before and none behind, apart from what does not count as either.
    private static func isFinal(_ index: Int, in text: Scalars) -> Bool {
        let before = text[..<index].last { !$0.properties.isCaseIgnorable }
        let behind = text[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        return before?.properties.isCased == true && behind?.properties.isCased != true
    }
}

extension Unicode.Scalar {
    /// A decimal digit of any script.
    fileprivate var isDecimalDigit: Bool { properties.generalCategory == .decimalNumber }
}

extension Array where Element == Unicode.Scalar {
    /// The parts of the text, each but perhaps the last with the separator at its end.
    fileprivate func split(after separator: Element) -> [ArraySlice<Element>] {
        var parts: [ArraySlice<Element>] = []
        var start = startIndex
        while start < endIndex {
            let end = self[start...].firstIndex(of: separator).map { $0 + 1 } ?? endIndex
            parts.append(self[start..<end])
            start = end
        }
        return parts
    }
}
