// Files packed by gzip: whole, in parts, cut, damaged, and larger than allowed.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles
import ReIdentFoundation
import Testing

@Suite("Gzip")
struct GzipTests {
    /// `gzip` of "number 23\n" thirty times.
    private static let packed: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0x2B, 0xCD, 0x4D,
        0x4A, 0x2D, 0x52, 0x30, 0x32, 0xE6, 0xCA, 0x1B, 0x65, 0x11, 0x60, 0x01, 0x00, 0x6A,
        0x20, 0x54, 0xBA, 0x2C, 0x01, 0x00, 0x00,
    ]
    private static let text = Array(String(repeating: "number 23\n", count: 30).utf8)

    @Test("a packed file, and several one behind the other, are unpacked")
    func whole() throws {
        #expect(GzipFile.isRecognized(Self.packed))
        #expect(try GzipFile.contents(of: Self.packed, path: "F") == Self.text)
        let twice = Self.packed + Self.packed
        #expect(try GzipFile.contents(of: twice, path: "F") == Self.text + Self.text)
    }

    @Test("a file cut anywhere is refused")
    func cut() {
        for length in 2..<Self.packed.count {
            expectFailure(.badData, saying: "F", "Copy or download it again") {
                _ = try GzipFile.contents(of: Array(Self.packed[..<length]), path: "F")
            }
        }
    }

    @Test("a file with a changed byte of its contents or checksum is refused")
    func damaged() {
        for place in 10..<Self.packed.count {
            var bytes = Self.packed
            bytes[place] ^= 0x55
            expectFailure(.badData, saying: "F", "again") {
                _ = try GzipFile.contents(of: bytes, path: "F")
            }
        }
    }

    @Test("a file that is not packed, and one that unpacks to more than allowed, are refused")
    func others() {
        expectFailure(.badData, saying: "is not packed by gzip") {
            _ = try GzipFile.contents(of: Array("number 23".utf8), path: "F")
        }
        expectFailure(.badData, saying: "when unpacked") {
            _ = try GzipFile.contents(of: Self.packed, path: "F", limit: 299)
        }
        #expect(throws: Never.self) {
            try GzipFile.contents(of: Self.packed, path: "F", limit: 300)
        }
    }
}
