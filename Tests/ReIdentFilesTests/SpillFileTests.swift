// Bytes that wait on the disk: they come back as they went, and no file is ever seen.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentFiles

@Suite("Bytes that wait on the disk")
struct SpillFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("they come back in order, outlive the file that held them, and have no name")
    func roundTrip() throws {
        var spill: SpillFile? = try SpillFile(for: folder.file("out.bin"))
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for start in stride(from: 0, to: bytes.count, by: 70_000) {
            let part = Array(bytes[start..<min(start + 70_000, bytes.count)])
            try part.withUnsafeBytes { try spill?.append($0) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        let found = try #require(try spill?.bytes())
        spill = nil
        #expect(found.withUnsafeBytes { Array($0) } == bytes)
        found.giveBackPages()
        #expect(found.withUnsafeBytes { Array($0) } == bytes)
    }

    @Test("nothing added is no bytes; for a pipe or a device they wait among temporary files")
    func empty() throws {
        #expect(try SpillFile(for: folder.file("out.bin")).bytes().count == 0)
        let device = try SpillFile(for: "/dev/null")
        try [UInt8](repeating: 7, count: 5).withUnsafeBytes { try device.append($0) }
        #expect(try device.bytes().count == 5)
    }

    @Test("a full disk is said of what was to be written")
    func full() throws {
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        // What goes to a device waits among temporary files, which have room.
        let spill = try SpillFile(for: "/dev/full")
        try [UInt8](repeating: 1, count: 9).withUnsafeBytes { try spill.append($0) }
        expectFailure(.cannotWrite, saying: "/dev/full", "disk is full") {
            try SafetensorsWriter.write(
                to: "/dev/full",
                tensors: [
                    .init(name: "t", elementType: .uint8, shape: [9], bytes: spill.bytes())
                ])
        }
    }

    @Test("a folder that is not there is named by the output")
    func failure() {
        expectFailure(.cannotWrite, saying: "missing/out.bin") {
            _ = try SpillFile(for: folder.file("missing/out.bin"))
        }
    }
}
