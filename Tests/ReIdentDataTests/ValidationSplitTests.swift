// Players kept aside from the training part.
//
// SPDX-License-Identifier: MIT

import ReIdentData
import ReIdentFoundation
import Testing

@Suite("Validation split")
struct ValidationSplitTests {
    let builder: DatasetBuilder

    init() throws { builder = try DatasetBuilder() }

    /// Players with three images of each of two cameras.
    private func market(players: Int) throws -> Dataset {
        for player in 1...players {
            let name = "\(1_000 + player)_c"
            try builder.add(
                (0..<6).map { "bounding_box_train/\(name)\($0 % 2 + 1)s1_00000\($0)_00.jpg" })
        }
        return try builder.read()
    }

    @Test("the first image of each player and camera is a query, and no image is lost")
    func firstOfCamera() throws {
        let dataset = try market(players: 10)
        let split = try dataset.validationSplit(share: 0.3, seed: 5)
        #expect(split.identities.count == 3)
        #expect(split.validation.queries.count == 6)
        #expect(split.validation.gallery.count == 12)
        #expect(split.training.count == 42)
        #expect(Set(split.training.map(\.identity)).isDisjoint(with: split.identities))
        #expect(Set(split.validation.queryIdentities) == Set(split.identities))
        #expect(split.validation.queries.allSatisfy { $0.role == .query && $0.camera != nil })
        let firstFrames = split.validation.queries.allSatisfy {
            $0.path.contains("_000000_") || $0.path.contains("_000001_")
        }
        #expect(firstFrames)
    }

    @Test("the seed alone decides who is kept aside")
    func isDeterministic() throws {
        let dataset = try market(players: 12)
        func drawn(_ seed: UInt64) throws -> [String] {
            try dataset.validationSplit(share: 0.25, seed: seed).identities
        }
        #expect(try drawn(3) == drawn(3))
        #expect(try (4..<9).contains { try drawn($0) != drawn(3) })
    }

    @Test("at least two players are kept aside and two remain", arguments: [0.001, 0.5, 0.999])
    func keepsTwo(share: Double) throws {
        let split = try market(players: 5).validationSplit(share: share, seed: 1)
        #expect(split.identities.count >= 2)
        #expect(Set(split.training.map(\.identity)).count >= 2)
    }

    @Test("players that no query could find are not kept aside")
    func onlyFindable() throws {
        try builder.add((1...6).map { "bounding_box_train/000\($0)_c1s1_000000_00.jpg" })
        try builder.add((1...6).map { "bounding_box_train/000\($0)_c1s1_000001_00.jpg" })
        let two = ["0002", "0004"]
        try builder.add(two.map { "bounding_box_train/\($0)_c2s1_000001_00.jpg" })
        let split = try builder.read().validationSplit(share: 0.5, seed: 1)
        #expect(split.identities == two)
    }

    @Test("too few players and shares outside 0...1 are sentences")
    func refuses() throws {
        let dataset = try market(players: 3)
        expectFailure(.badData, saying: "3 players") {
            _ = try dataset.validationSplit(share: 0.5, seed: 1)
        }
        for share in [0, 1, -0.1, 2] {
            expectFailure(.usage, saying: "\(share)") {
                _ = try dataset.validationSplit(share: share, seed: 1)
            }
        }
    }
}
