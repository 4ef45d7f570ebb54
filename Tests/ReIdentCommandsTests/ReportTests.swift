// `report`: one page that needs nothing else, with one model and with two.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite("Report", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct ReportTests {
    private let place: Workplace
    private let model: String
    private let data: String

    init() throws {
        place = try Workplace()
        model = try place.model()
        data = place.file("players")
        let run = try reident(
            "synthesize", "--out", data, "--players", "2", "--test-players", "8",
            "--images-per-player", "4", "--team-size", "3")
        #expect(run.status == 0, "\(run.errors)")
    }

    private func page(_ folder: String) throws -> String {
        try String(contentsOfFile: "\(folder)/index.html", encoding: .utf8)
    }

    @Test("holds figures, curves, sheets and explanations, and asks nothing of the network")
    func report() throws {
        let out = place.file("report")
        let run = try reident(
            "report", data, "--model", model, "--out", out, "--explain", "1", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        #expect(object["page"] as? String == "\(out)/index.html")
        let figures = try #require((object["figures"] as? [[String: Any]])?.first)
        let precision = try #require(figures["mAP"] as? Double)
        #expect(try place.names(in: "report") == ["index.html"])
        let page = try page(out)
        #expect(page.contains(String(format: "<b>%.1f %%</b>", 100 * precision)))
        for title in [
            "(CMC)", "Precision and recall", "(DET)", "Similarities of pairs", "What blur costs",
            "What few pixels cost", "players on a plane", "Found best", "Found worst",
            "by the camera of the query", "not calibrated", "reident report",
        ] {
            #expect(page.contains(title), "no \(title)")
        }
        // Nothing is fetched: pictures are in the page, and there are no scripts or style sheets.
        for word in ["src=\"http", "href=\"http", "<script", "<link rel=\"stylesheet", "url("] {
            #expect(!page.contains(word), "\(word)")
        }
        #expect(page.contains("src=\"data:image/png;base64,"))
        // Whoever sees no pictures is told what they show.
        let images = page.components(separatedBy: "<img ").dropFirst()
        #expect(!images.isEmpty && images.allSatisfy { $0.contains("alt=\"S") })
        let plots = page.components(separatedBy: "<svg ").dropFirst()
        #expect(plots.count >= 7 && plots.allSatisfy { $0.contains("<desc>") })
        #expect(page.components(separatedBy: "<h1>").count == 2)
        let again = try reident("report", data, "--model", model, "--out", out)
        expectFailure(again, code: 73, saying: [out, "--force"])
    }

    @Test("puts a second package beside the first, with thresholds where one is calibrated")
    func compared() throws {
        let other = try place.model("other", seed: 2)
        #expect(try reident("calibrate", data, "--model", other).status == 0)
        let out = place.file("both")
        let run = try reident(
            "report", data, "--model", model, "--compare", other, "--out", out, "--quick",
            "--explain", "0")
        #expect(run.status == 0, "\(run.errors)")
        let page = try page(out)
        #expect(page.contains("<th scope=\"col\">model</th>"))
        #expect(page.contains("<th scope=\"col\">other</th>"))
        #expect(page.contains("other: calibrated on 8 players"))
        #expect(page.contains("model: The package is not calibrated"))
        #expect(!page.contains("What blur costs") && !page.contains("Why player"))
    }

    @Test("a part without anybody to find is refused, and nothing is written")
    func refused() throws {
        let out = place.file("none")
        let run = try reident(
            "report", data, "--model", model, "--split", "challenge", "--out", out)
        expectFailure(run, code: 65, saying: ["challenge"])
        let models = try reident("report", data, "--model", place.file("no"), "--out", out)
        expectFailure(models, code: 66, saying: [place.file("no")])
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test("crops without labels are judged: quality, copies, groups and what to change")
    func pilot() throws {
        let folder = place.file("footage")
        let files = FileManager.default
        try files.copyItem(atPath: "\(data)/test", toPath: folder)
        // Half of the crops again, and one that is none.
        let names = try files.contentsOfDirectory(atPath: folder).sorted()
        for name in names.prefix(names.count / 2) {
            try files.copyItem(atPath: "\(folder)/\(name)", toPath: "\(folder)/again-\(name)")
        }
        try Data("no picture".utf8).write(to: URL(filePath: "\(folder)/broken.png"))
        let out = place.file("pilot")
        let run = try reident(
            "report", "--pilot", folder, "--model", model, "--out", out, "--json")
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        #expect(object["crops"] as? Int == names.count + names.count / 2)
        #expect((object["bad_images"] as? [Any])?.count == 1)
        #expect((object["copies"] as? Int ?? 0) >= names.count / 2)
        #expect((object["groups"] as? Int ?? 0) >= 2)
        let advice = try #require(object["advice"] as? [[String: String]])
        #expect(advice.contains { $0["finding"]?.contains("copies") == true })
        let page = try page(out)
        for title in [
            "What to change", "Height", "Blur", "Near-duplicates", "The largest groups",
            "crops on a plane", "1 images could not be read", "not calibrated", "report --pilot",
        ] {
            #expect(page.contains(title), "no \(title)")
        }
        let neither = try reident("report", "--model", model, "--out", place.file("x"))
        expectFailure(neither, code: 64, saying: ["--pilot"])
        let both = try reident(
            "report", data, "--pilot", folder, "--model", model, "--out", place.file("x"))
        expectFailure(both, code: 64, saying: ["--pilot"])
        let compared = try reident(
            "report", "--pilot", folder, "--model", model, "--compare", model, "--out",
            place.file("x"))
        expectFailure(compared, code: 64, saying: ["--compare"])
        try files.createDirectory(atPath: place.file("empty"), withIntermediateDirectories: false)
        let empty = try reident(
            "report", "--pilot", place.file("empty"), "--model", model, "--out", place.file("x"))
        expectFailure(empty, code: 65, saying: [place.file("empty")])
        #expect(!files.fileExists(atPath: place.file("x")))
    }
}
