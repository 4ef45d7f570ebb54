// Cuts a cleaned text into CLIP's words: marks of start and end, English endings behind an
// apostrophe, runs of letters, single digits, runs of anything else but white space.
// The pattern of openai/CLIP@d05afc4, clip/simple_tokenizer.py, read by hand.
//
// SPDX-License-Identifier: MIT

/// Finds the words of a text in UTF-8, one after another.
struct WordSplitter {
    /// What a character is to the pattern.
    private enum Kind: UInt8 {
        case space, letter, number, other
    }

    /// One character and where the next begins.
    private typealias Step = (kind: Kind, next: Int)

    private let text: UnsafeBufferPointer<UInt8>
    private var place = 0

    /// A text in small letters, of valid UTF-8.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    /// The bytes of the next word; nil at the end of the text.
    mutating func next() -> Range<Int>? {
        var step: Step = (.space, place)
        while step.kind == .space {
            place = step.next
            guard place < text.count else { return nil }
            step = character(at: place)
        }
        let start = place
        place = end(of: step, from: start)
        return start..<place
    }

    private func end(of first: Step, from start: Int) -> Int {
        switch first.kind {
        case .number, .space: return first.next
        case .letter: return endOfRun(of: .letter, from: first.next)
        case .other:
            if text[start] == 0x3C {
                for mark in Self.marks {
                    if let end = end(of: mark, from: start) { return end }
                }
            } else if text[start] == 0x27 {
                for ending in Self.endings {
                    if let end = end(of: ending, from: start) { return end }
                }
            }
            return endOfRun(of: .other, from: first.next)
        }
    }

    private func endOfRun(of kind: Kind, from start: Int) -> Int {
        var end = start
        while end < text.count {
            let step = character(at: end)
            guard step.kind == kind else { break }
            end = step.next
        }
        return end
    }

    /// Where a fixed text ends that begins here; the pattern ignores case, so ſ counts as an s.
    private func end(of fixed: [UInt8], from start: Int) -> Int? {
        var place = start
        for byte in fixed {
            guard place < text.count else { return nil }
            if text[place] == byte {
                place += 1
            } else if byte == 0x73, place + 1 < text.count, text[place] == 0xC5,
                text[place + 1] == 0xBF
            {
                place += 2
            } else {
                return nil
            }
        }
        return place
    }

    private static let marks = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.utf8) }
    private static let endings = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
        Array($0.utf8)
    }

    private func character(at place: Int) -> Step {
        let byte = text[place]
        guard byte >= 0x80 else {
            return (Self.kindsOfASCII[Int(byte)], place + 1)
        }
        let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
        var value = UInt32(byte) & (0x7F >> UInt32(length))
        for offset in 1..<length { value = value << 6 | UInt32(text[place + offset] & 0x3F) }
        return (Self.kind(of: Unicode.Scalar(value) ?? "\u{FFFD}"), place + length)
    }

    private static let kindsOfASCII: [Kind] = (0..<128).map { kind(of: Unicode.Scalar($0)) }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        let properties = scalar.properties
        if properties.isWhitespace { return .space }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return .letter
        case .decimalNumber, .letterNumber, .otherNumber: return .number
        default: return .other
        }
    }
}
