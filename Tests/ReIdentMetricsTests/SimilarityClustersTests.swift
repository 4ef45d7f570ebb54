// Clusters of embeddings: those of made-up players, and a case that was worked out by hand.
//
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import ReIdentMetrics

@Suite("Similarity clusters")
struct SimilarityClustersTests {
    /// Unit vectors in the plane at some angles, in degrees.
    private func matrix(_ angles: [Double]) throws -> EmbeddingMatrix {
        try EmbeddingMatrix(
            values: angles.flatMap {
                [Float(cos($0 * .pi / 180)), Float(sin($0 * .pi / 180))]
            }, count: angles.count, dimension: 2)
    }

    @Test("average linkage merges as worked out by hand")
    func merges() throws {
        let clusters = try SimilarityClusters(matrix([0, 10, 40, 180]))
        func cosine(_ degrees: Double) -> Float { Float(cos(degrees * .pi / 180)) }
        let expected = [
            cosine(10), (cosine(40) + cosine(30)) / 2,
            (cosine(180) + cosine(170) + cosine(140)) / 3,
        ]
        #expect(clusters.merges.count == 3)
        for (merge, similarity) in zip(clusters.merges, expected) {
            #expect(abs(merge.similarity - similarity) < 1e-6)
        }
        #expect(clusters.labels(from: 0.99) == [0, 1, 2, 3])
        #expect(clusters.labels(from: 0.9) == [0, 0, 1, 2])
        #expect(clusters.labels(from: 0.5) == [0, 0, 0, 1])
        #expect(clusters.labels(from: -1) == [0, 0, 0, 0])
        // Row 0 of {0, 10}, {40}, {180}: 1 - cos 10 inside, 1 - cos 40 to the next.
        let silhouettes = clusters.silhouettes([0, 0, 1, 2])
        let (inside, outside) = (1 - Double(cosine(10)), 1 - Double(cosine(40)))
        #expect(abs(silhouettes[0] - (outside - inside) / outside) < 1e-6)
        #expect(silhouettes[2] == 0 && silhouettes[3] == 0)
    }

    @Test("made-up players are found again, and noise shows in the silhouettes")
    func players() throws {
        let made = try MadeUpPlayers(players: 12, each: 6, noise: 0.1, seed: 3)
        let cut = try #require(try SimilarityClusters(made.crops).bestCut())
        #expect((cut.labels.max() ?? 0) + 1 == 12)
        for (row, label) in cut.labels.enumerated() {
            let first = try #require(cut.labels.firstIndex(of: label))
            #expect(made.identities[first] == made.identities[row])
        }
        let noisy = try MadeUpPlayers(players: 12, each: 6, noise: 2, seed: 3)
        let unclear = try #require(try SimilarityClusters(noisy.crops).bestCut())
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        #expect(mean(cut.silhouettes) > 0.5 && mean(unclear.silhouettes) < 0.25)
    }

    @Test("few, equal and too many embeddings")
    func few() throws {
        #expect(try SimilarityClusters(matrix([])).bestCut() == nil)
        #expect(try SimilarityClusters(matrix([1, 2])).bestCut() == nil)
        let same = try SimilarityClusters(matrix([5, 5, 5, 5]))
        #expect(same.labels(from: 0.999) == [0, 0, 0, 0])
        #expect(try #require(try same.bestCut()).silhouettes.allSatisfy { abs($0) <= 1 })
        let many = try matrix([Double](repeating: 0, count: SimilarityClusters.mostRows + 1))
        #expect(throws: MetricsError.self) { try SimilarityClusters(many) }
    }
}
