// What the pair samplers promise, checked on data of many shapes.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentData
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

/// The two samplers, by name so that tests can take them as arguments.
enum SamplerKind: CaseIterable, Sendable {
    case greedy, filling

    func sampler(
        _ images: [PlayerImage], batchSize: Int, seed: UInt64
    ) throws -> any PairSampler {
        let generator = SeededGenerator(seed: seed)
        return switch self {
        case .greedy:
            try GreedyPairSampler(images: images, batchSize: batchSize, generator: generator)
        case .filling:
            try FillingPairSampler(images: images, batchSize: batchSize, generator: generator)
        }
    }
}

/// Training images of players with the given numbers of images, interleaved.
func trainingImages(_ counts: [Int]) -> [PlayerImage] {
    (0..<(counts.max() ?? 0)).flatMap { round in
        counts.indices.filter { counts[$0] > round }.map { player in
            let path = "\(player)/\(round).png"
            return PlayerImage(
                path: path, source: .file(path), identity: "\(player)", split: .train)
        }
    }
}

@Suite("Pair samplers")
struct PairSamplerTests {
    /// Image counts of players, and batch sizes.
    static let shapes: [(counts: [Int], batchSize: Int)] = [
        ([2, 2, 2, 2], 4), ([5, 5, 5, 5, 5, 5], 3), ([20, 2, 2, 2, 2, 2], 4),
        ([1, 1, 3, 4, 5, 1, 2], 4), ([2, 3], 1), ((0..<40).map { 2 + $0 % 7 }, 16),
        ([100] + [Int](repeating: 2, count: 30), 16), ([7, 7, 7, 1, 30], 2),
        ((0..<60).map { $0 % 13 }, 32),
    ]

    @Test(
        "every batch is full, with distinct players, and every pair is of one player",
        arguments: SamplerKind.allCases, shapes)
    func batchesAreDistinct(kind: SamplerKind, shape: (counts: [Int], batchSize: Int)) throws {
        let images = trainingImages(shape.counts)
        for seed in UInt64(0)..<8 {
            var sampler = try kind.sampler(images, batchSize: shape.batchSize, seed: seed)
            // Greedy batches may not come together on uneven data; that has its own test.
            guard let batches = try? sampler.epoch() else {
                #expect(kind == .greedy, "seed \(seed)")
                continue
            }
            for batch in batches {
                #expect(batch.count == shape.batchSize, "seed \(seed)")
                let players = Set(batch.map { images[$0.query].identity })
                #expect(players.count == shape.batchSize, "seed \(seed)")
                for pair in batch {
                    #expect(pair.query != pair.gallery, "seed \(seed)")
                    #expect(images[pair.query].identity == images[pair.gallery].identity)
                }
            }
            let queries = batches.joined().map(\.query)
            #expect(Set(queries).count == queries.count, "an image is a query twice, seed \(seed)")
        }
    }

    @Test("the filling sampler fills as many batches as there can be", arguments: shapes)
    func fillsMost(shape: (counts: [Int], batchSize: Int)) throws {
        let images = trainingImages(shape.counts)
        // Taking the players with most images left is known to be best.
        var left = shape.counts.filter { $0 >= 2 }
        var most = 0
        while true {
            left.sort(by: >)
            guard left.count >= shape.batchSize, left[shape.batchSize - 1] > 0 else { break }
            for player in 0..<shape.batchSize { left[player] -= 1 }
            most += 1
        }
        for seed in UInt64(0)..<4 {
            var filling = try FillingPairSampler(
                images: images, batchSize: shape.batchSize, generator: .init(seed: seed))
            #expect(filling.batchCount == most)
            #expect(try filling.epoch().count == most)
            #expect(try filling.epoch().count == most)
            var greedy = try GreedyPairSampler(
                images: images, batchSize: shape.batchSize, generator: .init(seed: seed))
            let greedyCount = (try? greedy.epoch())?.count ?? 0
            #expect(greedyCount <= most, "seed \(seed)")
        }
    }

    @Test("the greedy sampler stops after ten rejections in a row")
    func greedyStops() throws {
        // One pair a batch never rejects, so that every image is used.
        var everything = try SamplerKind.greedy.sampler(
            trainingImages([9, 4, 2]), batchSize: 1, seed: 1)
        #expect(try everything.epoch().count == 15)
        // Two players have 2 images and one 200: after four batches at most, only one is left.
        var uneven = try SamplerKind.greedy.sampler(
            trainingImages([200, 2, 2]), batchSize: 2, seed: 1)
        let count = (try? uneven.epoch())?.count ?? 0
        #expect(count <= 4)
    }

    @Test("the seed decides, and the next epoch is another one", arguments: SamplerKind.allCases)
    func reproduces(kind: SamplerKind) throws {
        let images = trainingImages((0..<30).map { 2 + $0 % 5 })
        var first = try kind.sampler(images, batchSize: 8, seed: 7)
        var second = try kind.sampler(images, batchSize: 8, seed: 7)
        var other = try kind.sampler(images, batchSize: 8, seed: 8)
        let epochs = [try first.epoch(), try first.epoch()]
        #expect(try epochs == [second.epoch(), second.epoch()])
        #expect(epochs[0] != epochs[1])
        #expect(try epochs[0] != other.epoch())
    }

    @Test("a stored generator continues the sequence", arguments: SamplerKind.allCases)
    func resumes(kind: SamplerKind) throws {
        let images = trainingImages((0..<30).map { 2 + $0 % 5 })
        var sampler = try kind.sampler(images, batchSize: 8, seed: 7)
        _ = try sampler.epoch()
        let stored = try JSONEncoder().encode(sampler.generator)
        let expected = [try sampler.epoch(), try sampler.epoch()]
        var resumed = try kind.sampler(images, batchSize: 8, seed: 99)
        resumed.generator = try JSONDecoder().decode(SeededGenerator.self, from: stored)
        #expect(try expected == [resumed.epoch(), resumed.epoch()])
    }

    @Test(
        "gallery images are drawn evenly from the player's others", arguments: SamplerKind.allCases)
    func drawsEvenly(kind: SamplerKind) throws {
        let images = trainingImages([5, 5])
        var sampler = try kind.sampler(images, batchSize: 1, seed: 3)
        var counts: [ImagePair: Int] = [:]
        for _ in 0..<2_000 {
            for pair in try sampler.epoch().joined() { counts[pair, default: 0] += 1 }
        }
        // 10 queries with 4 others each; 500 expected, standard deviation below 20.
        #expect(counts.count == 40)
        #expect(counts.values.allSatisfy { abs($0 - 500) < 120 })
    }

    @Test("in the filling sampler any two players meet, and every image is used sooner or later")
    func fillingMixes() throws {
        let images = trainingImages([6, 6, 6, 5, 4, 4, 3, 3, 2, 2])
        var sampler = try FillingPairSampler(
            images: images, batchSize: 4, generator: .init(seed: 2))
        var used: Set<Int> = []
        var met: Set<[String]> = []
        for _ in 0..<60 {
            for batch in try sampler.epoch() {
                used.formUnion(batch.map(\.query))
                let players = batch.map { images[$0.query].identity }.sorted()
                for (place, first) in players.enumerated() {
                    for second in players[(place + 1)...] { met.insert([first, second]) }
                }
            }
        }
        #expect(used.count == images.count)
        #expect(met.count == 45)
    }

    @Test(
        "fewer players than the batch size is a sentence with both", arguments: SamplerKind.allCases
    )
    func refusesFewPlayers(kind: SamplerKind) {
        expectFailure(.badData, saying: "16 pairs", "has 3", "2 others", "at most 3") {
            _ = try kind.sampler(trainingImages([4, 4, 4, 1, 1]), batchSize: 16, seed: 1)
        }
        expectFailure(.usage, saying: "is 0") {
            _ = try kind.sampler(trainingImages([4, 4, 4]), batchSize: 0, seed: 1)
        }
        expectFailure(.badData, saying: "has 0") {
            _ = try kind.sampler([], batchSize: 2, seed: 1)
        }
    }

    @Test("greedy batches that never come together are a sentence, not a hang")
    func greedyGivesUp() throws {
        var sampler = try SamplerKind.greedy.sampler(
            trainingImages([3_000] + [Int](repeating: 2, count: 15)), batchSize: 16, seed: 1)
        expectFailure(.badData, saying: "16 pairs", "fills every batch") {
            _ = try sampler.epoch()
        }
    }

    @Test("players with one image are left out and known by name")
    func knowsSingles() throws {
        let sampler = try SamplerKind.filling.sampler(
            trainingImages([2, 1, 3, 1]), batchSize: 2, seed: 1)
        #expect(sampler.pool.skippedPlayers == ["1", "3"])
        #expect(sampler.pool.playerCount == 2)
        #expect(sampler.pool.imageCount == 5)
    }
}

@Suite("Pairs files")
struct PairsFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ text: String) throws -> PairsFile {
        try OutputFile.write(text, to: folder.file("pairs.csv"), force: true)
        return try PairsFile(path: folder.file("pairs.csv"), images: trainingImages([2, 2]))
    }

    @Test("neighbouring rows of one step are a batch, in the file's order")
    func groupsRows() throws {
        let file = try read(
            "query,step,gallery\n0/0.png,7,0/1.png\n./1/1.png,7,1/0.png\n1/0.png,8,1/1.png\n"
                + "0/0.png,7,0/0.png\n")
        #expect(file.batches.map(\.step) == [7, 8, 7])
        // The images are 0/0, 1/0, 0/1, 1/1.
        #expect(
            file.batches.map(\.pairs) == [
                [.init(query: 0, gallery: 2), .init(query: 3, gallery: 1)],
                [.init(query: 1, gallery: 3)], [.init(query: 0, gallery: 0)],
            ])
    }

    @Test(
        "faults are named with their line",
        arguments: [
            ("step,query,gallery\n0,0/0.png,9/9.png\n", "line 2: the gallery '9/9.png'"),
            ("step,query,gallery\n0,0/0.png,0/1.png\n1,../0/0.png,0/1.png\n", "line 3: the query"),
            ("step,query,gallery\nx,0/0.png,0/1.png\n", "line 2: the step 'x'"),
            ("step,query\n", "'gallery' is missing"),
            ("step,query,gallery\n", "no rows"),
        ])
    func namesLine(text: String, fault: String) {
        expectFailure(.badData, saying: "pairs.csv", fault) { _ = try read(text) }
    }

    @Test("a missing file is an input that is not found")
    func missing() {
        expectFailure(.inputNotFound, saying: "none.csv") {
            _ = try PairsFile(path: folder.file("none.csv"), images: [])
        }
    }
}
