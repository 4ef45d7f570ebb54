// What one thread of a ranking writes to, and what all of them share.
//
// SPDX-License-Identifier: MIT

import CDotProducts
import Synchronization

/// The best rows of several queries, to which several threads offer.
final class SharedBestRows: Sendable {
    private let rows: Mutex<[BestRows]>

    init(queries: Int, wanted: Int) {
        rows = Mutex(Array(repeating: BestRows(capacity: wanted), count: queries))
    }

    var bestFirst: [[RankedRow]] { rows.withLock { $0.map(\.bestFirst) } }

    /// What products of some queries must reach; a product below it is never among the best.
    func copyThresholds(of queries: Range<Int>, to target: UnsafeMutablePointer<Float>) {
        rows.withLock { rows in
            for query in queries { target[query - queries.lowerBound] = rows[query].threshold }
        }
    }

    /// Takes over what a thread has found, which forgets it.
    func offer(_ scratch: RankingScratch) {
        guard !scratch.found.isEmpty else { return }
        rows.withLock { rows in
            for (query, row) in scratch.found { rows[query].offer(row) }
        }
        scratch.found.removeAll(keepingCapacity: true)
    }
}

/// Memory of one thread.
final class RankingScratch {
    /// Pairs whose products are computed together.
    static let pairCount = 64

    /// Products that may be among the best, with the numbers of their queries.
    var found: [(query: Int, row: RankedRow)] = []
    /// For each panel whether heads rule most pairs out.
    var byHead: [Bool] = []
    /// For each query of a panel, what a product must reach.
    let thresholds: UnsafeMutablePointer<Float>
    /// Pairs whose bounds reach it.
    let hits: UnsafeMutablePointer<reident_screen_hit>
    /// Rows as a tile of products takes them.
    let panel: UnsafeMutablePointer<Float>
    /// Products of a tile, or of pairs.
    let products: UnsafeMutablePointer<Float>
    private var pairs: [(query: Int, row: Int)]
    private let rows: UnsafeMutablePointer<UnsafePointer<Float>?>
    private let queries: UnsafeMutablePointer<UnsafePointer<Float>?>

    /// Memory for vectors of a size; with room for hits if they are screened.
    init(dimension: Int, screens: Bool) {
        let (height, width) = (Int(REIDENT_DOT_LEFT), Int(REIDENT_DOT_RIGHT))
        thresholds = .allocate(capacity: ByteQueries.largestCount)
        // Places of a panel that have no query reach nothing.
        thresholds.initialize(repeating: .infinity, count: ByteQueries.largestCount)
        hits = .allocate(
            capacity: screens ? RankingPass.rowsOfChunk * ByteQueries.largestCount : 0)
        panel = .allocate(capacity: width * dimension)
        panel.initialize(repeating: 0, count: width * dimension)
        products = .allocate(capacity: max(height * width, Self.pairCount))
        pairs = Array(repeating: (0, 0), count: Self.pairCount)
        rows = .allocate(capacity: Self.pairCount)
        queries = .allocate(capacity: Self.pairCount)
        rows.initialize(repeating: nil, count: Self.pairCount)
        queries.initialize(repeating: nil, count: Self.pairCount)
    }

    deinit {
        thresholds.deallocate()
        hits.deallocate()
        panel.deallocate()
        products.deallocate()
        rows.deallocate()
        queries.deallocate()
    }

    /// Remembers a pair whose product is wanted.
    func add(
        query: Int, row: Int, _ vector: UnsafePointer<Float>, _ other: UnsafePointer<Float>,
        at position: Int
    ) {
        pairs[position] = (query, row)
        rows[position] = vector
        queries[position] = other
    }

    /// Computes the products of the first pairs and keeps those that reach their thresholds.
    func multiply(_ count: Int, depth: Int, from firstQuery: Int) {
        guard count > 0 else { return }
        reident_dot_pairs(bestLevel, depth, count, rows, queries, products)
        for position in 0..<count {
            let (query, row) = pairs[position]
            guard !(products[position] < thresholds[query - firstQuery]) else { continue }
            found.append((query, RankedRow(row: row, product: products[position])))
        }
    }
}
