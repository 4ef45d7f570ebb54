// Exact ranking: all ways to it find the same rows with the same bits.
//
// SPDX-License-Identifier: MIT

import CDotProducts
import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentMetrics

@Suite("Exact ranking")
struct NearestRowsTests {
    /// Unit vectors around `players` middles, some of them equal: `[count, dimension]`.
    private func vectors(
        _ count: Int, _ dimension: Int, players: Int = 12, seed: UInt64
    ) throws -> EmbeddingMatrix {
        var generator = SeededGenerator(seed: seed)
        var middles = SeededGenerator(seed: 1)
        let centres = (0..<players * dimension).map { _ in Float(middles.uniform()) - 0.3 }
        var values: [Float] = []
        for row in 0..<count {
            let noise: Float = row.isMultiple(of: 5) ? 0 : 0.6
            let player = generator.integer(below: players)
            let vector = (0..<dimension).map { place in
                centres[player * dimension + place]
                    + noise * Float(generator.uniform() - 0.5)
            }
            let length = max(0.01, vector.reduce(0) { $0 + $1 * $1 }.squareRoot())
            values += vector.map { $0 / length }
        }
        return try EmbeddingMatrix(values: values, count: count, dimension: dimension)
    }

    /// All ways of this machine.
    private var ways: [NearestRows.Way] {
        [.automatic, .plainly] + (0...bestByteLevel).map { .screened(level: $0) }
    }

    @Test(
        "every way finds what sorting all products finds, to the bit",
        arguments: [1, 24, 64, 200], [1, 4, 9, 17, 40, 65, 260])
    func waysAgree(dimension: Int, queryCount: Int) throws {
        let gallery = try vectors(601, dimension, seed: 7)
        let queries = try vectors(queryCount, dimension, seed: 8)
        let expected = try queries.withProducts(ofRows: 0..<queryCount, with: gallery) { products in
            (0..<queryCount).map { query in
                (0..<601).map { RankedRow(row: $0, product: products[query * 601 + $0]) }
                    .sorted { $1.isWorse(than: $0) }
            }
        }
        for wanted in [1, 10, 5_000] {
            for way in ways {
                let found = try NearestRows(gallery).nearest(to: queries, count: wanted, by: way)
                #expect(
                    found == expected.map { Array($0.prefix(wanted)) },
                    "\(wanted) rows, \(way)")
            }
        }
    }

    @Test("a search that is asked often begins to screen, and finds the same")
    func askedOften() throws {
        let gallery = try vectors(6_000, 40, players: 600, seed: 3)
        let queries = try vectors(40, 40, players: 600, seed: 4)
        let search = NearestRows(gallery)
        let plain = try search.nearest(to: queries, count: 5, by: .plainly)
        #expect(!search.screens)
        for _ in 0..<3 { #expect(try search.nearest(to: queries, count: 5) == plain) }
        #expect(search.screens == (bestByteLevel > 0))
        #expect(try search.nearest(to: queries, count: 500)[0].prefix(5) == plain[0][...])
    }

    /// Vectors that are hard to keep in 8 bits, by name.
    private static let awkward: [(String, @Sendable (Int, inout SeededGenerator) -> Float)] = [
        ("even", { _, random in Float(random.uniform() - 0.5) / 10 }),
        ("one large number", { $0 == 3 ? 0.9 : Float($1.uniform() - 0.5) / 100 }),
        ("all the same", { _, _ in 0.05 }),
        ("far from the middle", { Float($0 % 7) / 20 + Float($1.uniform()) / 1_000 }),
        ("of all sizes", { Float(exp2(-Double($0 % 120))) * Float($1.uniform() - 0.5) }),
        (
            "hardly there",
            { _, random in Float(random.uniform()) * Float.leastNonzeroMagnitude * 9 }
        ),
        ("nothing", { _, _ in 0 }),
        ("too small to square", { Float($1.uniform() - 0.5) * ($0 == 2 ? 1e-21 : 1e-20) }),
    ]

    @Test(
        "no product exceeds its bound, and levels have the same bounds",
        arguments: awkward.indices, [5, 64, 333])
    func bounds(kind: Int, dimension: Int) throws {
        var generator = SeededGenerator(seed: UInt64(dimension))
        let (rowCount, queryCount) = (37, 20)
        let values = (0..<rowCount * dimension).map {
            Self.awkward[kind].1($0 % dimension, &generator)
        }
        let asked = (0..<queryCount * dimension).map { place in
            place.isMultiple(of: 3) ? values[place] : Float(generator.uniform() - 0.5) / 8
        }
        let gallery = try EmbeddingMatrix(
            values: values, count: rowCount, dimension: dimension)
        for keeping in 0...bestByteLevel {
            let rows = try ByteRows(gallery, level: keeping)
            for count in [1, queryCount] {
                let some = Array(asked.prefix(count * dimension))
                let panel = some.withUnsafeBufferPointer {
                    ByteQueries($0, for: rows, level: keeping)
                }
                let all = (0...bestByteLevel).map { hits(of: rows, panel, level: $0) }
                #expect(all.allSatisfy { $0 == all[0] }, "\(Self.awkward[kind].0)")
                #expect(all[0].count == rowCount * count)
                // What the head lets through may not be less.
                if count > 1 {
                    for level in 0...bestByteLevel {
                        for hit in all[0] {
                            let left = hits(
                                of: rows, panel, level: level, byHead: true,
                                above: product(of: hit, some, values, dimension))
                            #expect(left.contains { ($0.row, $0.query) == (hit.row, hit.query) })
                        }
                    }
                }
                for hit in all[0] {
                    let exact = (0..<dimension).reduce(0.0) {
                        $0 + Double(some[hit.query * dimension + $1])
                            * Double(values[hit.row * dimension + $1])
                    }
                    let single = product(of: hit, some, values, dimension)
                    #expect(
                        Double(hit.bound) >= exact && !(hit.bound < single),
                        "\(Self.awkward[kind].0), row \(hit.row), query \(hit.query)")
                }
            }
        }
    }

    /// A pair with its bound.
    private struct Hit: Equatable {
        let row: Int
        let query: Int
        let bound: Float
    }

    /// The product of a pair's vectors, in single precision.
    private func product(
        of hit: Hit, _ queries: [Float], _ rows: [Float], _ dimension: Int
    ) -> Float {
        var product = Float(0)
        for place in 0..<dimension {
            product.addProduct(
                queries[hit.query * dimension + place], rows[hit.row * dimension + place])
        }
        return product
    }

    /// The bounds of the pairs that reach a threshold, by row and query.
    private func hits(
        of rows: ByteRows, _ panel: ByteQueries, level: Int32, byHead: Bool = false,
        above threshold: Float = -.infinity
    ) -> [Hit] {
        let thresholds = [Float](repeating: threshold, count: ByteQueries.largestCount)
        var hits = [reident_screen_hit](
            repeating: reident_screen_hit(), count: rows.count * panel.width)
        let found = rows.screen(
            0..<rows.count, panel, thresholds: thresholds, byHead: byHead, into: &hits, level: level
        ).found
        return hits.prefix(found)
            .map { Hit(row: Int($0.row), query: Int($0.query), bound: $0.bound) }
            .sorted { ($0.row, $0.query) < ($1.row, $1.query) }
    }

    @Test("of random vectors of 768 numbers, bounds leave fewer than one in fifty to look at")
    func boundsAreClose() throws {
        let gallery = try vectors(4_000, 768, players: 4_000, seed: 5)
        let query = try vectors(1, 768, players: 1, seed: 6)
        let tenth = try NearestRows(gallery).nearest(to: query, count: 10, by: .plainly)[0][9]
        let rows = try ByteRows(gallery)
        let panel = try query.withValues { ByteQueries($0, for: rows) }
        var hits = [reident_screen_hit](repeating: reident_screen_hit(), count: rows.count)
        let thresholds = [Float](repeating: tenth.product, count: panel.width)
        #expect(rows.screen(0..<4_000, panel, thresholds: thresholds, into: &hits).found < 80)
    }

    @Test("vectors whose squares are no numbers are found as others are")
    func tooLargeToSquare() throws {
        var values = [Float](repeating: 2.2e19, count: 5 * 200)
        for place in 5 * 70..<5 * 71 { values[place] = 0 }
        let gallery = try EmbeddingMatrix(values: values, count: 200, dimension: 5)
        let queries = try EmbeddingMatrix(
            values: (0..<6).flatMap { _ in [-1, 0, 0, 0, 0] as [Float] }, count: 6, dimension: 5)
        for way in ways {
            let found = try NearestRows(gallery).nearest(to: queries, count: 2, by: way)
            #expect(found.allSatisfy { $0.map(\.row) == [70, 0] }, "\(way)")
        }
    }

    @Test("heads leave the same pairs, and multiply few tails where players are far apart")
    func heads() throws {
        let gallery = try vectors(2_000, 768, players: 400, seed: 5)
        let queries = try vectors(40, 768, players: 400, seed: 6)
        let (rows, threshold) = (try ByteRows(gallery), Float(0.9))
        #expect(rows.head == 448)
        let panel = try queries.withValues { ByteQueries($0, for: rows) }
        let all = hits(of: rows, panel, level: 0, above: threshold)
        #expect((1...4_000).contains(all.count))
        for level in 0...bestByteLevel {
            #expect(hits(of: rows, panel, level: level, above: threshold) == all)
            #expect(hits(of: rows, panel, level: level, byHead: true, above: threshold) == all)
            #expect(
                hits(of: rows, panel, level: level, byHead: true) == hits(of: rows, panel, level: 0)
            )
        }
        var found = [reident_screen_hit](
            repeating: reident_screen_hit(), count: rows.count * panel.width)
        let thresholds = [Float](repeating: threshold, count: ByteQueries.largestCount)
        let tails = rows.screen(
            0..<2_000, panel, thresholds: thresholds, byHead: true, into: &found
        ).tails
        #expect(tails >= all.count && tails < 2_000 * 40 / 4, "\(tails)")
    }

    @Test("a row that has numbers which are not finite is above every threshold")
    func notFinite() throws {
        var values = [Float](repeating: 0.1, count: 30 * 20)
        values[7 * 20 + 3] = .nan
        values[9 * 20] = .infinity
        let gallery = try EmbeddingMatrix(values: values, count: 30, dimension: 20)
        for level in 0...bestByteLevel {
            let rows = try ByteRows(gallery, level: level)
            for queries in [1, 5] {
                let panel = [Float](repeating: 0.1, count: 20 * queries).withUnsafeBufferPointer {
                    ByteQueries($0, for: rows, level: level)
                }
                let found = hits(of: rows, panel, level: level, byHead: true, above: 1e9)
                #expect(Set(found.map(\.row)) == [7, 9] && found.count == 2 * queries)
            }
            // A query that is not finite is near every row.
            var asked = [Float](repeating: 0.1, count: 20 * 5)
            asked[2 * 20 + 4] = .infinity
            let panel = asked.withUnsafeBufferPointer { ByteQueries($0, for: rows, level: level) }
            let found = hits(of: rows, panel, level: level, byHead: true, above: 1e9)
            #expect(found.count { $0.query == 2 } == 30)
        }
    }

    @Test("vectors of another size are refused, and nothing is found among nothing")
    func sizes() throws {
        let search = NearestRows(try vectors(3, 4, seed: 1))
        #expect(throws: MetricsError.self) {
            try search.nearest(to: vectors(1, 5, seed: 1), count: 1)
        }
        let nothing = NearestRows(try EmbeddingMatrix(values: [], count: 0, dimension: 4))
        #expect(try nothing.nearest(to: vectors(2, 4, seed: 1), count: 3) == [[], []])
    }
}
