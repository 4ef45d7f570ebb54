// The search among embeddings in memory, and their file.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentTestSupport
import Testing

@testable import ReIdent

@Suite("Gallery")
struct GalleryTests {
    private let gallery = Gallery(
        Embeddings(
            values: [1, 0, 0, 1, 1, 0, -1, 0], dimension: 2, paths: ["a", "b", "c", "d"]),
        identities: ["x", "y", nil, "z"])

    @Test("gives the most similar images first, equal ones in row order")
    func order() throws {
        let query = Embeddings(values: [1, 0], dimension: 2, paths: ["q"])
        let matches = try gallery.matches(of: query, count: 10)
        #expect(matches.count == 1)
        #expect(matches[0].map(\.path) == ["a", "c", "b", "d"])
        #expect(matches[0].map(\.similarity) == [1, 1, 0, -1])
        #expect(matches[0].map(\.identity) == ["x", nil, "y", "z"])
        #expect(try gallery.matches(of: query, count: 2)[0].map(\.path) == ["a", "c"])
    }

    @Test("refuses queries of another width")
    func width() {
        let query = Embeddings(values: [1, 0, 0], dimension: 3, paths: ["q"])
        #expect(
            throws: ReIdentError.widthMismatch(expected: 2, found: 3, source: "the queries")
        ) { try gallery.matches(of: query, count: 1) }
    }

    @Test("a match without identity says null, and is read back")
    func encoding() throws {
        let match = Match(path: "a/b.png", identity: nil, similarity: 0.5)
        let data = try JSONEncoder().encode(match)
        #expect(String(decoding: data, as: UTF8.self).contains("\"identity\":null"))
        #expect(try JSONDecoder().decode(Match.self, from: data) == match)
    }

    @Test("embeddings are written with their paths, whatever characters they have")
    func file() throws {
        let folder = try TemporaryFolder()
        let paths = ["a/\"quoted\".png", "zwei/ü 🏀.jpg"]
        let embeddings = Embeddings(values: [1, 0, 0, 1], dimension: 2, paths: paths)
        try embeddings.write(to: folder.file("e.safetensors"), metadata: ["model": "m"])
        let file = try SafetensorsFile(path: folder.file("e.safetensors"))
        #expect(try file.floats("embeddings") == [1, 0, 0, 1])
        #expect(file.metadata["model"] == "m")
        let stored = try #require(file.metadata["paths"])
        #expect(try JSONDecoder().decode([String].self, from: Data(stored.utf8)) == paths)
    }
}
