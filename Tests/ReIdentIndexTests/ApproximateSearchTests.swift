// The approximate search against the exact one, through changes.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import ReIdentMetrics
import ReIdentTestSupport
import Testing

@testable import ReIdentIndex

/// Unit vectors of `players` players, some images of each: `[count, dimension]`.
func playerVectors(
    _ count: Int, _ dimension: Int, players: Int, seed: UInt64
) throws -> EmbeddingMatrix {
    var generator = SeededGenerator(seed: seed)
    var middles = SeededGenerator(seed: 99)
    let centres = (0..<players * dimension).map { _ in Float(middles.uniform() - 0.4) }
    var values: [Float] = []
    for row in 0..<count {
        let start = row % players * dimension
        let vector = (0..<dimension).map { place in
            centres[start + place] + 0.5 * Float(generator.uniform() - 0.5)
        }
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        values += vector.map { $0 / length }
    }
    return try EmbeddingMatrix(values: values, count: count, dimension: dimension)
}

extension EmbeddingMatrix {
    /// Some of the rows.
    func rows(_ rows: [Int]) throws -> EmbeddingMatrix {
        let values = try withValues { values in
            rows.flatMap { values[$0 * dimension..<($0 + 1) * dimension] }
        }
        return try EmbeddingMatrix(values: values, count: rows.count, dimension: dimension)
    }
}

@Suite("Approximate search")
struct ApproximateSearchTests {
    private let vectors: EmbeddingMatrix
    private let queries: EmbeddingMatrix

    init() throws {
        vectors = try playerVectors(3_000, 40, players: 150, seed: 1)
        queries = try playerVectors(60, 40, players: 150, seed: 2)
    }

    /// How many of the exact search's rows are found, 0...1; similarities must be equal.
    private func recall(
        _ search: ApproximateSearch, among vectors: EmbeddingMatrix
    ) throws -> Double {
        let exact = try ExactSearch(vectors).nearest(to: queries, count: 10)
        let found = try search.nearest(to: queries, count: 10)
        var shared = 0
        for (mine, theirs) in zip(found, exact) {
            #expect(mine.count == 10)
            #expect(Set(mine.map(\.row)).count == 10)
            #expect(mine.map(\.similarity) == mine.map(\.similarity).sorted(by: >))
            for neighbor in theirs where mine.contains(neighbor) { shared += 1 }
        }
        return Double(shared) / Double(10 * exact.count)
    }

    @Test("finds nearly all that the exact search finds, with the same similarities")
    func recallOfGraph() throws {
        var told: [Int] = []
        let search = try ApproximateSearch(vectors, effort: 128) { done, total in
            #expect(total == 3_000)
            told.append(done)
        }
        #expect(told == told.sorted() && told.first == 0 && told.last == 3_000)
        #expect(try recall(search, among: vectors) >= 0.98)
    }

    @Test("more effort finds no less")
    func effort() throws {
        let search = try ApproximateSearch(vectors, effort: 128)
        let exact = try ExactSearch(vectors).nearest(to: queries, count: 1)
        let shares = try [1, 20, 300].map { effort in
            let found = try search.nearest(to: queries, count: 1, effort: effort)
            return zip(found, exact).count { $0 == $1 }
        }
        #expect(shares == shares.sorted() && shares[2] == 60, "\(shares)")
    }

    @Test("follows what is removed, added and moved, in the places of what was removed")
    func changes() throws {
        let search = try ApproximateSearch(vectors, effort: 128)
        let kept = Array(500..<3_000)
        let fewer = try vectors.rows(kept)
        let removal = try search.follow(
            fewer, rows: (0..<3_000).map { $0 < 500 ? nil : $0 - 500 })
        #expect(removal == (0, 500))
        #expect(search.count == 2_500)
        #expect(try recall(search, among: fewer) >= 0.98)

        let new = try playerVectors(700, 40, players: 150, seed: 3)
        let all = try EmbeddingMatrix(
            values: fewer.withValues { Array($0) } + new.withValues { Array($0) }, count: 3_200,
            dimension: 40)
        let addition = try search.follow(all, rows: Array(0..<2_500))
        #expect(addition == (700, 0))
        #expect(try recall(search, among: all) >= 0.98)
        let places = try search.withContents { (graph, rows) in (graph.count, rows) }
        #expect(places.0 == 3_200)
        #expect(places.1.sorted() == Array(0..<3_200))
    }

    @Test("everything may be removed, and added again")
    func emptied() throws {
        let search = try ApproximateSearch(vectors, effort: 128)
        let nothing = try EmbeddingMatrix(values: [], count: 0, dimension: 40)
        try search.follow(nothing, rows: Array(repeating: nil, count: 3_000))
        #expect(try search.nearest(to: queries, count: 3).allSatisfy(\.isEmpty))
        try search.follow(vectors, rows: [])
        #expect(try recall(search, among: vectors) >= 0.98)
    }

    @Test("a search for a large part of the vectors, or in few, is exact", arguments: [10, 900])
    func exactWhereItPays(count: Int) throws {
        let some = count == 10 ? try vectors.rows(Array(0..<200)) : vectors
        let search = try ApproximateSearch(some)
        #expect(
            try search.nearest(to: queries, count: count)
                == ExactSearch(some).nearest(to: queries, count: count))
    }

    @Test("another size, and another number of former rows, are refused")
    func sizes() throws {
        let search = try ApproximateSearch(vectors, effort: 128)
        #expect(throws: IndexError.self) {
            try search.nearest(to: unitVectors(1, 5, seed: 1), count: 1)
        }
        #expect(throws: IndexError.self) {
            try search.follow(unitVectors(1, 5, seed: 1), rows: Array(0..<3_000))
        }
        #expect(throws: IndexError.self) { try search.follow(vectors, rows: [0]) }
    }

    @Test("a graph that is no longer wanted is not built to its end")
    func cancelled() async throws {
        let vectors = vectors
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try ApproximateSearch(vectors, effort: 128)
        }
        await #expect(throws: IndexError.search(.cancelled)) { try await task.value }
    }
}
