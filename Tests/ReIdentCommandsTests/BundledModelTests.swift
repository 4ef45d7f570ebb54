// The model that comes with the project: small, sound, and of use on players it has never seen.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite("Bundled model", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct BundledModelTests {
    private static let model = SharedData.projectRoot.appending(path: "Models/reident-tiny").path

    @Test("takes at most 16 MB, is sound, and says where it comes from")
    func sound() throws {
        let run = try reident("models", "inspect", Self.model, "--json")
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        #expect(object["sound"] as? Bool == true)
        #expect(object["text_side"] as? Bool == true)
        #expect(object["vocabulary"] as? String == "merges.txt")
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.model)
        let bytes = try files.reduce(0) {
            $0 + (try Data(contentsOf: URL(filePath: "\(Self.model)/\($1)"))).count
        }
        #expect(bytes <= 16_000_000, "\(bytes)")
        let settings = try ModelPackage.open(Self.model).settings
        #expect(settings.provenance.kind == .trained)
        // Nobody real was trained on, so nobody has to be warned of.
        #expect(settings.trainedIdentities.isEmpty && settings.trainedCrops.isEmpty)
        #expect(settings.numberReading != nil && settings.decisions != nil)
        #expect(object["number_locator"] as? Bool == true)
    }

    @Test("reads most shirt numbers, from near and of whole players", arguments: ["1", "0"])
    func reads(closeUps: String) throws {
        let place = try Workplace()
        let rendered = try reident(
            "synthesize", "--out", place.file("near"), "--players", "0", "--test-players", "40",
            "--images-per-player", "2", "--team-size", "2", "--close-ups", closeUps, "--seed",
            "9001", "--cameras", "20")
        #expect(rendered.status == 0, "\(rendered.errors)")
        let run = try reident(
            "score-numbers", place.file("near"), "--model", Self.model, "--json")
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        let (right, visible) = (
            try #require(object["right"] as? Int), try #require(object["visible"] as? Int)
        )
        #expect(visible > 25 && right * 10 > visible * 8, "\(right) of \(visible)")
        #expect(object["calibrated"] as? Bool == true)
    }

    @Test("ranks crops of unseen players far better than chance")
    func ranks() throws {
        let place = try Workplace()
        let rendered = try reident(
            "synthesize", "--out", place.file("players"), "--players", "0", "--test-players", "30",
            "--images-per-player", "4", "--team-size", "1", "--seed", "9002")
        #expect(rendered.status == 0, "\(rendered.errors)")
        let run = try reident("evaluate", place.file("players"), "--model", Self.model, "--json")
        #expect(run.status == 0, "\(run.errors)")
        let precision = try #require(try run.object()["mAP"] as? Double)
        #expect(precision > 0.3, "\(precision)")
    }
}
