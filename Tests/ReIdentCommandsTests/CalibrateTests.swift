// `calibrate`, and what `search` says of a calibrated package.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentImages
import ReIdentMetrics
import ReIdentTestSupport
import Testing

@Suite("Calibrate", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct CalibrateTests {
    private let place: Workplace
    private let model: String

    init() throws {
        place = try Workplace()
        model = try place.model()
    }

    /// Rendered players, few and small.
    private func players(_ name: String, count: Int = 12, seed: Int = 1) throws -> String {
        let run = try reident(
            "synthesize", "--out", place.file(name), "--players", "\(count + 1)",
            "--test-players", "\(count)", "--images-per-player", "4", "--team-size", "3",
            "--seed", "\(seed)")
        #expect(run.status == 0, "\(run.errors)")
        return place.file(name)
    }

    @Test("writes decisions into the package; search then says who is the same, and how surely")
    func calibrates() throws {
        let data = try players("known", count: 84)
        let query = try #require(try place.names(in: "known/test").first)
        let search = [
            "search", "\(data)/test/\(query)", "--gallery", data, "--model", model, "-k", "3",
        ]
        let before = try BuiltProgram.run(search)
        #expect(before.status == 0, "\(before.errors)")
        #expect(before.errors.contains("not calibrated"))
        #expect(!before.output.contains("%"), "a probability that nobody knows")

        let fingerprint = try ModelPackage.open(model).fingerprint()
        let run = try reident("calibrate", data, "--model", model, "--prior", "0.2", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        #expect(object["players"] as? Int == 84 && object["crops"] as? Int == 336)
        #expect(object["prior"] as? Double == 0.2)
        let thresholds = try #require(object["thresholds"] as? [[String: Any]])
        #expect(thresholds.count == 3)
        #expect(thresholds[0]["similarity"] is Double)
        #expect(thresholds[2]["similarity"] is NSNull, "1e-4 of 55,000 pairs is not known")
        #expect(try ModelPackage.open(model).fingerprint() == fingerprint)
        #expect(try ModelPackage.open(model).settings.decisions?.players == 84)

        let after = try BuiltProgram.run(search + ["--json"])
        #expect(after.status == 0, "\(after.errors)")
        #expect(!after.errors.contains("not calibrated"))
        let result = try #require(try after.objects().first)
        let decision = try #require(result["decision"] as? String)
        #expect(["same", "unsure", "unknown"].contains(decision))
        #expect(result["probability"] is Double)
        let matches = try #require(result["matches"] as? [[String: Any]])
        let probabilities = matches.compactMap { $0["probability"] as? Double }
        #expect(probabilities.count == 3)
        #expect(probabilities == probabilities.sorted(by: >))
        let lines = try BuiltProgram.run(search)
        #expect(lines.output.contains("%"))

        let text = try reident("models", "inspect", model)
        #expect(text.output.contains("calibrated on 84 players"))
    }

    /// Crops of noise, which are said to show another player, and of one colour, which do not.
    private func shared(_ name: String, count: Int) throws -> String {
        var lines = "path,identity,camera,split,role,others\n"
        for index in 0..<count {
            try place.image("\(name)/noise\(index).png", seed: UInt64(index), width: 40, height: 90)
            let level = UInt8(40 + 4 * (index % 40))
            let plain = Image(
                width: 40, height: 90, pixels: [UInt8](repeating: level, count: 3 * 3_600))
            try place.write(try ImageEncoder.png(plain), to: "\(name)/plain\(index).png")
            lines += "noise\(index).png,\(index % 12),,test,,0.4\n"
            lines += "plain\(index).png,\(index % 12),,test,,0.01\n"
        }
        try place.image("\(name)/between.png", seed: 999, width: 40, height: 90)
        lines += "between.png,1,,test,,0.1\n"
        try place.write(lines, to: "\(name)/manifest.csv")
        return place.file(name)
    }

    @Test("--second-player learns who is not alone, measures it, and search warns by it")
    func secondPlayer() throws {
        let (data, few) = (try shared("known", count: 30), try shared("few", count: 19))
        let early = try reident("calibrate", few, "--second-player", "--model", model, "--check")
        expectFailure(early, code: 65, saying: [model, "--second-player"])
        let refused = try reident("calibrate", few, "--second-player", "--model", model)
        expectFailure(refused, code: 65, saying: ["19 crops", "at least 20"])
        let fit = try reident("calibrate", data, "--second-player", "--model", model, "--json")
        #expect(fit.status == 0, "\(fit.errors)")
        let learned = try fit.object()
        #expect(learned["positives"] as? Int == 30 && learned["crops"] as? Int == 60)
        #expect((learned["auc"] as? Double ?? 0) > 0.8)
        let run = try reident(
            "calibrate", few, "--second-player", "--model", model, "--check", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let measured = try run.object()
        #expect(measured["crops"] as? Int == 38 && (measured["auc"] as? Double ?? 0) > 0.99)
        for (query, isShared) in [("noise3.png", true), ("plain3.png", false)] {
            let search = try reident(
                "search", "\(few)/\(query)", "--gallery", data, "--model", model, "-k", "1")
            #expect(search.status == 0, "\(search.errors)")
            #expect(search.errors.contains("another player in it") == isShared)
        }
        // Patches of padding take no part in the means that the probe looks at.
        let content = try reident(
            "calibrate", data, "--second-player", "--model", model, "--tokens", "content",
            "--json")
        #expect(content.status == 0, "\(content.errors)")
        #expect((try content.object()["auc"] as? Double ?? 0) > 0.8)
        let none = try reident(
            "calibrate", try players("rendered", count: 4), "--second-player", "--split",
            "challenge", "--model", model)
        expectFailure(none, code: 65, saying: ["challenge", "others"])
    }

    @Test("--check measures the calibration on other players and writes nothing")
    func checks() throws {
        let (data, others) = (try players("known"), try players("others", seed: 2))
        let early = try reident("calibrate", others, "--model", model, "--check")
        expectFailure(early, code: 65, saying: ["is not calibrated", "reident calibrate"])
        let fit = try reident("calibrate", data, "--model", model)
        #expect(fit.status == 0, "\(fit.errors)")
        #expect(fit.output.contains("not enough pairs of two players"))
        #expect(fit.output.contains("equal error rate"))
        #expect(fit.output.contains("Not enough players for a rule"))
        let stored = try ModelPackage.open(model).settings.decisions
        let run = try reident("calibrate", others, "--model", model, "--check", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        #expect(object["players"] as? Int == 12)
        #expect(object["calibration_error"] is Double && object["shift"] is Double)
        #expect(try ModelPackage.open(model).settings.decisions == stored)
        let text = try reident("calibrate", others, "--model", model, "--check")
        #expect(text.output.contains("false matches wished"))
        // Other preparation, other similarities.
        let stretched = try reident(
            "calibrate", others, "--model", model, "--check", "--preprocess", "stretch")
        expectFailure(stretched, code: 65, saying: ["other weights or settings"])
    }

    @Test("crops of one folder are decided together, against all crops of each player")
    func together() throws {
        let data = try players("known")
        for (index, name) in try place.names(in: "known/test").prefix(3).enumerated() {
            try FileManager.default.createDirectory(
                atPath: place.file("who"), withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: "\(data)/test/\(name)", toPath: place.file("who/\(index).jpeg"))
        }
        let search = [
            "search", place.file("who"), "--gallery", data, "--model", model, "--vote", "folder",
            "-k", "2",
        ]
        let before = try BuiltProgram.run(search + ["--json"])
        #expect(before.status == 0, "\(before.errors)")
        #expect(!before.output.contains("decision"))
        #expect(try reident("calibrate", data, "--model", model).status == 0)
        let run = try BuiltProgram.run(search + ["--json"])
        #expect(run.status == 0, "\(run.errors)")
        let result = try #require(try run.objects().first)
        #expect(result["crops"] as? Int == 3)
        let matches = try #require(result["matches"] as? [[String: Any]])
        #expect(matches.count == 2)
        #expect(matches.allSatisfy { $0["crops"] as? Int == 4 && $0["probability"] is Double })
        let similarities = matches.compactMap { $0["similarity"] as? Double }
        #expect(similarities == similarities.sorted(by: >))
        #expect(try BuiltProgram.run(search).output.contains("who, 3 crops"))
        let refused = try BuiltProgram.run(search + ["--sheet", place.file("s.png")])
        expectFailure(refused, code: 64, saying: ["--vote"])
    }

    @Test("a search with other settings than those calibrated warns and claims nothing")
    func otherSettings() throws {
        let data = try players("known")
        #expect(try reident("calibrate", data, "--model", model).status == 0)
        let run = try reident(
            "search", "\(data)/test", "--gallery", data, "--model", model, "--preprocess",
            "stretch", "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("other weights or settings"))
        #expect(!run.output.contains("probability"))
    }

    @Test("a gallery that is nothing like what was calibrated on is warned of")
    func otherFootage() throws {
        let data = try players("known")
        #expect(try reident("calibrate", data, "--model", model).status == 0)
        // Noise of all colours: nothing like a player.
        for seed in 0..<24 { try place.image("noise/\(seed).png", seed: UInt64(seed)) }
        let run = try reident(
            "search", place.file("noise/1.png"), "--gallery", place.file("noise"), "--model",
            model)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("Calibrate on such images"))
    }

    @Test("what nothing can be learned from is refused, and the package stays as it was")
    func refused() throws {
        let one = try place.players("one", count: 1)
        for (arguments, code, words) in [
            (["calibrate", one, "--model", model, "--test-identities", "1"], 65, "one"),
            (["calibrate", one, "--model", model, "--split", "challenge"], 65, "challenge"),
            (["calibrate", one, "--model", model, "--prior", "0"], 64, "--prior"),
            (["calibrate", place.file("none"), "--model", model], 66, "none"),
        ] as [([String], Int32, String)] {
            expectFailure(try BuiltProgram.run(arguments), code: code, saying: [words])
        }
        #expect(try ModelPackage.open(model).settings.decisions == nil)
    }
}
