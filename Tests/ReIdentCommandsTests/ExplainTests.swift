// `explain`: a picture, maps in JSON, and what is refused.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Explain", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct ExplainTests {
    @Test("draws both crops with their maps, and prints the maps")
    func explains() throws {
        let place = try Workplace()
        let model = try place.model()
        let (first, second) = (
            try place.image("a.png", seed: 1), try place.image("b.png", seed: 2, width: 60)
        )
        let out = place.file("why.png")
        let run = try reident(
            "explain", first, second, "--model", model, "--out", out, "--groups", "4", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        #expect(object["similarity"] is Double && object["passes"] as? Int == 8)
        for key in ["query_map", "gallery_map"] {
            let map = try #require(object[key] as? [String: Any])
            let rows = try #require(map["rows"] as? Int)
            let values = try #require(map["values"] as? [Double])
            #expect(values.count == rows * rows && values.allSatisfy { (0...1).contains($0) })
            #expect(values.max() == 1)
        }
        let picture = try ImageSource(path: out).decoded()
        #expect(picture.width > 600 && picture.height > 400)
        let reduced = try reident(
            "explain", first, second, "--model", model, "--out", out, "--reduced", "--force",
            "--json")
        #expect(reduced.status == 0, "\(reduced.errors)")
        let fewer = try reduced.object()
        let channels = try #require(fewer["channels"] as? Int)
        let passes = try #require(fewer["passes"] as? Int)
        #expect(passes >= 2 * Int((Double(channels) / 6).rounded()) && passes <= 2 * channels)
        let again = try reident("explain", first, second, "--model", model, "--out", out)
        expectFailure(again, code: 73, saying: [out, "--force"])
    }

    @Test("a crop that is missing and a layer that there is not are refused, nothing is written")
    func refused() throws {
        let place = try Workplace()
        let model = try place.model()
        let crop = try place.image("a.png", seed: 1)
        for (arguments, code, words) in [
            ([crop, place.file("none.png")], 66, "none.png"),
            ([crop, crop, "--layer", "99"], 64, "no layer 99"),
            ([crop, crop, "--groups", "0"], 64, "--groups"),
            ([crop, crop, "--groups", "2", "--reduced"], 64, "--reduced"),
        ] as [([String], Int32, String)] {
            let run = try BuiltProgram.run(
                ["explain"] + arguments + ["--model", model, "--out", place.file("why.png")])
            expectFailure(run, code: code, saying: [words])
            #expect(!FileManager.default.fileExists(atPath: place.file("why.png")))
        }
    }

    @Test("explanations are measured beside what knows nothing, with masks where there are some")
    func scored() throws {
        let place = try Workplace()
        let model = try place.model()
        let rendered = try reident(
            "synthesize", "--out", place.file("players"), "--players", "0", "--test-players", "3",
            "--images-per-player", "4", "--cameras", "2", "--masks")
        #expect(rendered.status == 0, "\(rendered.errors)")
        let arguments = [
            "score-explanations", place.file("players"), "--model", model, "--groups", "4",
        ]
        let run = try BuiltProgram.run(arguments + ["--json", "--pairs", "5"])
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        #expect(object["pairs"] as? Int == 5 && object["masked"] as? Int == 5)
        let ways = try #require(object["ways"] as? [[String: Any]])
        #expect(
            ways.compactMap { $0["way"] as? String }
                == ["plain", "grouped", "random", "centre", "rollout"])
        for way in ways {
            for key in ["deletion", "insertion"] {
                let figure = try #require(way[key] as? [String: Any])
                let mean = try #require(figure["mean"] as? Double)
                let interval = try #require(figure["interval"] as? [Double])
                #expect((-1...1).contains(mean) && interval[0] <= mean && mean <= interval[1])
            }
            #expect((way["deletion_difference"] == nil) == (way["way"] as? String == "plain"))
        }
        let passes = try ways.prefix(2).map { try #require($0["passes"] as? Double) }
        #expect(passes[0] > 4 && passes[1] == 4)
        let shares = try #require(object["shares"] as? [[String: Any]])
        #expect(
            shares.compactMap { $0["part"] as? String } == [
                "number", "shirt", "body", "background",
            ])
        for key in ["mass", "area"] {
            let sum = shares.compactMap { ($0[key] as? [String: Any])?["mean"] as? Double }
                .reduce(0, +)
            #expect(abs(sum - 1) < 1e-6)
        }
        let text = try BuiltProgram.run(arguments + ["--pairs", "2"])
        #expect(text.output.contains("attention roll-out") && text.output.contains("background"))
        let reduced = try BuiltProgram.run(
            arguments.dropLast(2) + ["--pairs", "2", "--reduced", "--json"])
        #expect(reduced.status == 0, "\(reduced.errors)")
        let rows = try #require(try reduced.object()["ways"] as? [[String: Any]])
        let scored = try rows.prefix(2).map { try #require($0["passes"] as? Double) }
        #expect(scored[1] > 4 && scored[1] <= scored[0])
        let few = try BuiltProgram.run(arguments + ["--pairs", "1"])
        expectFailure(few, code: 64, saying: ["--pairs"])
        let none = try BuiltProgram.run(arguments + ["--split", "challenge"])
        expectFailure(none, code: 65, saying: ["challenge"])
    }
}
