// `read-number` and `score-numbers`: answers, votes, calibration, and what is refused.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentTestSupport
import Testing

@testable import ReIdent

@Suite("Read numbers", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct ReadNumberTests {
    /// Crops of two players in two folders.
    private func crops(_ place: Workplace) throws -> String {
        for (index, name) in ["a/1", "a/2", "b/1"].enumerated() {
            try place.image("crops/\(name).png", seed: UInt64(index + 1))
        }
        return place.file("crops")
    }

    /// A data set whose manifest gives numbers, the last crop none.
    private func manifest(_ place: Workplace) throws -> String {
        var lines = "path,identity,camera,split,role,number\n"
        for (index, number) in ["7", "23", "00", ""].enumerated() {
            try place.image("data/\(index).png", seed: UInt64(index + 1))
            let role = index % 2 == 0 ? "query" : "gallery"
            lines += "\(index).png,p\(index / 2),,test,\(role),\(number)\n"
        }
        try place.write(lines, to: "data/manifest.csv")
        return place.file("data")
    }

    @Test("each crop gets an answer, its confidence and candidates")
    func reads() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let run = try reident(
            "read-number", crops(place), "--model", model, "-k", "3", "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("not calibrated"))
        let answers = try run.objects()
        #expect(answers.count == 3)
        for answer in answers {
            #expect((answer["path"] as? String)?.hasSuffix(".png") == true)
            #expect(answer.keys.contains("number"))
            let candidates = try #require(answer["candidates"] as? [[String: Any]])
            #expect(candidates.count == 3)
            let probability = try #require(candidates[0]["probability"] as? Double)
            if let number = answer["number"] as? String {
                #expect(candidates[0]["number"] as? String == number)
                #expect(answer["confidence"] as? Double == probability)
                #expect(answer["decision"] as? String == "number")
            } else {
                #expect(answer["decision"] as? String == "no number")
            }
        }
    }

    @Test("crops of one folder, or of one player of a data set, are read together")
    func votes() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let folders = try reident(
            "read-number", crops(place), "--model", model, "--vote", "folder", "--json")
        #expect(folders.status == 0, "\(folders.errors)")
        #expect(try folders.objects().map { $0["crops"] as? Int } == [2, 1])
        let players = try reident(
            "read-number", manifest(place), "--model", model, "--vote", "identity", "--json")
        #expect(players.status == 0, "\(players.errors)")
        #expect(try players.objects().map { $0["player"] as? String } == ["p0", "p1"])
    }

    @Test("calibrating writes into the package, and --at-precision then abstains")
    func calibrates() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let data = try manifest(place)
        let before = try reident(
            "read-number", data, "--model", model, "--at-precision", "0.9")
        expectFailure(before, code: 65, saying: [model, "is not calibrated"])
        let fit = try reident("score-numbers", data, "--model", model, "--calibrate", "--json")
        #expect(fit.status == 0, "\(fit.errors)")
        let report = try fit.object()
        #expect(report["visible"] as? Int == 3)
        #expect(report["without_number"] as? Int == 1)
        #expect(report["fitted"] as? Bool == true)
        let package = try ModelPackage.open(model)
        let stored = try #require(package.settings.numberReading)
        #expect(stored.crops == 4)
        let digest = try NumberPrompts.standard.digest(
            lookingAt: NumberView.auto.words(nil))
        #expect(stored.prompts == digest)
        let after = try reident("read-number", data, "--model", model, "--json")
        #expect(!after.errors.contains("not calibrated"))
        let beyond = try reident(
            "read-number", data, "--model", model, "--at-precision", "1")
        // Random weights read nothing, so nothing is certain; or all of four crops were right.
        #expect(beyond.status == 65 || stored.bestPrecision == 1)
        let prompts = try place.write("the {number}\nnothing\n", to: "p.txt")
        let other = try reident(
            "read-number", data, "--model", model, "--prompts", prompts, "--at-precision", "0.1")
        expectFailure(other, code: 65, saying: [model, "calibrated for other sentences"])
    }

    @Test("folders named by numbers are labels")
    func folders() throws {
        let place = try Workplace()
        let model = try place.textModel()
        try place.image("numbers/00/a.png", seed: 1)
        try place.image("numbers/7/b.png", seed: 2)
        let run = try reident(
            "score-numbers", place.file("numbers"), "--labels", "folder", "--model", model,
            "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try run.object()["visible"] as? Int == 2)
        try place.image("numbers/100/c.png", seed: 3)
        let wrong = try reident(
            "score-numbers", place.file("numbers"), "--labels", "folder", "--model", model)
        expectFailure(wrong, code: 65, saying: ["100/c.png", "'100'"])
    }

    @Test("a package without a text side, sentences without a placeholder, data without numbers")
    func refuses() throws {
        let place = try Workplace()
        let crops = try crops(place)
        let images = try place.model()
        expectFailure(
            try reident("read-number", crops, "--model", images), code: 65, saying: [images])
        let model = try place.textModel()
        let prompts = try place.write("a player\n", to: "p.txt")
        expectFailure(
            try reident("read-number", crops, "--model", model, "--prompts", prompts),
            code: 65, saying: [prompts, "{number}"])
        let binary = try place.write([0xFF, 0xFE, 0x23, 0x00], to: "binary.txt")
        expectFailure(
            try reident("read-number", crops, "--model", model, "--prompts", binary),
            code: 65, saying: [binary, "no text in UTF-8"])
        expectFailure(
            try reident("read-number", crops, "--model", model, "--prompts", place.file("none")),
            code: 66, saying: [place.file("none")])
        expectFailure(
            try reident("read-number", crops, "--model", model, "--at-precision", "2"), code: 64,
            saying: ["--at-precision"])
        let players = try place.players("players", count: 2)
        expectFailure(
            try reident("score-numbers", players, "--model", model), code: 65,
            saying: [players, "no crop has a number"])
    }
}
