// Reads comma-separated values byte by byte: fast enough for matrices of 10,000 columns, strict
// enough to name the line of a fault. Format: RFC 4180, with LF or CRLF and an optional UTF-8 mark.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A cursor over the records of a text of comma-separated values.
///
/// It refers to memory it does not own: use it only inside the `withUnsafeBytes` that gave the
/// bytes.
public struct CSVScanner {
    /// One field of a record, as a range of the text.
    public struct Field: Sendable, Equatable {
        /// Where the field's contents lie, without enclosing quotes.
        public let range: Range<Int>
        /// Whether it was quoted and holds doubled quotes, which stand for one.
        public let hasDoubledQuotes: Bool
    }

    /// The number of the line on which the latest record began, counted from 1.
    public private(set) var line = 0

    private let bytes: UnsafeRawBufferPointer
    private let path: String
    private let separator: UInt8
    private var position = 0
    private var nextLine = 1

    /// Begins at the first record.
    ///
    /// - Parameters:
    ///   - bytes: The text, UTF-8; a mark at its beginning is skipped.
    ///   - path: The file's name for messages.
    ///   - separator: The byte between two fields.
    public init(
        bytes: UnsafeRawBufferPointer, path: String, separator: UInt8 = UInt8(ascii: ",")
    ) {
        self.bytes = bytes
        self.path = path
        self.separator = separator
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// Takes the next record; empty lines are passed over.
    ///
    /// - Parameter fields: Replaced by the record's fields, at least one.
    /// - Returns: False at the end of the text; `fields` is empty then.
    /// - Throws: `FileError` of kind `badData`, naming the line, if a quote is not closed or is
    ///   followed by something other than a separator.
    public mutating func next(into fields: inout [Field]) throws(FileError) -> Bool {
        fields.removeAll(keepingCapacity: true)
        while position < bytes.count {
            line = nextLine
            if endLine() { continue }
            while true {
                fields.append(try field())
                guard position < bytes.count, bytes[position] == separator else {
                    if !endLine(), position < bytes.count {
                        throw .badData(
                            path, "line \(line): text follows a closing quote directly.")
                    }
                    return true
                }
                position += 1
            }
        }
        return false
    }

    /// The text of a field.
    ///
    /// - Throws: `FileError` of kind `badData`, naming the line, if it is not UTF-8.
    public func text(_ field: Field) throws(FileError) -> String {
        let raw = UnsafeRawBufferPointer(rebasing: bytes[field.range])
        guard let text = String(validating: raw, as: UTF8.self) else {
            throw .badData(path, "line \(line): is not UTF-8 text. Save the file as UTF-8.")
        }
        return field.hasDoubledQuotes ? text.replacing("\"\"", with: "\"") : text
    }

    /// The number in a field, or nil if it holds none; spaces around it are allowed.
    ///
    /// The nearest double, as `strtod` gives it.
    public func number(_ field: Field) -> Double? {
        var start = field.range.lowerBound
        var end = field.range.upperBound
        while start < end, bytes[start] == 0x20 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 { end -= 1 }
        if let value = Self.plainDecimal(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) {
            return value
        }
        guard start < end else { return nil }
        return Double(String(decoding: bytes[start..<end], as: UTF8.self))
    }

    /// The number in a field read as a whole number, or nil.
    public func integer(_ field: Field) -> Int? {
        Int(String(decoding: bytes[field.range], as: UTF8.self))
    }

    /// Passes a line ending, and says whether there was one.
    private mutating func endLine() -> Bool {
        guard position < bytes.count else { return false }
        var after = position
        if bytes[after] == 0x0D { after += 1 }
        if after < bytes.count, bytes[after] == 0x0A {
            after += 1
        } else if after == position {
            return false
        }
        position = after
        nextLine += 1
        return true
    }

    private mutating func field() throws(FileError) -> Field {
        if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { return try quoted() }
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == separator || byte == 0x0A || byte == 0x0D { break }
            position += 1
        }
        return Field(range: start..<position, hasDoubledQuotes: false)
    }

    private mutating func quoted() throws(FileError) -> Field {
        position += 1
        let start = position
        var hasDoubledQuotes = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                guard position + 1 < bytes.count, bytes[position + 1] == byte else {
                    position += 1
                    return Field(range: start..<position - 1, hasDoubledQuotes: hasDoubledQuotes)
                }
                hasDoubledQuotes = true
                position += 1
            } else if byte == 0x0A {
                nextLine += 1
            }
            position += 1
        }
        throw .badData(path, "line \(line): a quote is opened and never closed.")
    }

    /// A number such as `0.53125`, of at most 15 digits and without exponent.
    ///
    /// Digits and power of ten are then exact doubles, so one division rounds correctly (Clinger,
    /// PLDI 1990).
    private static func plainDecimal(_ text: UnsafeRawBufferPointer) -> Double? {
        var index = 0
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative { index = 1 }
        var digits = 0
        var places = 0
        var mantissa = 0
        var seenPoint = false
        while index < text.count {
            let byte = text[index]
            if byte >= 0x30 && byte <= 0x39 {
                mantissa = mantissa &* 10 &+ Int(byte &- 0x30)
                digits &+= 1
                if seenPoint { places &+= 1 }
            } else if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else {
                return nil
            }
            index &+= 1
        }
        guard digits > 0, digits <= 15 else { return nil }
        let magnitude = Double(mantissa) / powersOfTen[places]
        return isNegative ? -magnitude : magnitude
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]
}
