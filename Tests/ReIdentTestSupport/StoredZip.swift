// Writes small zip archives for tests, without compression, so that tests can also damage them.
// Layout: PKWARE APPNOTE 6.3, local headers, central directory, end record.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A zip archive for a test.
public struct StoredZip {
    private var contents: [UInt8] = []
    private var directory: [UInt8] = []
    private var count: UInt16 = 0

    /// Creates an empty archive.
    public init() {}

    /// Appends a file, or a folder if the name ends in a slash.
    ///
    /// - Parameters:
    ///   - name: Its name with folders.
    ///   - bytes: Its contents.
    ///   - isEncrypted: Whether it claims to be encrypted.
    ///   - claimedSize: The unpacked size it claims, if it is not to be the true one.
    public mutating func add(
        _ name: String, _ bytes: [UInt8], isEncrypted: Bool = false, claimedSize: UInt32? = nil
    ) {
        let size = UInt32(bytes.count)
        let common: [UInt8] =
            little(UInt16(isEncrypted ? 0x0801 : 0x0800)) + little(UInt16(0))
            + little(UInt32(0x0021_0000)) + little(Self.checksum(bytes)) + little(size)
            + little(claimedSize ?? size) + little(UInt16(name.utf8.count)) + little(UInt16(0))
        let offset = UInt32(contents.count)
        contents += little(UInt32(0x0403_4B50)) + little(UInt16(20)) + common
        contents += Array(name.utf8) + bytes
        directory += little(UInt32(0x0201_4B50)) + little(UInt16(20)) + little(UInt16(20)) + common
        directory += little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0))
        directory += little(UInt32(0)) + little(offset) + Array(name.utf8)
        count += 1
    }

    /// The archive's bytes.
    public var bytes: [UInt8] {
        contents + directory + little(UInt32(0x0605_4B50)) + little(UInt16(0)) + little(UInt16(0))
            + little(count) + little(count) + little(UInt32(directory.count))
            + little(UInt32(contents.count)) + little(UInt16(0))
    }

    /// Writes the archive.
    public func write(to path: String) throws {
        try Data(bytes).write(to: URL(filePath: path))
    }

    private func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian, Array.init)
    }

    /// CRC-32 as zip uses it.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { state, byte in
            (0..<8).reduce(state ^ UInt32(byte)) { rest, _ in
                (rest >> 1) ^ (rest & 1 == 1 ? 0xEDB8_8320 : 0)
            }
        }
    }
}
