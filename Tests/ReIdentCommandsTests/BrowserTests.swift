// Pages in a real browser: nothing on the console, nothing asked of the network, nothing that
// sticks out of a narrow window.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite(
    "Pages in a browser", .enabled(if: Engine.isAvailable, EngineRequirement.reason),
    .enabled(if: Browser.program != nil, Browser.reason))
struct BrowserTests {
    private func expectQuiet(_ path: String, _ name: String) throws {
        for (width, isDark) in [(1_400, false), (420, true)] {
            let visit = try Browser.visit(path, width: width, isDark: isDark)
            #expect(visit.console.isEmpty, "\(name): \(visit.console)")
            #expect(visit.requests.isEmpty, "\(name): \(visit.requests)")
            #expect(visit.width > 0 && visit.width <= visit.windowWidth, "\(name) at \(width)")
        }
    }

    @Test("a page with an error, a request and something wide is noticed")
    func control() throws {
        let page = """
            <!DOCTYPE html><html><body><div style="width: 3000px">wide</div>
            <img src="http://127.0.0.1:9/picture.png" alt=""><script>nothing.here()</script>
            """
        let place = try Workplace()
        let path = try place.write(page, to: "control.html")
        let visit = try Browser.visit(path, width: 800)
        #expect(visit.console.contains { $0.contains("nothing is not defined") })
        #expect(visit.requests.contains("http://127.0.0.1:9/picture.png"))
        #expect(visit.width >= 3_000 && visit.windowWidth < 3_000)
    }

    @Test("reports of one model, of two and of a pilot, and pages of searches and training")
    func pages() throws {
        let place = try Workplace()
        let (first, second) = (try place.model(), try place.model("other", seed: 2))
        let data = place.file("players")
        func run(_ arguments: String...) throws {
            let result = try BuiltProgram.run(arguments)
            #expect(result.status == 0, "\(arguments): \(result.errors)")
        }
        try run(
            "synthesize", "--out", data, "--players", "4", "--test-players", "8",
            "--images-per-player", "4", "--team-size", "3")
        try run("calibrate", data, "--model", second)
        try run("report", data, "--model", first, "--out", place.file("one"), "--explain", "1")
        try run(
            "report", data, "--model", first, "--compare", second, "--out", place.file("two"),
            "--quick", "--explain", "0")
        try run(
            "report", "--pilot", "\(data)/test", "--model", second, "--out", place.file("pilot"))
        try run("evaluate", data, "--model", first, "--sheets", place.file("sheets"))
        try run(
            "train", data, "--model", first, "--out", place.file("run"), "--batch-size", "2",
            "--epochs", "1", "--validation", "0")
        for name in ["one/index.html", "two/index.html", "pilot/index.html", "sheets/index.html"] {
            try expectQuiet(place.file(name), name)
        }
        try expectQuiet(place.file("run/curves.html"), "curves.html")
    }
}
