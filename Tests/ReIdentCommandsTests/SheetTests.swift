// `search --sheet` and `evaluate --sheets`: pictures beside the results, which stay as they are.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Sheets", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct SheetTests {
    @Test("a search draws its matches and prints what it prints without a sheet")
    func search() throws {
        let place = try Workplace()
        let model = try place.model()
        let folder = try place.players("players", count: 3)
        let query = folder + "/player1/0.png"
        let sheet = place.file("sheet.png")
        let plain = try reident("search", query, "--gallery", folder, "--model", model, "--json")
        let run = try reident(
            "search", query, "--gallery", folder, "--model", model, "--json", "--sheet", sheet)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output == plain.output)
        let drawn = try ImageSource(path: sheet).decoded()
        #expect(drawn.width > 1000)  // a query and eight matches
        let again = try reident(
            "search", query, "--gallery", folder, "--model", model, "--sheet", sheet)
        expectFailure(again, code: 73, saying: [sheet, "--force"])
        let forced = try reident(
            "search", query, "--gallery", folder, "--model", model, "--sheet", sheet, "--force")
        #expect(forced.status == 0, "\(forced.errors)")
        #expect(try ImageSource(path: sheet).decoded() == drawn)
    }

    @Test("an image of an index that is gone is left blank, and said")
    func gone() throws {
        let place = try Workplace()
        let model = try place.model()
        let folder = try place.players("players", count: 2)
        let index = place.file("g.index")
        let built = try reident("index", "build", folder, "--model", model, "--out", index)
        #expect(built.status == 0, "\(built.errors)")
        let query = try place.image("query.png", seed: 5)
        try FileManager.default.removeItem(atPath: folder + "/player0/1.png")
        let run = try reident(
            "search", query, "--gallery", index, "--model", model, "--sheet",
            place.file("sheet.png"))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("reident: warning: not on the sheet: \(folder)/player0/1.png"))
    }

    @Test("an evaluation writes two sheets and a page, and prints the same figures")
    func evaluate() throws {
        let place = try Workplace()
        let model = try place.model()
        let data = try place.players("pl<ayers", count: 4)
        let sheets = place.file("sheets")
        func evaluate(_ more: String...) throws -> ProgramResult {
            try BuiltProgram.run(
                ["evaluate", data, "--model", model, "--test-identities", "1", "--json"] + more)
        }
        let plain = try evaluate()
        let run = try evaluate("--sheets", sheets)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output == plain.output)
        #expect(try place.names(in: "sheets") == ["best.png", "index.html", "worst.png"])
        for name in ["best.png", "worst.png"] {
            let image = try ImageSource(path: "\(sheets)/\(name)").decoded()
            #expect(image.width > 500)
        }
        let page = try String(contentsOfFile: sheets + "/index.html", encoding: .utf8)
        #expect(page.contains("src=\"best.png\"") && page.contains("src=\"worst.png\""))
        #expect(page.contains("alt=\"Found best: 2 queries"))
        #expect(page.contains("pl&lt;ayers") && !page.contains("pl<ayers"))
        for player in 0..<4 { #expect(page.contains("player\(player)/0.png")) }
        #expect(!page.contains("http"))

        expectFailure(try evaluate("--sheets", sheets), code: 73, saying: [sheets])
        #expect(try evaluate("--sheets", sheets, "--force").status == 0)
        expectFailure(
            try evaluate("--sheets", data, "--force"), code: 73, saying: ["does not replace it"])
    }
}
