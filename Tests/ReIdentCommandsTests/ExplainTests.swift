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
        ] as [([String], Int32, String)] {
            let run = try BuiltProgram.run(
                ["explain"] + arguments + ["--model", model, "--out", place.file("why.png")])
            expectFailure(run, code: code, saying: [words])
            #expect(!FileManager.default.fileExists(atPath: place.file("why.png")))
        }
    }
}
