// The file of an index: what is written is read, and nothing damaged or foreign is believed.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentMetrics
import ReIdentTestSupport
import Testing

@testable import ReIdentIndex

@Suite("Index files")
struct VectorIndexTests {
    private let origin = IndexOrigin(
        texts: [
            "model": "0123abcd", "precision": "fp32", "preprocess": "letterbox", "tokens": "all",
            "flip_average": "false",
        ], package: "/models/one")

    private func index(_ count: Int = 5, seed: UInt64 = 1) throws -> VectorIndex {
        try VectorIndex(
            entries: (0..<count).map {
                .init(path: "/gallery/\($0).png", identity: $0 == 2 ? nil : "player \($0)")
            }, vectors: unitVectors(count, 8, seed: seed), origin: origin)
    }

    private func values(_ index: VectorIndex) throws -> [Float] {
        try index.vectors.withValues { Array($0) }
    }

    @Test("what is written is read", arguments: [0, 1, 5])
    func roundTrip(count: Int) throws {
        let folder = try TemporaryFolder()
        let written = try index(count)
        try written.write(to: folder.file("g.index"))
        let read = try VectorIndex.open(folder.file("g.index"))
        #expect(read.entries == written.entries)
        #expect(read.origin == origin)
        #expect(try values(read) == values(written))
        #expect(throws: FileError.self) { try read.write(to: folder.file("g.index")) }
        try read.write(to: folder.file("g.index"), force: true)
    }

    @Test("a changed byte anywhere is noticed")
    func damage() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("g.index")
        try index().write(to: path)
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        for position in bytes.indices {
            var changed = bytes
            changed[position] ^= 0x10
            try Data(changed).write(to: URL(filePath: path))
            let error = #expect(throws: IndexError.self, "byte \(position)") {
                try VectorIndex.open(path)
            }
            #expect(error?.kind == .badData, "byte \(position)")
        }
    }

    @Test("a file cut anywhere is refused")
    func cut() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("g.index")
        try index().write(to: path)
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        for count in stride(from: 0, to: bytes.count, by: 7) {
            try Data(bytes.prefix(count)).write(to: URL(filePath: path))
            #expect(throws: IndexError.self) { try VectorIndex.open(path) }
        }
    }

    @Test("a header that lies is refused, whatever its checksum")
    func lies() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("g.index")
        try index(2).write(to: path)
        let sound = try SafetensorsFile(path: path)
        let vectors = try sound.floats("embeddings")
        let cases: [(change: [String: String?], said: String)] = [
            (["format": "other"], "no index"), (["format": nil], "no index"),
            (["version": "2"], "version '2'"), (["version": nil], "no 'version'"),
            (["paths": "[\"/a\"]"], "1 paths"), (["paths": "[\"/a\",\"/a\"]"], "comes twice"),
            (["paths": "[1,2]"], "no JSON list"), (["paths": "["], "no JSON list"),
            (["identities": "[null]"], "1 identities"), (["identities": "{}"], "no JSON list"),
            (["model": nil], "no 'model'"), (["model": "ffff"], "checksum"),
            (["digest": "00"], "checksum"), (["digest": nil], "no 'digest'"),
            (["package": "/elsewhere"], "checksum"),
        ]
        for (change, said) in cases {
            var texts = sound.metadata
            for (name, text) in change { texts[name] = text }
            try SafetensorsWriter.write(
                to: path,
                tensors: [.init(name: "embeddings", shape: [2, 8], values: vectors)],
                metadata: texts, force: true)
            let error = #expect(throws: IndexError.self, "\(change)") {
                try VectorIndex.open(path)
            }
            #expect(error?.kind == .badData)
            #expect(error?.description.contains(said) == true, "\(error?.description ?? "")")
        }
        for (name, shape) in [
            ("vectors", [2, 8]), ("embeddings", [16]), ("embeddings", [2, 4, 2]),
        ] {
            try SafetensorsWriter.write(
                to: path, tensors: [.init(name: name, shape: shape, values: vectors)],
                metadata: sound.metadata, force: true)
            #expect(throws: IndexError.self) { try VectorIndex.open(path) }
        }
    }

    @Test("vectors that are not of unit length are neither written nor read", arguments: [2, 0])
    func length(factor: Float) throws {
        let folder = try TemporaryFolder()
        let long = try EmbeddingMatrix(
            values: unitVectors(2, 8, seed: 1).withValues { $0.map { $0 * factor } }, count: 2,
            dimension: 8)
        let wrong = VectorIndex(
            soundEntries: [.init(path: "/a", identity: nil), .init(path: "/b", identity: nil)],
            vectors: long, origin: origin)
        #expect(throws: IndexError.self) { try wrong.write(to: folder.file("g.index")) }
        let infinite = try EmbeddingMatrix(
            values: [.nan, 0, .infinity, 0], count: 2, dimension: 2)
        let worse = VectorIndex(
            soundEntries: wrong.entries, vectors: infinite, origin: origin)
        #expect(throws: IndexError.self) { try worse.write(to: folder.file("g.index")) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test("a path that comes again replaces the image in its place")
    func replace() throws {
        var changed = try index(3)
        let new = try unitVectors(3, 8, seed: 9)
        let counts = try changed.put(
            [
                .init(path: "/gallery/1.png", identity: "other"),
                .init(path: "/new", identity: nil), .init(path: "/new", identity: "last"),
            ], vectors: new)
        #expect(counts.added == 1 && counts.replaced == 1)
        #expect(changed.entries.map(\.path).suffix(2) == ["/gallery/2.png", "/new"])
        #expect(changed.entries[1].path == "/gallery/1.png")
        #expect(changed.entries[1].identity == "other")
        #expect(changed.entries[3].identity == "last")
        let (all, added) = (try values(changed), try new.withValues { Array($0) })
        #expect(all[8..<16] == added[0..<8])
        #expect(all[24..<32] == added[16..<24])
    }

    @Test("files and folders are removed by their paths; an unknown one changes nothing")
    func remove() throws {
        var changed = try index()
        let before = try values(changed)
        let error = #expect(throws: IndexError.self) {
            try changed.remove(["/gallery/1.png", "/gallery/9.png"], source: "g.index")
        }
        #expect(error?.kind == .inputNotFound)
        #expect(error?.description.contains("'/gallery/9.png'") == true)
        #expect(changed.count == 5)
        #expect(try changed.remove(["/gallery/1.png"], source: "g.index") == 1)
        #expect(changed.entries.map(\.path).prefix(2) == ["/gallery/0.png", "/gallery/2.png"])
        #expect(try values(changed) == Array(before[0..<8] + before[16...]))
        #expect(try changed.remove(["/gallery"], source: "g.index") == 4)
        #expect(changed.count == 0)
    }

    @Test("vectors of another model or made in another way are refused, both named")
    func mismatch() throws {
        var other = origin
        other.precision = "bf16"
        try origin.requireComparable(with: other, path: "g", source: "p")
        other.preprocess = "clip"
        let setting = #expect(throws: IndexError.self) {
            try origin.requireComparable(with: other, path: "g", source: "p")
        }
        #expect(setting?.description.contains("--preprocess 'letterbox'") == true)
        other.model = "4567cdef"
        let model = #expect(throws: IndexError.self) {
            try origin.requireComparable(with: other, path: "g", source: "p")
        }
        #expect(model?.kind == .badData)
        for word in ["0123abcd", "4567cdef"] {
            #expect(model?.description.contains(word) == true)
        }
    }

    @Test("changes at the same time wait for one another, and none is lost")
    func writers() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("g.index")
        try index(1).write(to: path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let lock = try await IndexLock.acquired(for: path)
                    defer { withExtendedLifetime(lock) {} }
                    var changed = try VectorIndex.open(path)
                    _ = try changed.put(
                        [.init(path: "/writer/\(number)", identity: nil)],
                        vectors: unitVectors(1, 8, seed: UInt64(number)))
                    try changed.write(to: path, force: true)
                }
            }
            try await group.waitForAll()
        }
        #expect(try VectorIndex.open(path).count == 9)
    }

    @Test("whoever waits for the right to change an index can be cancelled")
    func cancellation() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("g.index")
        try index(1).write(to: path)
        let lock = try await IndexLock.acquired(for: path)
        let waiting = Task { try await IndexLock.acquired(for: path) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { _ = try await waiting.value }
        withExtendedLifetime(lock) {}
    }
}
