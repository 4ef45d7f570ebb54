// Distances from embeddings: against the plain loop, at sizes around the tile's edges.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import ReIdentMetrics
import ReIdentTestSupport
import Testing

@Suite("Distances from embeddings")
struct EmbeddingDistancesTests {
    private func random(_ count: Int, _ dimension: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count * dimension).map { _ in Float(generator.uniform()) - 0.5 }
    }

    @Test(
        "equal the sum of squared differences",
        arguments: [(1, 1, 1), (12, 32, 16), (13, 33, 5), (25, 70, 37), (3, 31, 64)])
    func equalsPlainLoop(queries: Int, gallery: Int, dimension: Int) throws {
        let first = random(queries, dimension, seed: 1)
        let second = random(gallery, dimension, seed: 2)
        let distances = try EmbeddingDistances(
            queries: EmbeddingMatrix(values: first, count: queries, dimension: dimension),
            gallery: EmbeddingMatrix(values: second, count: gallery, dimension: dimension))
        let found = try distances.matrix().withRows(0..<queries) { Array($0) }
        var worst: Float = 0
        for row in 0..<queries {
            for column in 0..<gallery {
                var sum = 0.0
                for k in 0..<dimension {
                    let step = Double(first[row * dimension + k] - second[column * dimension + k])
                    sum += step * step
                }
                worst = max(worst, difference(found[row * gallery + column], Float(sum)))
            }
        }
        #expect(worst < Tolerance.embeddingDistance)
    }

    @Test("a pair's distance has the same bits in any block, and from either side")
    func sameBitsAnywhere() throws {
        let vectors = try EmbeddingMatrix(
            values: random(45, 24, seed: 3), count: 45, dimension: 24)
        let distances = try EmbeddingDistances(queries: vectors, gallery: vectors)
        let whole = try distances.withRows(0..<45) { Array($0) }
        let part = try distances.withRows(7..<30) { Array($0) }
        #expect(Array(whole[7 * 45..<30 * 45]) == part)
        for row in 0..<45 {
            for column in 0..<row { #expect(whole[row * 45 + column] == whole[column * 45 + row]) }
        }
    }

    @Test("embeddings of two sizes do not mix")
    func refusesOtherSize() throws {
        let two = try EmbeddingMatrix(values: [1, 0], count: 1, dimension: 2)
        let three = try EmbeddingMatrix(values: [1, 0, 0], count: 1, dimension: 3)
        #expect(throws: MetricsError.self) {
            try EmbeddingDistances(queries: two, gallery: three)
        }
    }
}
