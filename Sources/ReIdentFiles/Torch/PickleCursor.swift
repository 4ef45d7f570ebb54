// Walks over the bytes of a pickle; every length is held against what is left.
//
// SPDX-License-Identifier: MIT

/// A place in the bytes of a pickle.
struct PickleCursor {
    let bytes: [UInt8]
    /// The file, for messages.
    let name: String
    private(set) var position = 0

    init(bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    mutating func byte() throws(FileError) -> UInt8 {
        guard position < bytes.count else { throw ended() }
        position += 1
        return bytes[position - 1]
    }

    /// A little-endian number of up to 8 bytes.
    mutating func number(_ size: Int) throws(FileError) -> UInt64 {
        guard bytes.count - position >= size else { throw ended() }
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(bytes[position + index]) << (8 * index) }
        position += size
        return value
    }

    /// A number that counts something; one of more than 63 bits counts nothing that exists.
    mutating func count(_ size: Int) throws(FileError) -> Int {
        guard let count = Int(exactly: try number(size)) else { throw ended() }
        return count
    }

    mutating func take(_ count: Int) throws(FileError) -> ArraySlice<UInt8> {
        guard count <= bytes.count - position else { throw ended() }
        position += count
        return bytes[position - count..<position]
    }

    mutating func text(_ count: Int) throws(FileError) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw .badData(
                name,
                "has a text that is not UTF-8 (byte \(position) of the pickle). It is no file of "
                    + "weights, or a damaged one.")
        }
        return text
    }

    /// A whole number of `count` bytes in two's complement; one of more than 64 bits is opaque.
    mutating func long(_ count: Int) throws(FileError) -> PickleValue {
        let digits = try take(count)
        guard let last = digits.last else { return .integer(0) }
        guard count <= 8 else { return .opaque }
        var value: UInt64 = last >= 0x80 ? .max : 0
        for digit in digits.reversed() { value = value << 8 | UInt64(digit) }
        return .integer(Int(bitPattern: UInt(value)))
    }

    /// The text up to the end of the line, whose mark is taken away too.
    mutating func line() throws(FileError) -> String {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
            throw ended()
        }
        let line = try text(end - position)
        position += 1
        return line
    }

    private func ended() -> FileError {
        .badData(name, "ends inside its pickle. Was a download or copy cut short?")
    }
}
