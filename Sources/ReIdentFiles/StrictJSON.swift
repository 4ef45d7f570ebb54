// A strict reader of JSON (RFC 8259) that, unlike Foundation's, refuses a key given twice: two
// entries of one name in a file's header would let two readers see different tensors.
//
// SPDX-License-Identifier: MIT

/// One JSON value; objects keep the order of their keys.
public enum StrictJSON: Equatable, Sendable {
    /// Keys with values, in the order of the text; no key comes twice.
    case object([Member])
    /// Values in their order.
    case array([StrictJSON])
    /// A text, without escapes.
    case string(String)
    /// A number without fraction and exponent that fits 64 bits.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// True or false.
    case bool(Bool)
    /// Nothing.
    case null

    /// One key of an object with its value.
    public struct Member: Equatable, Sendable {
        /// The key.
        public let key: String
        /// Its value.
        public let value: StrictJSON
    }

    /// Where the text stops being JSON, and what is wrong there.
    public struct Problem: Error, Equatable {
        /// Bytes before that place.
        public let offset: Int
        /// What is wrong, as the end of a sentence.
        public let reason: String
    }

    /// The value of a key, or nil if this is no object or has no such key.
    ///
    /// - Complexity: O(keys).
    public subscript(key: String) -> StrictJSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The values of a list, or nil if this is none.
    public var elements: [StrictJSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The text, or nil if this is none.
    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number, whole or not, or nil if this is none.
    public var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    /// Reads one value that fills `bytes`; white space around it is allowed.
    ///
    /// - Throws: `Problem` where the text stops being JSON.
    public static func parse(_ bytes: UnsafeRawBufferPointer) throws(Problem) -> StrictJSON {
        var parser = StrictJSONParser(bytes: bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.problem("text after the end") }
        return value
    }
}

/// A cursor over the bytes of a JSON text.
private struct StrictJSONParser {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    private static let deepest = 32

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    func problem(_ reason: String) -> StrictJSON.Problem {
        StrictJSON.Problem(offset: position, reason: reason)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    mutating func value(depth: Int) throws(StrictJSON.Problem) -> StrictJSON {
        guard depth < Self.deepest else { throw problem("values nested too deeply") }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case nil: throw problem("the text ends too early")
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(StrictJSON.Problem) -> StrictJSON {
        position += 1
        var members: [StrictJSON.Member] = []
        var keys: Set<String> = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw problem("a key is missing") }
            let key = try string()
            guard keys.insert(key).inserted else { throw problem("the key '\(key)' comes twice") }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw problem("':' is missing") }
            position += 1
            members.append(.init(key: key, value: try value(depth: depth + 1)))
            if try endsList(with: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(StrictJSON.Problem) -> StrictJSON {
        position += 1
        var elements: [StrictJSON] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            elements.append(try value(depth: depth + 1))
            if try endsList(with: UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    /// Takes a comma, or the closing bracket and says so.
    private mutating func endsList(with bracket: UInt8) throws(StrictJSON.Problem) -> Bool {
        skipSpace()
        let byte = current
        guard byte == UInt8(ascii: ",") || byte == bracket else {
            throw problem("',' or '\(Character(UnicodeScalar(bracket)))' is missing")
        }
        position += 1
        return byte == bracket
    }

    private mutating func literal(
        _ word: StaticString, _ value: StrictJSON
    ) throws(StrictJSON.Problem) -> StrictJSON {
        let text = word.description.utf8
        guard position + text.count <= bytes.count,
            bytes[position..<position + text.count].elementsEqual(text)
        else { throw problem("not a JSON value") }
        position += text.count
        return value
    }

    private mutating func number() throws(StrictJSON.Problem) -> StrictJSON {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        skipDigits()
        guard position > firstDigit else { throw problem("not a JSON value") }
        guard bytes[firstDigit] != UInt8(ascii: "0") || position == firstDigit + 1 else {
            throw problem("a number begins with 0")
        }
        var isWhole = true
        if current == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            guard skipDigits() > 0 else { throw problem("digits are missing after '.'") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isWhole = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw problem("digits are missing in the exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            throw problem("the number \(text) is out of range")
        }
        return .number(number)
    }

    @discardableResult
    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = current, byte >= 0x30 && byte <= 0x39 { position += 1 }
        return position - start
    }

    private mutating func string() throws(StrictJSON.Problem) -> String {
        position += 1
        let start = position
        var unescaped: [UInt8]?  // only texts with a backslash are copied byte by byte
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                let raw = UnsafeRawBufferPointer(rebasing: bytes[start..<position - 1])
                let text =
                    if let unescaped {
                        String(validating: unescaped, as: UTF8.self)
                    } else {
                        String(validating: raw, as: UTF8.self)
                    }
                guard let text else { throw problem("a text is not UTF-8") }
                return text
            case UInt8(ascii: "\\"):
                var copied = unescaped ?? Array(bytes[start..<position - 1])
                try appendEscape(to: &copied)
                unescaped = copied
            case 0..<0x20:
                throw problem("a control character inside a text")
            default:
                unescaped?.append(byte)
            }
        }
        throw problem("a text has no closing quote")
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(StrictJSON.Problem) {
        guard let byte = current else { throw problem("the text ends too early") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code), current == UInt8(ascii: "\\") {
                position += 1
                guard current == UInt8(ascii: "u") else { throw problem("half a surrogate pair") }
                position += 1
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else {
                    throw problem("half a surrogate pair")
                }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = UnicodeScalar(code) else { throw problem("half a surrogate pair") }
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw problem("an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(StrictJSON.Problem) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(UnicodeScalar(byte)).hexDigitValue
            else { throw problem("four hexadecimal digits are missing after \\u") }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}
