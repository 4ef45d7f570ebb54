// The file of a graph: read as written, refused when it is anything else.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentMetrics
import ReIdentTestSupport
import Testing

@testable import ReIdentIndex

@Suite("Graph files")
struct GraphFileTests {
    private let folder: TemporaryFolder
    private let index: VectorIndex
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("g.index.graph")
        let made = try Self.index(of: playerVectors(700, 24, players: 60, seed: 1))
        try made.write(to: folder.file("g.index"))
        index = try VectorIndex.open(folder.file("g.index"))
        let digest = try #require(index.digest)
        try ApproximateSearch(index.vectors).write(to: path, ofIndex: digest)
    }

    private static func index(of vectors: EmbeddingMatrix) throws -> VectorIndex {
        try VectorIndex(
            entries: (0..<vectors.count).map { .init(path: "/\($0)", identity: nil) },
            vectors: vectors, origin: IndexOrigin(texts: ["model": "m"], package: ""))
    }

    private func open() throws -> ApproximateSearch {
        try ApproximateSearch.open(path, of: index, at: "g.index", effort: 40)
    }

    @Test("what is written is read, and finds the same")
    func roundTrip() throws {
        let queries = try playerVectors(20, 24, players: 60, seed: 2)
        let search = try open()
        #expect(search.count == 700)
        let found = try search.nearest(to: queries, count: 5)
        #expect(found == (try open().nearest(to: queries, count: 5)))
        let exact = try ExactSearch(index.vectors).nearest(to: queries, count: 5)
        #expect(zip(found, exact).count { $0 == $1 } >= 18)
        #expect(ApproximateSearch.path(besideIndex: "a/g.index") == "a/g.index.graph")
    }

    @Test("a graph that was changed is written and read like any other")
    func changed() throws {
        let search = try open()
        var smaller = index
        #expect(try smaller.remove(["/3", "/600"], source: "g.index") == 2)
        try search.follow(smaller.vectors, rows: index.rows(in: smaller))
        try smaller.write(to: folder.file("g.index"), force: true)
        let reopened = try VectorIndex.open(folder.file("g.index"))
        try search.write(to: path, ofIndex: reopened.digest ?? "", force: true)
        let read = try ApproximateSearch.open(path, of: reopened, at: "g.index", effort: 40)
        let queries = try smaller.vectors.rows([3, 599])
        let found = try read.nearest(to: queries, count: 1)
        #expect(found.map { $0.map(\.row) } == [[3], [599]])
        #expect(try read.withContents { (graph, _) in graph.count } == 700)
    }

    @Test("a graph of another state of the index is refused, with both checksums")
    func stale() throws {
        var other = index
        _ = try other.remove(["/5"], source: "g.index")
        try other.write(to: folder.file("g.index"), force: true)
        let changed = try VectorIndex.open(folder.file("g.index"))
        let error = #expect(throws: IndexError.self) {
            try ApproximateSearch.open(path, of: changed, at: "g.index")
        }
        #expect(
            error
                == .staleGraph(
                    path: path, index: "g.index", expected: changed.digest ?? "",
                    found: index.digest ?? ""))
        #expect(error?.description.contains("reident index graph") == true)
    }

    @Test("a changed byte anywhere is noticed")
    func changedByte() throws {
        let bytes = try Data(contentsOf: URL(filePath: path))
        for position in stride(from: 0, to: bytes.count, by: 997) {
            var damaged = bytes
            damaged[position] ^= 0x10
            try damaged.write(to: URL(filePath: path))
            #expect(throws: IndexError.self, "byte \(position)") { try open() }
        }
    }

    @Test("a file cut anywhere is refused, and so is another file")
    func cut() throws {
        let bytes = try Data(contentsOf: URL(filePath: path))
        for length in stride(from: 0, to: bytes.count, by: 9_973) {
            try bytes.prefix(length).write(to: URL(filePath: path))
            #expect(throws: IndexError.self, "\(length) bytes") { try open() }
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: IndexError.self) { try open() }
        try FileManager.default.copyItem(atPath: folder.file("g.index"), toPath: path)
        #expect(
            throws: IndexError.damagedGraph(
                path: path, problem: "it is another safetensors file")
        ) { try open() }
    }

    /// A lie about a graph, by name: what is changed in its numbers or texts.
    private static let lies: [(String, [String: String], String, Int, Int32)] = [
        ("a link leads nowhere", [:], "places", 1, 1_000_000),
        ("too many links", [:], "places", 0, 60_000),
        ("a level that cannot be", [:], "levels", 7, 90),
        ("links of another size", [:], "levels", 7, 3),
        ("a row that is none", [:], "rows", 2, 700),
        ("a row twice", [:], "rows", 2, 1),
        ("a place too few", [:], "rows", 2, -1),
        ("an entry that is none", ["entry": "700"], "", 0, 0),
        ("no entry", ["entry": "-1"], "", 0, 0),
        ("a level above all", ["top_level": "60"], "", 0, 0),
        ("other links", ["neighbours": "17"], "", 0, 0),
        ("no number", ["neighbours": "many"], "", 0, 0),
        ("another version", ["version": "2"], "", 0, 0),
    ]

    @Test("a graph that lies is refused, whatever its checksum", arguments: lies.indices)
    func lyingGraph(position: Int) throws {
        let (name, texts, tensor, place, number) = Self.lies[position]
        let file = try SafetensorsFile(path: path)
        let names = ["places", "levels", "upper", "middle", "rows"]
        let parts = try names.map { part in
            var bytes = Data(try file.bytes(of: part).withUnsafeBytes { Array($0) })
            if part == tensor {
                withUnsafeBytes(of: number) { raw in
                    bytes.replaceSubrange(4 * place..<4 * place + 4, with: raw)
                }
            }
            return bytes
        }
        var metadata = file.metadata.merging(texts) { $1 }
        let whole = Data(parts.joined())
        metadata["digest"] = try whole.withUnsafeBytes { raw in
            var start = 0
            let pieces = parts.map { part in
                defer { start += part.count }
                return UnsafeRawBufferPointer(rebasing: raw[start..<start + part.count])
            }
            return try IndexDigest.hexadecimal("graph", texts: metadata, bytes: pieces)
        }
        try SafetensorsWriter.write(
            to: path,
            tensors: zip(names, parts).map { name, bytes in
                let entry = file.tensors[name]
                return SafetensorsWriter.Tensor(
                    name: name, elementType: entry?.elementType ?? .uint8,
                    shape: entry?.shape ?? []
                ) { sink in try bytes.withUnsafeBytes { try sink($0) } }
            }, metadata: metadata, force: true)
        let error = #expect(throws: IndexError.self, "\(name)") { try open() }
        if case .damagedGraph(_, let problem) = error {
            #expect(!problem.contains("checksum"), "\(name): \(problem)")
        } else {
            Issue.record("\(name): \(String(describing: error))")
        }
    }
}
