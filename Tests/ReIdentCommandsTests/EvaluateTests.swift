// `evaluate` and `distances` on data sets, and their agreement with `score`.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFiles
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Evaluate", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct EvaluateTests {
    @Test("prints the same figures as score does for the distances, re-ranked too")
    func agreement() throws {
        let place = try Workplace()
        let model = try place.model()
        let data = try place.players("players", count: 6)
        let options = ["--test-identities", "0.7", "--seed", "3"]
        let evaluated = try BuiltProgram.run(
            ["evaluate", data, "--model", model, "--rerank", "--json"] + options)
        #expect(evaluated.status == 0, "\(evaluated.errors)")
        let out = place.file("distances.safetensors")
        let written = try BuiltProgram.run(
            ["distances", data, "--model", model, "--out", out, "--json"] + options)
        #expect(written.status == 0, "\(written.errors)")
        let scored = try reident("score", out, "--rerank", "--json")
        let object = try evaluated.object()
        var figures = object
        let quality = try #require(
            figures.removeValue(forKey: "query_quality") as? [String: Any])
        #expect(try NSDictionary(dictionary: figures) == NSDictionary(dictionary: scored.object()))
        #expect(quality["bins"] is [Any] && quality["remarks"] is [Any])
        #expect(object["queries"] as? Int == 4)
        #expect(object["gallery"] as? Int == 8)
        let reranked = try #require(object["reranked"] as? [String: Any])
        #expect(Set(reranked.keys) == ["mAP", "mINP", "cmc"])

        let text = try BuiltProgram.run(["evaluate", data, "--model", model] + options)
        #expect(text.output.contains("one folder a player"))
        #expect(text.output.contains("Every query is counted."))
    }

    @Test("queries that are poor pictures are counted by what is wrong, with their figures")
    func quality() throws {
        let place = try Workplace()
        let model = try place.model()
        // Eight players; the first image of each, its query, is small for three of them.
        for player in 0..<8 {
            for index in 0..<2 {
                let isSmall = player < 3 && index == 0
                try place.image(
                    "data/p\(player)/\(index).png", seed: UInt64(player * 10 + index),
                    width: isSmall ? 10 : 40, height: isSmall ? 24 : 96)
            }
        }
        let arguments = [
            "evaluate", place.file("data"), "--model", model, "--test-identities", "1",
        ]
        let run = try BuiltProgram.run(arguments + ["--json"])
        #expect(run.status == 0, "\(run.errors)")
        let quality = try #require(try run.object()["query_quality"] as? [String: Any])
        let remarks = try #require(quality["remarks"] as? [[String: Any]])
        let small = try #require(remarks.first { $0["name"] as? String == "small" })
        #expect(small["queries"] as? Int == 3 && small["mAP"] is Double)
        let bins = try #require(quality["bins"] as? [[String: Any]])
        let heights = bins.filter { $0["name"] as? String == "height" }
        #expect(heights.compactMap { $0["queries"] as? Int } == [2, 3, 3])
        #expect(heights[0]["range"] as? [Double] == [24, 24])
        let good = try #require(quality["good"] as? [String: Any])
        #expect(good["queries"] as? Int == 5)
        let text = try BuiltProgram.run(arguments)
        #expect(text.output.contains("96 to 96 rows") && text.output.contains("nothing wrong"))
    }

    @Test("one model twice gives its own distances; ids and numbers are those of a submission")
    func ensemble() throws {
        let place = try Workplace()
        let (first, second) = (try place.model("a"), try place.model("b", seed: 2))
        let data = try place.players("players", count: 4)
        var contents: [String: String] = [:]
        for (name, models) in [
            ("once", [first]), ("twice", [first, first]), ("both", [first, second]),
        ] {
            let arguments =
                ["distances", data, "--rerank", "--out", place.file("\(name).csv"), "--model"]
                + models + ["--test-identities", "1"]
            let run = try BuiltProgram.run(arguments)
            #expect(run.status == 0, "\(run.errors)")
            contents[name] = try String(contentsOfFile: place.file("\(name).csv"), encoding: .utf8)
        }
        #expect(contents["once"] == contents["twice"])
        #expect(contents["once"] != contents["both"])
        let lines = try #require(contents["once"]).split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines[0].hasPrefix("0,player0,player0,player1,"))
        #expect(lines[1].hasPrefix("player0,"))
        let number = try #require(lines[1].split(separator: ",").last)
        #expect(number.split(separator: ".").last?.count == 5)
    }

    @Test("accepts the data set behind the models")
    func order() throws {
        let place = try Workplace()
        let (model, data) = (try place.model(), try place.players("players", count: 3))
        let run = try reident(
            "distances", "--model", model, data, "--out", place.file("d.csv"), "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try run.object()["models"] as? [String] == [model])
    }

    @Test("worsened images give other figures and are named; harmless ones give the same")
    func degraded() throws {
        let place = try Workplace()
        let model = try place.model()
        let data = try place.players("players", count: 6)
        let arguments = ["evaluate", data, "--model", model, "--test-identities", "1", "--json"]
        let plain = try BuiltProgram.run(arguments)
        let harmless = try BuiltProgram.run(arguments + ["--degrade", "blur=0,height=48"])
        let worse = try BuiltProgram.run(arguments + ["--degrade", "blur=3,height=8,jpeg=10"])
        for run in [plain, harmless, worse] { #expect(run.status == 0, "\(run.errors)") }
        var figures = try harmless.object()
        let said = try #require(figures.removeValue(forKey: "degraded") as? [String: Any])
        #expect(said["height"] as? Int == 48 && said["jpeg"] is NSNull)
        #expect(try NSDictionary(dictionary: figures) == NSDictionary(dictionary: plain.object()))
        #expect(try worse.object()["mAP"] as? Double != plain.object()["mAP"] as? Double)
        let text = try BuiltProgram.run(arguments.dropLast() + ["--degrade", "jpeg=30"])
        #expect(text.output.contains("compressed at JPEG quality 30"))
        for wrong in ["blur", "blur=-1", "height=0", "jpeg=0", "noise=3", "jpeg=3,jpeg=4", ""] {
            let run = try BuiltProgram.run(arguments + ["--degrade", wrong])
            expectFailure(run, code: 64, saying: ["--degrade"])
        }
    }

    @Test("warns when players of the evaluation were trained on")
    func trained() throws {
        let place = try Workplace()
        let model = try place.model()
        let data = try place.players("players", count: 3)
        let known = try HashedIdentities(["player0", "player1", "player2"])
        _ = try ModelPackage.open(model).updating { $0.trainedIdentities = [known] }
        let run = try reident("evaluate", data, "--model", model)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("warning: 1 of the 1 players"))
        #expect(!run.errors.contains("copies"))
    }

    @Test("warns when copies of crops that were trained on are searched for")
    func copies() throws {
        let place = try Workplace()
        let model = try place.model()
        let data = try place.players("players", count: 3)
        let queries = try Dataset(path: data).queries(in: .test)
        let fingerprints = try queries.map {
            try PictureFingerprint(ImageSource($0.source).decoded())
        }
        _ = try ModelPackage.open(model).updating {
            $0.trainedCrops = [TrainedCrops(fingerprints, total: 90)]
        }
        let run = try reident("evaluate", data, "--model", model)
        #expect(run.status == 0, "\(run.errors)")
        let all = try queries.count + Dataset(path: data).gallery(in: .test).count
        #expect(run.errors.contains("warning: \(queries.count) of the \(all) images"))
        #expect(!run.errors.contains("called like"))
    }
}

@Suite("Evaluate, before the engine is needed")
struct EvaluateRefusalTests {
    @Test("a part whose players are not published cannot be evaluated")
    func unlabelled() throws {
        let place = try Workplace()
        for index in 0..<3 {
            try place.image("data/reid_challenge/query/\(index).png", seed: UInt64(index))
            try place.image("data/reid_challenge/gallery/\(index + 9).png", seed: UInt64(index))
        }
        let run = try reident(
            "evaluate", place.file("data"), "--model", place.model(), "--split", "challenge",
            environment: withoutEngine)
        expectFailure(run, code: 65, saying: ["challenge", "reident distances"])
    }

    @Test("a data set that is not there, or none, or without the part, is refused")
    func datasets() throws {
        let place = try Workplace()
        let model = try place.model()
        let players = try place.players("players", count: 3)
        try place.write("text", to: "other/notes.txt")
        for (data, split, code, word) in [
            (place.file("none"), "test", 66, "none"), (place.file("other"), "test", 65, "manifest"),
            (players, "challenge", 65, "challenge"),
        ] as [(String, String, Int32, String)] {
            let run = try reident(
                "evaluate", data, "--model", model, "--split", split, environment: withoutEngine)
            expectFailure(run, code: code, saying: [word])
        }
    }

    @Test("distances refuse an existing output before the engine is looked for")
    func outputs() throws {
        let place = try Workplace()
        let out = try place.write("old", to: "old.csv")
        let run = try reident(
            "distances", place.players("players", count: 3), "--model", place.model(), "--out", out,
            environment: withoutEngine)
        expectFailure(run, code: 73, saying: [out, "--force"])
    }
}
