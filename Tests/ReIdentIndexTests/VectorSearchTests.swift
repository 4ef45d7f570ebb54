// The exact search against sorting everything.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import ReIdentIndex
import ReIdentMetrics
import ReIdentTestSupport
import Testing

/// Vectors of unit length, the same for the same seed: `[count, dimension]`.
func unitVectors(_ count: Int, _ dimension: Int, seed: UInt64) throws -> EmbeddingMatrix {
    var generator = SeededGenerator(seed: seed)
    var values: [Float] = []
    for _ in 0..<count {
        let vector = (0..<dimension).map { _ in Float(generator.uniform() - 0.5) }
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        values += vector.map { $0 / length }
    }
    return try EmbeddingMatrix(values: values, count: count, dimension: dimension)
}

@Suite("Exact search")
struct VectorSearchTests {
    @Test("finds what sorting all similarities finds", arguments: [1, 5, 130, 1000])
    func matchesSorting(count: Int) throws {
        let gallery = try unitVectors(131, 24, seed: 7)
        let queries = try unitVectors(9, 24, seed: 8)
        let found = try ExactSearch(gallery).nearest(to: queries, count: count)
        #expect(found.count == 9)
        let (all, wanted) = (
            try gallery.withValues { Array($0) }, try queries.withValues { Array($0) }
        )
        for (query, neighbors) in found.enumerated() {
            let similarities = (0..<131).map { row in
                (0..<24).reduce(Float(0)) { $0 + all[row * 24 + $1] * wanted[query * 24 + $1] }
            }
            let order = similarities.indices.sorted { similarities[$0] > similarities[$1] }
            #expect(neighbors.map(\.row) == Array(order.prefix(count)), "query \(query)")
            for neighbor in neighbors {
                let difference = neighbor.similarity - similarities[neighbor.row]
                #expect(abs(difference) < Tolerance.unitLength)
            }
        }
    }

    @Test("equal vectors come in the order of rows, and similarities stay within -1...1")
    func ties() throws {
        let one = try unitVectors(1, 300, seed: 3)
        let values = try one.withValues { Array($0) }
        let gallery = try EmbeddingMatrix(
            values: Array(repeating: values, count: 20).flatMap { $0 }, count: 20, dimension: 300)
        let found = try ExactSearch(gallery).nearest(to: one, count: 7)
        #expect(found[0].map(\.row) == Array(0..<7))
        #expect(found[0].allSatisfy { $0.similarity <= 1 })
    }

    @Test("queries of another size are refused")
    func size() throws {
        let search = ExactSearch(try unitVectors(3, 4, seed: 1))
        #expect(throws: IndexError.self) {
            try search.nearest(to: unitVectors(1, 5, seed: 1), count: 1)
        }
    }

    @Test("a search among nothing finds nothing")
    func empty() throws {
        let search = ExactSearch(try EmbeddingMatrix(values: [], count: 0, dimension: 4))
        #expect(try search.nearest(to: unitVectors(2, 4, seed: 1), count: 3) == [[], []])
    }
}
