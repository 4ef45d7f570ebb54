// `train-locator`: a package learns where numbers are, reads through it, and hands it on.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite("Train a locator", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct TrainLocatorTests {
    /// Rendered players, most of them with a number from near.
    private func crops(_ place: Workplace) throws -> String {
        let run = try reident(
            "synthesize", "--out", place.file("crops"), "--players", "110", "--test-players", "10",
            "--images-per-player", "2", "--close-ups", "1", "--cameras", "6", "--seed", "77")
        #expect(run.status == 0, "\(run.errors)")
        return place.file("crops")
    }

    @Test("it is written, measured, read through, and stays when the package is converted")
    func learns() throws {
        let place = try Workplace()
        let (data, model) = (try crops(place), try place.textModel())
        let untaught = try reident("train-locator", data, "--model", model, "--check")
        expectFailure(untaught, code: 65, saying: [model, "train-locator"])
        let fit = try reident("score-numbers", data, "--model", model, "--calibrate")
        #expect(fit.status == 0, "\(fit.errors)")

        let run = try reident(
            "train-locator", data, "--model", model, "--epochs", "8", "--batch-size", "16", "--json"
        )
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("--calibrate"))
        let score = try run.object()
        let shown = try #require(score["shown"] as? Int)
        let count = try #require(score["crops"] as? Int)
        // Of crops cut to the number more than half lies in any part around the middle.
        #expect(count > 5 && shown * 2 > count, "\(score)")
        #expect(FileManager.default.fileExists(atPath: "\(model)/\(NumberLocator.packageFile)"))

        let check = try reident("train-locator", data, "--model", model, "--check", "--json")
        #expect(check.status == 0, "\(check.errors)")
        #expect(try check.object()["crops"] as? Int ?? 0 > 5)
        // What was calibrated without it does not hold with it.
        let read = try reident("read-number", "\(data)/test", "--model", model, "--json")
        #expect(read.status == 0 && read.errors.contains("not calibrated"), "\(read.errors)")
        let shirt = try reident(
            "read-number", "\(data)/test", "--model", model, "--view", "whole", "--json")
        #expect(shirt.status == 0, "\(shirt.errors)")
        #expect(shirt.output != read.output)

        let converted = try reident(
            "models", "convert", model, "--weights", "fp16", "--out", place.file("half"))
        #expect(converted.status == 0, "\(converted.errors)")
        let kept = try ModelPackage.open(place.file("half")).numberLocator()
        #expect(try kept?.layers == ModelPackage.open(model).numberLocator()?.layers)
        let inspected = try reident("models", "inspect", place.file("half"))
        #expect(inspected.output.contains("number locator"))
    }

    @Test("crops whose number is nowhere, too few, and a damaged locator are refused")
    func refuses() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let players = try place.players("players", count: 2)
        expectFailure(
            try reident("train-locator", players, "--model", model), code: 65,
            saying: [players, "number_box"])
        try place.image("few/a.png", seed: 1)
        try place.write(
            "path,identity,camera,split,role,number,number_box\na.png,1,,train,,7,2 2 5 5\n",
            to: "few/manifest.csv")
        expectFailure(
            try reident("train-locator", place.file("few"), "--model", model), code: 65,
            saying: [place.file("few"), "of 1 crops"])
        try place.write("nothing", to: "text-model/\(NumberLocator.packageFile)")
        expectFailure(
            try reident("read-number", players, "--model", model), code: 65,
            saying: [NumberLocator.packageFile])
        expectFailure(
            try reident("train-locator", players, "--model", model, "--lr", "0"), code: 64,
            saying: ["--lr"])
    }
}
