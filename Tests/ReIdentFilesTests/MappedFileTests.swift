// Mapped files: pages that are given back leave memory and are read again as they were.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentTestSupport
import Testing

@Suite("Mapped files")
struct MappedFileTests {
    @Test("pages given back are read again as they were", arguments: [1, 4_095, 4_096, 70_001])
    func pagesComeBack(count: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("bytes")
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let file = try MappedFile(path: path)
        for range in [0..<count, count / 3..<count / 2, count..<count] {
            #expect(file.withUnsafeBytes { Array($0) } == bytes)
            file.giveBackPages(in: range)
            file.bytes(in: range).giveBackPages()
        }
        #expect(file.withUnsafeBytes { Array($0) } == bytes)
    }

    #if os(Linux)
        /// Pages of files in this process's memory, in bytes.
        private func residentFileBytes() throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(
                status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
            let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
            return try #require(kilobytes.flatMap { Int($0) }) * 1_024
        }

        @Test("a file that was read and given back holds no memory")
        func memoryIsGivenBack() throws {
            let folder = try TemporaryFolder()
            let path = folder.file("bytes")
            let count = 64 << 20
            try Data(count: count).write(to: URL(fileURLWithPath: path))
            let file = try MappedFile(path: path)
            let sum = file.withUnsafeBytes { bytes in
                stride(from: 0, to: count, by: 1_024).reduce(0) { $0 + Int(bytes[$1]) }
            }
            #expect(sum == 0)
            let read = try residentFileBytes()
            file.giveBackPages(in: 0..<count)
            // Other tests run beside this one; they map nothing half as large.
            #expect(try residentFileBytes() < read - count / 2)
        }
    #endif
}
