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
}
