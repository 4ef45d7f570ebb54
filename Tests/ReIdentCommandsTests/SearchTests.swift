// `search`: a copy of the query is found, identities come from the data set, and the query itself
// is left out.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite("Search", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct SearchTests {
    private struct Result: Decodable {
        struct Match: Decodable {
            let path: String
            let identity: String?
            let similarity: Float
        }

        let query: String
        let matches: [Match]
    }

    private func results(_ run: ProgramResult) throws -> [Result] {
        try JSONDecoder().decode([Result].self, from: Data(run.output.utf8))
    }

    @Test("finds the copy of a query first, with the identity of its folder")
    func copy() throws {
        let place = try Workplace()
        let model = try place.model()
        let gallery = try place.players("players", count: 3)
        let query = try place.image("query.png", seed: 201)  // as player2/1.png
        let run = try reident(
            "search", query, "--gallery", gallery, "--model", model, "-k", "4", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let result = try #require(try results(run).first)
        #expect(result.query == query)
        #expect(result.matches.count == 4)
        #expect(result.matches[0].path == "\(gallery)/player2/1.png")
        #expect(result.matches[0].identity == "player2")
        #expect(abs(result.matches[0].similarity - 1) < Tolerance.unitLength)
        let similarities = result.matches.map(\.similarity)
        #expect(similarities == similarities.sorted(by: >))
    }

    @Test("leaves a query out of its own matches; without a data set, identities are null")
    func itself() throws {
        let place = try Workplace()
        let model = try place.model()
        for seed in 0..<3 { try place.image("flat/\(seed).png", seed: UInt64(seed)) }
        let gallery = place.file("flat")
        let run = try reident(
            "search", gallery, "--gallery", gallery + "/", "--model", model, "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("\"identity\":null"))
        let found = try results(run)
        #expect(found.count == 3)
        for result in found {
            #expect(result.matches.count == 2)
            let name = URL(filePath: result.query).lastPathComponent
            #expect(!result.matches.contains { $0.path.hasSuffix("/\(name)") })
            #expect(result.matches.allSatisfy { $0.identity == nil })
        }
    }

    @Test("a query that is a poor picture is warned of, and searched for all the same")
    func poorQuery() throws {
        let place = try Workplace()
        let query = try place.image("small.png", seed: 3, width: 8, height: 20)
        let run = try reident(
            "search", query, "--gallery", place.players("players", count: 2), "--model",
            place.model(), "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("small.png") && run.errors.contains("small"))
        #expect(try results(run).first?.matches.isEmpty == false)
    }

    @Test(
        "a gallery that is missing or empty is refused", arguments: [("none", 66), ("empty", 65)])
    func gallery(name: String, code: Int32) throws {
        let place = try Workplace()
        try place.write("text", to: "empty/notes.txt")
        let run = try reident(
            "search", place.image("a.png", seed: 1), "--gallery", place.file(name), "--model",
            place.model())
        expectFailure(run, code: code, saying: [place.file(name)])
    }
}
