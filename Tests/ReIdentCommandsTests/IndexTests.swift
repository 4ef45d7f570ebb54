// `index`: built, changed and searched; other models' vectors and damage are refused.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite("Index", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct IndexTests {
    private func build(
        _ place: Workplace, model: String, from folder: String, to name: String = "g.index"
    ) throws -> String {
        let run = try reident(
            "index", "build", folder, "--model", model, "--out", place.file(name), "--json")
        #expect(run.status == 0, "\(run.errors)")
        return place.file(name)
    }

    private func info(_ index: String) throws -> [String: Any] {
        let run = try reident("index", "info", index, "--paths", "--json")
        #expect(run.status == 0, "\(run.errors)")
        return try run.object()
    }

    private func paths(_ index: String) throws -> [String] {
        (try info(index)["entries"] as? [[String: Any]] ?? []).compactMap { $0["path"] as? String }
    }

    @Test("a search in an index finds what a search in its folder finds")
    func search() throws {
        let place = try Workplace()
        let model = try place.model()
        let folder = try place.players("players", count: 3)
        let query = try place.image("query.png", seed: 201)
        let inside = folder + "/player1/2.png"
        let index = try build(place, model: model, from: folder)
        let description = try info(index)
        #expect(description["images"] as? Int == 9)
        #expect(description["identities"] as? Int == 3)
        #expect(description["dimension"] as? Int == 32)
        #expect(description["package"] as? String == model)
        #expect(description["model"] as? String == (try ModelPackage.open(model).fingerprint()))
        let inFolder = try reident(
            "search", query, inside, "--gallery", folder, "--model", model, "--json")
        let inIndex = try reident(
            "search", query, inside, "--gallery", index, "--model", model, "--json")
        #expect(inIndex.status == 0, "\(inIndex.errors)")
        #expect(inIndex.output == inFolder.output)
        #expect(!inIndex.errors.contains("gallery"))
    }

    @Test("images are added, replaced and removed, from any folder and without their files")
    func changes() throws {
        let place = try Workplace()
        let model = try place.model()
        let folder = try place.players("players", count: 2)
        let index = try build(place, model: model, from: folder)
        try place.image("new.png", seed: 77)
        let added = try reident(
            "index", "add", "g.index", "new.png", "players/player0/../player0/1.png",
            "--identity", "somebody", "--json", in: place.path)
        #expect(added.status == 0, "\(added.errors)")
        #expect(try added.object()["added"] as? Int == 1)
        #expect(try added.object()["replaced"] as? Int == 1)
        #expect(try paths(index).last == place.file("new.png"))
        #expect(try info(index)["identities"] as? Int == 3)

        try FileManager.default.removeItem(atPath: place.file("new.png"))
        let removed = try reident(
            "index", "remove", "g.index", "./new.png", "players/player1", "--json",
            in: place.path)
        #expect(removed.status == 0, "\(removed.errors)")
        #expect(try removed.object()["removed"] as? Int == 4)
        #expect(
            try paths(index).map { URL(filePath: $0).lastPathComponent }
                == ["0.png", "1.png", "2.png"])
        let before = try Data(contentsOf: URL(filePath: index))
        let again = try reident("index", "remove", index, place.file("new.png"))
        expectFailure(again, code: 66, saying: ["new.png", "nothing was removed"])
        #expect(try Data(contentsOf: URL(filePath: index)) == before)
        #expect(try place.names() == ["g.index", "model", "players", "tiny.json"])
    }

    @Test("vectors of another model are refused with both fingerprints, by search and by add")
    func otherModel() throws {
        let place = try Workplace()
        let (model, other) = (try place.model(), try place.model("other", seed: 2))
        let folder = try place.players("players", count: 2)
        let index = try build(place, model: model, from: folder)
        let fingerprints = try [model, other].map { try ModelPackage.open($0).fingerprint() }
        let image = folder + "/player0/0.png"
        expectFailure(
            try reident("search", image, "--gallery", index, "--model", other), code: 65,
            saying: fingerprints + [index])
        expectFailure(
            try reident("index", "add", index, image, "--model", other), code: 65,
            saying: fingerprints)
        expectFailure(
            try reident(
                "search", image, "--gallery", index, "--model", model, "--preprocess", "clip"),
            code: 65, saying: ["--preprocess 'letterbox'", "'clip'"])
        try FileManager.default.moveItem(atPath: model, toPath: place.file("moved"))
        expectFailure(
            try reident("index", "add", index, image), code: 66, saying: [model, "--model"])
        let found = try reident("index", "add", index, image, "--model", place.file("moved"))
        #expect(found.status == 0, "\(found.errors)")
    }

    @Test("a search embeds its queries as the index was embedded")
    func settings() throws {
        let place = try Workplace()
        let model = try place.model()
        let folder = try place.players("players", count: 2)
        let built = try reident(
            "index", "build", folder, "--model", model, "--out", place.file("g.index"),
            "--preprocess", "stretch", "--flip-average")
        #expect(built.status == 0, "\(built.errors)")
        let query = try place.image("query.png", seed: 101)  // as player1/1.png
        let run = try reident(
            "search", query, "--gallery", place.file("g.index"), "--model", model, "--json")
        let match = try #require(
            (try run.objects().first?["matches"] as? [[String: Any]])?.first)
        #expect(match["path"] as? String == folder + "/player1/1.png")
        #expect(abs((match["similarity"] as? Double ?? 0) - 1) < Double(Tolerance.unitLength))
    }

    @Test("bad images end the work and leave nothing; --skip-bad leaves them out")
    func badImages() throws {
        let place = try Workplace()
        let model = try place.model()
        let folder = try place.players("players", count: 2)
        try place.write("no image", to: "players/player1/9.png")
        let out = place.file("g.index")
        expectFailure(
            try reident("index", "build", folder, "--model", model, "--out", out), code: 65,
            saying: ["9.png"])
        #expect(!FileManager.default.fileExists(atPath: out))
        let built = try reident(
            "index", "build", folder, "--model", model, "--out", out, "--skip-bad", "--json")
        #expect(try built.object()["images"] as? Int == 6)
        #expect((try built.object()["bad_images"] as? [Any])?.count == 1)
        expectFailure(
            try reident("index", "build", folder, "--model", model, "--out", out), code: 73)
        let searched = try reident(
            "search", folder, "--gallery", folder, "--model", model, "--skip-bad", "--json")
        #expect(try searched.objects().count == 6)
        #expect(searched.errors.contains("reident: warning: left out: "))
    }

    @Test("what is no index is refused, and needs no engine")
    func refusals() throws {
        let place = try Workplace()
        try place.write("text", to: "text.index")
        let run = try reident("index", "info", place.file("text.index"))
        expectFailure(run, code: 65, saying: ["text.index"])
        expectFailure(try reident("index", "info", place.file("none")), code: 66)
        let weights = try place.model() + "/model.safetensors"
        expectFailure(
            try reident("index", "info", weights, environment: withoutEngine), code: 65,
            saying: ["is no sound index"])
    }
}
