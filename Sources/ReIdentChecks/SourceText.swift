// A source file seen as lines of code and lines of comment, so that a rule about code is not
// misled by a word in a string. A lexer just deep enough for that, for Swift and the C family.
//
// SPDX-License-Identifier: MIT

/// A source file, its code and its comments apart, line by line.
struct SourceText: Sendable {
    enum Language: Sendable { case swift, c }

    /// The lines as they are.
    let lines: [String]
    /// The lines with comments and the insides of strings replaced by blanks.
    let code: [String]
    /// The lines with everything but comments replaced by blanks.
    let comments: [String]

    init(_ contents: String, language: Language) {
        var lexer = Lexer(bytes: Array(contents.utf8), language: language)
        lexer.run()
        lines = Self.lines(of: Array(contents.utf8))
        code = Self.lines(of: lexer.code)
        comments = Self.lines(of: lexer.comments)
    }

    /// The code of a line without blanks at its ends.
    func trimmedCode(_ line: Int) -> String { code[line].trimmed }

    /// The text of a line without blanks at its ends.
    func trimmedLine(_ line: Int) -> String { lines[line].trimmed }

    private static func lines(of bytes: [UInt8]) -> [String] {
        bytes.split(separator: .newline, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Walks over a file once and blanks out what is not code, and what is not comment.
private struct Lexer {
    let bytes: [UInt8]
    let language: SourceText.Language
    var code: [UInt8]
    var comments: [UInt8]
    var position = 0

    init(bytes: [UInt8], language: SourceText.Language) {
        self.bytes = bytes
        self.language = language
        code = bytes
        comments = bytes.map { $0 == .newline ? .newline : .blank }
    }

    mutating func run() {
        while position < bytes.count {
            let start = position
            if starts(with: "//") {
                skip { $0 == .newline }
                keepAsComment(from: start)
            } else if starts(with: "/*") {
                skipBlockComment()
                keepAsComment(from: start)
            } else if let hashes = stringOpening() {
                skipString(hashes: hashes)
                blank(from: start)
            } else if language == .c, bytes[position] == UInt8(ascii: "'"), !followsWord(position) {
                skipCharacter()
                blank(from: start)
            } else if language == .swift, opensRegularExpression() {
                skipRegularExpression()
                blank(from: start)
            } else {
                position += 1
            }
        }
    }

    // MARK: Comments

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                // C's comments do not nest.
                depth = language == .c ? 1 : depth + 1
                position += 2
            } else if starts(with: "*/") {
                depth -= 1
                position += 2
            } else {
                position += 1
            }
        } while depth > 0 && position < bytes.count
    }

    private mutating func keepAsComment(from start: Int) {
        for index in start..<min(position, bytes.count) where bytes[index] != .newline {
            comments[index] = bytes[index]
        }
        blank(from: start)
    }

    // MARK: Strings

    /// The number of `#` before a string that begins here; nil when none does.
    private func stringOpening() -> Int? {
        var index = position
        if language == .swift {
            while index < bytes.count, bytes[index] == UInt8(ascii: "#") { index += 1 }
        }
        return index < bytes.count && bytes[index] == .quote ? index - position : nil
    }

    private mutating func skipString(hashes: Int) {
        position += hashes
        let isMultiline = language == .swift && starts(with: "\"\"\"")
        let quotes = isMultiline ? 3 : 1
        let closing =
            [UInt8](repeating: .quote, count: quotes)
            + [UInt8](repeating: UInt8(ascii: "#"), count: hashes)
        let escape = [UInt8.backslash] + [UInt8](repeating: UInt8(ascii: "#"), count: hashes)
        position += quotes
        while position < bytes.count {
            if starts(with: closing) {
                position += closing.count
                return
            }
            if starts(with: escape) {
                position += escape.count
                if language == .swift, starts(with: "(") {
                    skipInterpolation()
                } else {
                    position += 1
                }
            } else if !isMultiline, bytes[position] == .newline {
                return
            } else {
                position += 1
            }
        }
    }

    /// Skips `(...)` inside a string; strings inside it are skipped as strings.
    private mutating func skipInterpolation() {
        var depth = 0
        repeat {
            if let hashes = stringOpening() {
                skipString(hashes: hashes)
                continue
            }
            if starts(with: "(") { depth += 1 }
            if starts(with: ")") { depth -= 1 }
            position += 1
        } while depth > 0 && position < bytes.count
    }

    private mutating func skipCharacter() {
        position += 1
        skip { $0 == UInt8(ascii: "'") || $0 == .newline }
        position += 1
    }

    // MARK: Regular expressions

    /// Whether `/` or `#/` here opens a regular expression rather than dividing.
    private func opensRegularExpression() -> Bool {
        if starts(with: "#/") { return true }
        guard bytes[position] == UInt8(ascii: "/"), position + 1 < bytes.count,
            bytes[position + 1] > .blank
        else { return false }
        var before = position - 1
        while before >= 0, bytes[before] == .blank { before -= 1 }
        guard before < 0 || "(,=:[{!&|?;\n".utf8.contains(bytes[before]) else { return false }
        let rest = bytes[(position + 1)...].prefix { $0 != .newline }
        return rest.contains(UInt8(ascii: "/"))
    }

    private mutating func skipRegularExpression() {
        let isExtended = starts(with: "#/")
        position += isExtended ? 2 : 1
        while position < bytes.count {
            if isExtended ? starts(with: "/#") : starts(with: "/") {
                position += isExtended ? 2 : 1
                return
            }
            if !isExtended, bytes[position] == .newline { return }
            position += bytes[position] == .backslash ? 2 : 1
        }
    }

    // MARK: Helpers

    private func starts(with text: String) -> Bool { starts(with: Array(text.utf8)) }

    private func starts(with text: [UInt8]) -> Bool {
        guard position + text.count <= bytes.count else { return false }
        for (offset, byte) in text.enumerated() where bytes[position + offset] != byte {
            return false
        }
        return true
    }

    /// Whether the byte before is part of a word or number, as in C++'s `1'000`.
    private func followsWord(_ index: Int) -> Bool {
        guard index > 0 else { return false }
        let before = Character(UnicodeScalar(bytes[index - 1]))
        return before.isLetter || before.isNumber
    }

    /// Moves to the next byte of a kind, past those that are escaped.
    private mutating func skip(until isEnd: (UInt8) -> Bool) {
        while position < bytes.count, !isEnd(bytes[position]) {
            position +=
                bytes[position] == .backslash && position + 1 < bytes.count
                    && bytes[position + 1] != .newline ? 2 : 1
        }
    }

    private mutating func blank(from start: Int) {
        position = min(position, bytes.count)
        for index in start..<position where bytes[index] != .newline { code[index] = .blank }
    }
}

extension UInt8 {
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let blank = UInt8(ascii: " ")
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let backslash = UInt8(ascii: "\\")
}

extension StringProtocol {
    /// The text without blanks at its ends.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
