// Data sets and lists of pairs that are wrong, each refused with its line or its player.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

@Suite("Bad data sets")
struct BadDatasetTests {
    private static let header = "path,identity,camera,split,role"

    @Test(
        "a manifest's fault is named with its line",
        arguments: [
            ("path,identity,split,role\na.png,1,train,\n", "line 1: the column 'camera'"),
            ("", "is empty"),
            ("\(header),kit\na.png,1,,train,,red\n", "line 1: the column 'kit' is unknown"),
            ("\(header),path\na.png,1,,train,,a.png\n", "line 1: the column 'path' comes twice"),
            ("\(header)\na.png,1,,train\n", "line 2: has 4 fields"),
            ("\(header)\na.png,1,,train,\nb.png,1,,validation,\n", "line 3: the split"),
            ("\(header)\na.png,1,,test,probe\n", "line 2: the role"),
            ("\(header)\na.png,,,test,query\n", "line 2: the identity is empty"),
            ("\(header),others\na.png,1,,train,,half\n", "line 2: others is 'half'"),
            ("\(header),others\na.png,1,,train,,1.5\n", "line 2: others is '1.5'"),
            (
                "\(header),number_box\na.png,1,,train,,1 2 3\n",
                "line 2: number_box is '1 2 3'"
            ),
            (
                "\(header),number_box\na.png,1,,train,,1 2 0 3\n",
                "line 2: number_box is '1 2 0 3'"
            ),
            ("\(header)\n../a.png,1,,test,query\n", "line 2: the path"),
            ("\(header)\nmissing.png,1,,test,query\n", "line 2: there is no file"),
            ("\(header)\n\"a.png,1,,test,query\n", "line 2: a quote is opened"),
            (
                "\(header)\na.png,1,,test,query\n./a.png,1,,test,gallery\n",
                "line 3: the path 'a.png' was on line 2 already"
            ),
        ])
    func manifest(text: String, fault: String) throws {
        let place = try Workplace()
        try place.image("data/a.png", seed: 1)
        try place.image("data/b.png", seed: 2)
        try place.write(text, to: "data/manifest.csv")
        expectFailure(
            try reident(
                "evaluate", place.file("data"), "--model", place.model(),
                environment: withoutEngine),
            code: 65, saying: ["manifest.csv", fault])
    }

    @Test("a player on both sides of a split is refused by name, in every layout that can have one")
    func bothSides() throws {
        let place = try Workplace()
        for name in ["a", "b", "c"] { try place.image("manifest/\(name).png", seed: 1) }
        try place.write(
            "\(Self.header)\na.png,seven,,train,\nb.png,seven,,test,query\n"
                + "c.png,seven,,test,gallery\n", to: "manifest/manifest.csv")
        try place.image("market/bounding_box_train/0007_c1s1_000001_00.jpg", seed: 1)
        try place.image("market/query/0007_c1s1_000002_00.jpg", seed: 2)
        try place.image("market/bounding_box_test/0007_c2s1_000003_00.jpg", seed: 3)
        for (data, player) in [("manifest", "'seven'"), ("market", "7'")] {
            expectFailure(
                try reident(
                    "evaluate", place.file(data), "--model", place.model(data + "-model"),
                    environment: withoutEngine),
                code: 65, saying: [data, player, "give each player one part"])
        }
    }

    @Test("queries of whom the gallery has no image are refused before anything is embedded")
    func noMatch() throws {
        let place = try Workplace()
        for name in ["a", "b"] { try place.image("data/\(name).png", seed: 1) }
        try place.write(
            "\(Self.header)\na.png,1,,test,query\nb.png,2,,test,gallery\n", to: "data/manifest.csv")
        expectFailure(
            try reident(
                "evaluate", place.file("data"), "--model", place.model(),
                environment: withoutEngine),
            code: 65, saying: ["None of the 1 queries", "identities are written the same way"])
    }

    @Test("one image a player leaves nothing to search in, and evaluation says so")
    func oneImageEach() throws {
        let place = try Workplace()
        let data = try place.players("players", count: 6, images: 1)
        expectFailure(
            try reident("evaluate", data, "--model", place.model(), environment: withoutEngine),
            code: 65, saying: [data, "0 gallery images"])
    }

    @Test(
        "one image a player, or fewer players than the batch, are sentences before training begins",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason))
    func tooFewForTraining() throws {
        let place = try Workplace()
        let model = try place.model()
        for (images, sentence) in [(1, "(6 others have one image)"), (2, "at most 6")] {
            let data = try place.players("players\(images)", count: 6, images: images)
            expectFailure(
                try reident(
                    "train", data, "--model", model, "--out", place.file("run"),
                    "--test-identities", "0", "--validation", "0"),
                code: 65, saying: ["A batch of 16 pairs", sentence])
        }
        #expect(try place.names() == ["model", "players1", "players2", "tiny.json"])
    }

    @Test(
        "a list of pairs is refused by line and column",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason),
        arguments: [
            ("step,query\n1,player0/0.png\n", "line 1: the column 'gallery' is missing"),
            ("step,query,gallery\nx,player0/0.png,player0/1.png\n", "line 2: the step 'x'"),
            ("step,query,gallery\n1,player0/0.png,player9/1.png\n", "line 2: the gallery 'player9"),
            ("step,query,gallery\n1,/etc/passwd,player0/1.png\n", "line 2: the query '/etc"),
            ("step,query,gallery\n", "no rows"),
        ])
    func pairs(text: String, fault: String) throws {
        let place = try Workplace()
        let data = try place.players("players", count: 2)
        let pairs = try place.write(text, to: "pairs.csv")
        expectFailure(
            try reident(
                "train", data, "--model", place.model(), "--out", place.file("run"), "--pairs",
                pairs),
            code: 65, saying: ["pairs.csv", fault])
        #expect(!FileManager.default.fileExists(atPath: place.file("run")))
    }

    @Test(
        "a distance matrix is refused by line, column or tensor",
        arguments: [
            ("0,1,2\n1,0.1,0.2,0.3\n", "line 2"), ("0\n", "gallery's ids are missing"),
            ("7,1,2\n1,0.1,0.2\n", "line 1, column 1"), ("0,1,2\n1,nan,0.2\n", "line 2, column 2"),
            ("0,1,2\n1,0.1,1e999\n", "line 2, column 3"), ("0,1,2\n", "no query"),
            ("0,1,2\n1,,0.2\n", "line 2, column 2"),
        ])
    func distances(text: String, fault: String) throws {
        let place = try Workplace()
        let file = try place.write(text, to: "distances.csv")
        expectFailure(try reident("score", file), code: 65, saying: ["distances.csv", fault])
    }
}
