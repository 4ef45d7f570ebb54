// Commands that compute, where the engine is missing or is not one.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTestSupport
import Testing

@Suite("Missing engine")
struct MissingEngineTests {
    /// The commands that need the engine, on good input.
    private func commands(_ place: Workplace) throws -> [[String]] {
        let (model, data) = (try place.model(), try place.players("players", count: 6))
        let image = try place.image("a.png", seed: 1)
        return [
            ["embed", image, "--out", place.file("o.safetensors")],
            ["train", data, "--out", place.file("run"), "--batch-size", "2"],
            ["evaluate", data, "--rerank"], ["distances", data, "--out", place.file("o.csv")],
            ["search", image, "--gallery", data], ["benchmark"],
        ].map { $0 + ["--model", model] }
    }

    @Test("every command that computes says how to get one, with exit code 69, and writes nothing")
    func missing() throws {
        let place = try Workplace()
        let commands = try commands(place)
        let before = try place.names()
        for arguments in commands {
            expectFailure(
                try BuiltProgram.run(arguments, environment: withoutEngine), code: 69,
                saying: ["/nonexistent/engine", "make setup"])
            #expect(try place.names() == before)
        }
    }

    @Test(
        "a file that is no engine, and a folder without one, are refused by name",
        arguments: ["text", "library", "folder"])
    func noEngine(kind: String) throws {
        let place = try Workplace()
        let engine =
            switch kind {
            case "text": try place.write("no library", to: "engine.so")
            case "library": BuiltProgram.path  // loads nowhere as an engine
            default: try place.players("folder", count: 1)
            }
        let run = try reident(
            "embed", place.image("a.png", seed: 1), "--model", place.model(), "--out",
            place.file("o.safetensors"), environment: ["REIDENT_ENGINE": engine])
        expectFailure(run, code: 69, saying: [engine])
    }
}
