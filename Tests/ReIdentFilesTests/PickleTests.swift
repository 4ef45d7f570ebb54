// Pickles: what state dicts are made of is read as data, everything else is refused by its name,
// and nothing a small file says can cost much memory or time.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

/// Instructions of a pickle, to be joined.
private enum Instructions {
    static let start: [UInt8] = [0x80, 0x02]
    static let stop = Array(".".utf8)

    static func global(_ module: String, _ name: String) -> [UInt8] {
        Array("c\(module)\n\(name)\n".utf8)
    }

    static func text(_ text: String) -> [UInt8] {
        [0x58] + withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian, Array.init) + text.utf8
    }
}

@Suite("Pickles")
struct PickleTests {
    private func read(
        _ instructions: [UInt8], limits: PickleReader.Limits = .standard
    ) throws -> Pickle {
        try PickleReader(
            Instructions.start + instructions + Instructions.stop, name: "p.pt", limits: limits
        ).read()
    }

    @Test("plain values are read as they are")
    func plainValues() throws {
        let values: [([UInt8], PickleValue)] = [
            (Array("N".utf8), .none), ([0x88], .boolean(true)), ([0x89], .boolean(false)),
            ([0x4B, 200], .integer(200)), ([0x4D, 1, 2], .integer(513)),
            ([0x4A, 0xFE, 0xFF, 0xFF, 0xFF], .integer(-2)), ([0x8A, 1, 0xFF], .integer(-1)),
            ([0x8A, 8, 0, 0, 0, 0, 0, 0, 0, 0x80], .integer(.min)), ([0x8A, 0], .integer(0)),
            ([0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0x80, 0], .opaque),
            ([0x47, 0xC0, 0x04, 0, 0, 0, 0, 0, 0], .number(-2.5)),
            (Instructions.text("name"), .text("name")), ([0x43, 2, 1, 2], .opaque),
        ]
        for (instructions, expected) in values {
            #expect(try read(instructions).root == expected)
        }
    }

    @Test(
        "names that no state dict needs are refused by name",
        arguments: [
            ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "getattr"),
            ("subprocess", "Popen"), ("torch", "load"), ("torch.hub", "load"),
            ("torch._utils", "_rebuild_wrapper_subclass"), ("collections", "OrderedDict.__init__"),
            ("numpy", "load"), ("pickle", "loads"), ("__main__", "Model"),
        ])
    func otherNamesAreRefused(module: String, name: String) {
        let command = Instructions.text("touch /tmp/x") + [0x85, 0x52]
        let stacked = Instructions.text(module) + Instructions.text(name) + [0x93]
        let instance = Array("(i\(module)\n\(name)\n".utf8)
        for call in [Instructions.global(module, name), stacked, instance] {
            expectFailure(.badData, saying: "p.pt", "'\(module).\(name)'", "Nothing of it was run")
            {
                _ = try read(call + command)
            }
        }
    }

    @Test("the oldest form of a malicious pickle, without a protocol, is refused by name too")
    func protocolZero() {
        expectFailure(.badData, saying: "'os.system'") {
            _ = try PickleReader(Array("cos\nsystem\n(S'id'\ntR.".utf8), name: "p.pt").read()
        }
    }

    @Test("a list may contain itself, and a value be nested without end")
    func recursion() throws {
        // ] put 0, get 0, append: a list whose only element is the list.
        let pickle = try read([0x5D, 0x71, 0, 0x68, 0, 0x61])
        #expect(pickle.node(pickle.root) == .list([pickle.root]))
        let deep = try read([0x29] + [UInt8](repeating: 0x85, count: 500_000))
        #expect(deep.nodes.count == 500_001)
    }

    @Test("more values than any model has are refused before they are kept")
    func tooManyValues() {
        var limits = PickleReader.Limits.standard
        limits.values = 1000
        expectFailure(.badData, saying: "more than 1000 values") {
            _ = try read([UInt8](repeating: 0x29, count: 1001), limits: limits)
        }
        expectFailure(.badData, saying: "more than 1000 values") {  // put aside over and over
            _ = try read([0x4E] + (0..<1000).flatMap { _ in [0x94] }, limits: limits)
        }
        expectFailure(.badData, saying: "at most 1000 are read") {
            limits.bytes = 1000
            _ = try read([UInt8](repeating: 0x4E, count: 1001), limits: limits)
        }
    }

    @Test(
        "lengths beyond the end are refused",
        arguments: [
            [0x58, 0xFF, 0xFF, 0xFF, 0x7F],  // a text of 2 GiB
            [0x8D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x8E, 0, 0, 0, 0, 0, 0, 0, 0x7F], [0x8B, 0, 0, 0, 0x40], [0x47, 1, 2], [0x63, 0x6F],
        ] as [[UInt8]])
    func lengthsBeyondTheEnd(instructions: [UInt8]) {
        expectFailure(.badData, saying: "p.pt", "ends inside") {
            _ = try PickleReader(Instructions.start + instructions, name: "p.pt").read()
        }
    }

    @Test("a place of the memo may be any number and takes no room for those before it")
    func farMemo() throws {
        let pickle = try read([
            0x4E, 0x72, 0xFF, 0xFF, 0xFF, 0xFF, 0x30, 0x6A, 0xFF, 0xFF, 0xFF, 0xFF,
        ])
        #expect(pickle.root == .none)
    }

    @Test(
        "instructions that make no sense are refused",
        arguments: [
            [0x61], [0x65], [0x74], [0x75, 0x2E], [0x52], [0x81], [0x62], [0x51], [0x30], [0x32],
            [0x86], [0x28], [0x4E, 0x4E], [0x7D, 0x28, 0x4E, 0x75], [0x4E, 0x4E, 0x61],
            [0x68, 9], [0x80, 6], [0x82, 1], [0xFF], [0x4E, 0x4E, 0x52], [0x28, 0x30],
            [0x58, 1, 0, 0, 0, 0xFF], [0x4E, 0x51],
        ] as [[UInt8]])
    func nonsense(instructions: [UInt8]) {
        expectFailure(.badData, saying: "p.pt") { _ = try read(instructions) }
    }

    @Test("a damaged pickle is refused or read, and never more")
    func damage() throws {
        let archive = try ZipArchive(path: Fixtures.path("parts.pt"))
        let whole = try archive.read("parts/data.pkl")
        var refused = 0
        for seed in UInt64(0)..<400 {
            var generator = SeededGenerator(seed: seed)
            var bytes = whole
            for _ in 0...generator.integer(below: 3) {
                bytes[generator.integer(below: bytes.count)] =
                    UInt8(truncatingIfNeeded: generator.next())
            }
            do {
                _ = try PickleReader(bytes, name: "p.pt").read()
            } catch {
                #expect(error.kind == .badData, "seed \(seed): \(error)")
                refused += 1
            }
        }
        #expect(refused > 100)
    }
}
