// The graph of an index: built, kept up to date by changes, searched by, and refused when it is not
// the index's.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFoundation
import ReIdentIndex
import ReIdentMetrics
import ReIdentTestSupport
import Testing

@Suite("Graph of an index", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct IndexGraphTests {
    private func graph(_ index: String) throws -> String? {
        let run = try reident("index", "info", index, "--json")
        #expect(run.status == 0, "\(run.errors)")
        return try run.object()["graph"] as? String
    }

    @Test("a graph is built with its index or for it, follows changes, and is searched by")
    func follows() throws {
        let place = try Workplace()
        let model = try place.model()
        let folder = try place.players("players", count: 3)
        let index = place.file("g.index")
        let built = try reident(
            "index", "build", folder, "--model", model, "--out", index, "--approximate", "--json")
        #expect(built.status == 0, "\(built.errors)")
        #expect(try built.object()["graph"] as? String == index + ".graph")
        #expect(try graph(index) == index + ".graph")

        let new = try place.image("new.png", seed: 77)
        for arguments in [["add", index, new], ["remove", index, folder + "/player0"]] {
            let run = try BuiltProgram.run(["index"] + arguments)
            #expect(run.status == 0, "\(run.errors)")
            #expect(try graph(index) == index + ".graph")
        }
        let search = ["search", new, "--gallery", index, "--model", model, "--json"]
        let found = try BuiltProgram.run(search + ["--effort", "50"])
        #expect(found.status == 0 && found.errors.contains("searched by its graph"))
        let exact = try BuiltProgram.run(search + ["--exact"])
        #expect(exact.status == 0 && !exact.errors.contains("graph"))
        #expect(found.output == exact.output)

        // Whoever replaces the index without a graph has none.
        let replaced = try reident(
            "index", "build", folder, "--model", model, "--out", index, "--force")
        #expect(replaced.status == 0, "\(replaced.errors)")
        #expect(try graph(index) == nil)
        let again = try reident("index", "graph", index, "--json")
        #expect(again.status == 0, "\(again.errors)")
        #expect(try again.object()["images"] as? Int == 9)
        #expect(try graph(index) == index + ".graph")
    }

    @Test("a graph of another state and a damaged one are refused before anything is changed")
    func refusals() throws {
        let place = try Workplace()
        let model = try place.model()
        let folder = try place.players("players", count: 2)
        let index = place.file("g.index")
        let built = try reident(
            "index", "build", folder, "--model", model, "--out", index, "--approximate")
        #expect(built.status == 0, "\(built.errors)")
        let old = try Data(contentsOf: URL(filePath: index + ".graph"))
        let image = folder + "/player0/0.png"
        let removal = try reident("index", "remove", index, image)
        #expect(removal.status == 0, "\(removal.errors)")
        let before = try Data(contentsOf: URL(filePath: index))

        for (graph, words) in [
            (old, ["another state", "checksum", "reident index graph"]),
            (old.prefix(100), ["g.index.graph"]),
        ] {
            try graph.write(to: URL(filePath: index + ".graph"))
            let search = ["search", image, "--gallery", index, "--model", model]
            for arguments in [
                search, ["index", "info", index], ["index", "add", index, image],
                ["index", "remove", index, folder],
            ] {
                expectFailure(try BuiltProgram.run(arguments), code: 65, saying: words)
                #expect(try Data(contentsOf: URL(filePath: index)) == before)
            }
            #expect(try BuiltProgram.run(search + ["--exact"]).status == 0)
        }
        #expect(try reident("index", "graph", index).status == 0)
        #expect(try graph(index) != nil)
    }

    @Test("the building of a graph ends with exit code 130, and nothing of it is left")
    func interrupted() throws {
        let place = try Workplace()
        var generator = SeededGenerator(seed: 1)
        let (count, dimension) = (20_000, 64)
        var values: [Float] = []
        for _ in 0..<count {
            let vector = (0..<dimension).map { _ in Float(generator.uniform() - 0.5) }
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            values += vector.map { $0 / length }
        }
        let index = place.file("g.index")
        try VectorIndex(
            entries: (0..<count).map { .init(path: "/\($0)", identity: nil) },
            vectors: EmbeddingMatrix(values: values, count: count, dimension: dimension),
            origin: IndexOrigin(texts: ["model": "m"], package: "")
        ).write(to: index)
        let before = try place.names()
        let run = try BuiltProgram.run(["index", "graph", index]) { process in
            usleep(1_500_000)
            kill(process.processIdentifier, SIGINT)
        }
        #expect(run.status == 130, "\(run.errors)")
        #expect(run.errors.contains("Interrupted"))
        #expect(try place.names() == before)
    }
}
