// Data sets recognised by their folders.
//
// SPDX-License-Identifier: MIT

import ReIdentData
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@Suite("Layouts of data sets")
struct LayoutTests {
    let builder: DatasetBuilder

    init() throws { builder = try DatasetBuilder() }

    private static let synergy = [
        "reid_training/0001_0001_00.jpeg", "reid_training/0001_0001_01.jpeg",
        "reid_training/0002_0001_00.png", "reid_test/query/0437_0100_00.jpeg",
        "reid_test/gallery/0437_0100_05.jpg", "reid_test/gallery/0438_0100_05.jpeg",
        "reid_challenge/query/9.jpeg", "reid_challenge/query/10.jpeg",
        "reid_challenge/gallery/400.jpeg", "reid_challenge/gallery/2.jpeg",
    ]

    @Test("SynergyReID is read from a folder, a zip archive and one with a folder around it")
    func readsSynergy() throws {
        try builder.add(Self.synergy)
        let datasets = [
            try builder.read(), try builder.readZip(Self.synergy),
            try builder.readZip(
                ["data_reid/"] + Self.synergy.map { "data_reid/\($0)" } + ["data_reid/.DS_Store"]),
        ]
        for dataset in datasets {
            #expect(dataset.format == .synergyReID)
            #expect(Set(dataset.images.map(\.path)) == Set(Self.synergy))
            #expect(dataset.train.map(\.identity) == ["0001", "0001", "0002"])
            let test = try dataset.retrieval(in: .test)
            #expect(test.isLabelled)
            #expect(test.queryIdentities == ["0437"])
            #expect(test.galleryIdentities == ["0437", "0438"])
            #expect(test.queryCameras == ["0"] && test.galleryCameras == ["1", "1"])
            let challenge = try dataset.retrieval(in: .challenge)
            #expect(!challenge.isLabelled)
            #expect(challenge.queries.map(\.submissionIdentity) == ["9", "10"])
            #expect(challenge.gallery.map(\.submissionIdentity) == ["2", "400"])
            #expect(test.queries.first?.submissionIdentity == "437")
            for image in dataset.images {
                let bytes = try image.source.read()
                #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(image.path))
            }
        }
        #expect(datasets[2].skipped.map(\.count) == [1])
        #expect(
            datasets[2].images.allSatisfy { $0.description.contains("data.zip:data_reid/reid_") })
    }

    @Test("challenge ids that are also in the training part are no players")
    func challengeNumbersCollide() throws {
        try builder.add([
            "reid_training/0001_0001_00.jpeg", "reid_challenge/query/0001_0001_00.jpeg",
            "reid_challenge/gallery/0001_0001_01.jpeg",
        ])
        #expect(try !builder.read().retrieval(in: .challenge).isLabelled)
    }

    @Test("a challenge part whose queries are all in its gallery by full names is labelled")
    func challengeIsLabelled() throws {
        try builder.add([
            "reid_challenge/query/0501_0001_00.jpeg", "reid_challenge/gallery/0501_0001_01.jpeg",
            "reid_challenge/gallery/0502_0001_01.jpeg",
        ])
        #expect(try builder.read().retrieval(in: .challenge).isLabelled)
    }

    @Test("what SynergyReID does not name is skipped with its reason")
    func synergySkips() throws {
        try builder.add([
            "reid_training/0001_0001_00.jpeg", "reid_training/0001.jpeg",
            "reid_training/_0001_01.jpeg", "banner.png", "readme.md",
        ])
        let skipped = try builder.read().skipped
        #expect(skipped.map(\.count) == [1, 1, 2])
        #expect(skipped.last?.reason.contains("<player>_<sequence>_<frame>") == true)
    }

    @Test("Market-1501 drops identity -1, keeps 0000 as distractor and reads cameras")
    func readsMarket() throws {
        try builder.add([
            "bounding_box_train/0002_c1s1_000451_03.jpg",
            "bounding_box_train/0002_c2s1_000451_03.jpg", "query/0001_c1s1_001051_00.jpg",
            "bounding_box_test/0001_c3s1_000001_01.jpg.jpg",
            "bounding_box_test/0000_c4s1_000001_01.jpg", "bounding_box_test/-1_c5s1_000001_01.jpg",
            "bounding_box_test/Thumbs.db", "bounding_box_test/photo.jpg",
            "gt_query/0001_c1s1_001051_00_good.png",
        ])
        let dataset = try builder.read()
        #expect(dataset.format == .market1501)
        #expect(dataset.train.map(\.camera) == ["1", "2"])
        let retrieval = try dataset.retrieval(in: .test)
        #expect(retrieval.queryIdentities == ["0001"])
        #expect(retrieval.galleryIdentities == [nil, "0001"])
        #expect(retrieval.queryCameras == ["1"] && retrieval.galleryCameras == ["4", "3"])
        #expect(dataset.skipped.map(\.count) == [1, 1, 1, 1])
        #expect(dataset.skipped.contains { $0.reason.contains("-1") })
        #expect(
            dataset.summary == """
                \(builder.path): Market-1501
                  part   players  images  cameras  queries  gallery  distractors
                  train        1       2        2        -        -            -
                  test         1       3        3        1        1            1
                skipped: 1 no images by their name (bounding_box_test/Thumbs.db)
                skipped: 1 with identity -1, false boxes of the detector \
                (bounding_box_test/-1_c5s1_000001_01.jpg)
                skipped: 1 outside the folders of Market-1501 \
                (gt_query/0001_c1s1_001051_00_good.png)
                skipped: 1 not named <identity>_c<camera>s<sequence>_<frame>_<box> \
                (bounding_box_test/photo.jpg)
                """)
    }

    @Test("a Market-1501 player in training and test is refused by name")
    func marketOverlap() throws {
        try builder.add([
            "bounding_box_train/0002_c1s1_000451_03.jpg", "query/0002_c1s1_001051_00.jpg",
            "bounding_box_test/0002_c3s1_000001_01.jpg",
        ])
        expectFailure(.badData, saying: "'0002'") { _ = try builder.read() }
    }

    /// Ten players of four images, in folders, and one player of one.
    private func addPlayers() throws {
        for player in 0..<10 {
            try builder.add((0..<4).map { "player \(player)/deep/\($0).png" })
        }
        try builder.add(["single/only.png", "loose.png"])
    }

    @Test("one folder a player is split by player, the first image of each test player as query")
    func readsFolders() throws {
        try addPlayers()
        let dataset = try builder.read()
        #expect(dataset.format == .folderPerPlayer)
        let retrieval = try dataset.retrieval(in: .test)
        #expect(retrieval.queries.count == 3 && retrieval.gallery.count == 9)
        #expect(retrieval.queries.allSatisfy { $0.path.hasSuffix("/0.png") })
        #expect(Set(retrieval.queryIdentities) == Set(retrieval.gallery.map(\.identity)))
        #expect(retrieval.queryCameras == nil)
        #expect(dataset.train.count == 29)
        #expect(dataset.notes.contains { $0.contains("'single'") })
        #expect(dataset.skipped.map(\.examples) == [["loose.png"]])
    }

    @Test("the seed decides who is in the test part, and the share how many")
    func splitsBySeed() throws {
        try addPlayers()
        func players(_ seed: UInt64, share: Double = 0.3) throws -> [String] {
            try builder.read(.init(testShare: share, seed: seed)).queries(in: .test)
                .map(\.identity)
        }
        #expect(try players(1) == players(1))
        #expect(try (2..<8).contains { try players($0) != players(1) })
        #expect(try players(1, share: 0).isEmpty)
        #expect(try players(1, share: 0.01).count == 1)
        #expect(try players(1, share: 0.99).count == 9)
        #expect(try players(1, share: 1).count == 10)
        expectFailure(.usage, saying: "1.5") { _ = try players(1, share: 1.5) }
    }

    @Test(
        "an unknown folder is a sentence with the layouts and what was found",
        arguments: [
            ([], "holds no images"),
            (["notes.txt"], "holds no images"),
            (["a.png", "b.png"], "'a.png', 'b.png'"),
            (["only/1.png", "only/2.png"], "'only/'"),
            (["train/a/1.png", "test/b/1.png"], "'test/', 'train/'"),
            (["query/a.png", "gallery/b.png"], "'gallery/'"),
            (["data/reid_training/0001_0001_00.jpeg"], "Name the folder 'data'"),
            (["x/manifest.csv", "x/1.png"], "Name the folder 'x'"),
            (
                ["reid_training/0001_0001_00.jpeg", "bounding_box_train/0002_c1s1_000451_03.jpg"],
                "both SynergyReID and Market-1501"
            ),
        ])
    func refusesUnknown(files: [String], found: String) throws {
        try builder.add("placeholder", "")
        try builder.add(files)
        expectFailure(
            .badData, saying: builder.path, "manifest.csv", "reid_training", "bounding_box_train",
            "one folder a player", found
        ) { _ = try builder.read() }
    }

    @Test("a missing path, a file that is no archive and a broken archive have their exit codes")
    func refusesPaths() throws {
        expectFailure(.inputNotFound, saying: builder.path) { _ = try builder.read() }
        try builder.add(["a.png", "b.zip"])
        expectFailure(.badData, saying: "a.png", ".zip") {
            _ = try Dataset(path: builder.path + "/a.png")
        }
        expectFailure(.badData, saying: "b.zip") {
            _ = try Dataset(path: builder.path + "/b.zip")
        }
    }

    @Test("a part without queries is refused with the parts that have some")
    func namesParts() throws {
        try builder.add([
            "reid_test/query/0437_0100_00.jpeg", "reid_test/gallery/0437_0100_01.jpeg",
        ])
        let dataset = try builder.read()
        expectFailure(.badData, saying: "'challenge'", "Parts with queries: test") {
            _ = try dataset.retrieval(in: .challenge)
        }
    }
}

@Suite("Real data sets")
struct RealDataTests {
    @Test(
        "market1501-mini has the players, images and cameras it is described with",
        .enabled(if: SharedData.has("market1501-mini"), SharedData.reason))
    func marketMini() throws {
        let dataset = try Dataset(path: SharedData.path("market1501-mini"))
        #expect(dataset.format == .market1501)
        #expect(dataset.train.count == 3_535)
        #expect(Set(dataset.train.map(\.identity)).count == 200)
        let retrieval = try dataset.retrieval(in: .test)
        #expect(retrieval.queries.count == 269 && retrieval.gallery.count == 776)
        #expect(Set(retrieval.queryIdentities).count == 60)
        #expect(Set(dataset.images.compactMap(\.camera)) == ["1", "2", "3", "4", "5", "6"])
        #expect(dataset.skipped.flatMap(\.examples) == ["SOURCE.txt"])

        let split = try dataset.validationSplit(share: 0.1, seed: 1)
        #expect(split.identities.count == 20)
        let kept = split.validation.queries.count + split.validation.gallery.count
        #expect(split.training.count + kept == 3_535)
        for sampler in [
            try GreedyPairSampler(
                images: dataset.train, batchSize: 16, generator: .init(seed: 1)),
            try FillingPairSampler(
                images: dataset.train, batchSize: 16, generator: .init(seed: 1)),
        ] as [any PairSampler] {
            var sampler = sampler
            #expect(try sampler.epoch().count > 200)
        }
    }

    @Test(
        "the SynergyReID banner crops are read as its test part",
        .enabled(if: SharedData.has("synergyreid-banner"), SharedData.reason))
    func banner() throws {
        let dataset = try Dataset(path: SharedData.path("synergyreid-banner"))
        #expect(dataset.format == .synergyReID)
        let retrieval = try dataset.retrieval(in: .test)
        #expect(retrieval.queryIdentities == ["0000", "0001", "0002", "0003"])
        #expect(retrieval.gallery.count == 12)
        #expect(dataset.skipped.map(\.count) == [1, 1])
    }
}
