// One pass of some queries over all vectors, on all cores: by stretches of rows that stay in the
// cache while all queries are compared with them.
//
// SPDX-License-Identifier: MIT

import CDotProducts
import ReIdentFoundation
import Synchronization

/// Queries on their way over all rows, with the best rows of each so far.
// SAFETY: the pointers are only read, and live as long as the call that made this value.
struct RankingPass: @unchecked Sendable {
    /// Queries that are compared with a row together.
    struct Panel: Sendable {
        /// Their numbers.
        let range: Range<Int>
        /// The queries in 8 bits; nil if all products are computed in single precision.
        let bytes: ByteQueries?
        /// The queries as a tile of products takes them; nothing where there are too few.
        let packed: [Float]
    }

    let queries: UnsafeBufferPointer<Float>
    let vectors: UnsafeBufferPointer<Float>
    let dimension: Int
    let copy: ByteRows?
    let level: Int32
    let panels: [Panel]
    let best: SharedBestRows

    /// Rows that are compared with all panels in turn; whole tiles of bytes, of 6, 8 or 12 rows.
    static let rowsOfChunk = 264
    /// Chunks that a core takes at a time at most.
    private static let chunksOfStretch = 16
    /// Up to as many queries, each is compared on its own: reading the rows is what takes time.
    static let fewQueries = 4
    /// Whether heads rule pairs out is tried on so many rows of every stretch, for thresholds rise
    /// on the way; whole tiles, too.
    private static let rowsOfTrial = 24
    /// If they leave more than one pair in so many, multiplying all components at once is faster.
    private static let rareShare = 16
    /// If bounds leave one pair in so many, a tile computes the products sooner than one by one.
    static let denseShare = 4

    /// Prepares a pass.
    ///
    /// - Parameters:
    ///   - queries: `[Q, D]`.
    ///   - vectors: `[N, D]`.
    ///   - dimension: D.
    ///   - wanted: Rows for each query, 1...N.
    ///   - copy: The vectors in 8 bits; nil to do without.
    ///   - level: Of instructions for products of bytes.
    init(
        queries: UnsafeBufferPointer<Float>, vectors: UnsafeBufferPointer<Float>, dimension: Int,
        wanted: Int, copy: ByteRows?, level: Int32
    ) {
        self.queries = queries
        self.vectors = vectors
        self.dimension = dimension
        self.copy = copy
        self.level = level
        let count = queries.count / dimension
        best = SharedBestRows(queries: count, wanted: wanted)
        let size = count > Self.fewQueries ? ByteQueries.largestCount : 1
        panels = stride(from: 0, to: count, by: size).map { start in
            let range = start..<min(count, start + size)
            let values = UnsafeBufferPointer(
                rebasing: queries[range.lowerBound * dimension..<range.upperBound * dimension])
            return Panel(
                range: range, bytes: copy.map { ByteQueries(values, for: $0, level: level) },
                packed: range.count > Self.fewQueries
                    ? Self.pack(values, dimension: dimension) : [])
        }
    }

    /// The best rows of every query.
    func run() -> [[RankedRow]] {
        let count = vectors.count / dimension
        let chunks = (count + Self.rowsOfChunk - 1) / Self.rowsOfChunk
        // Enough stretches that no core waits long for another at the end.
        let length = max(1, min(Self.chunksOfStretch, chunks / 32))
        parallelForEach(count: (chunks + length - 1) / length) { stretch in
            let scratch = RankingScratch(dimension: dimension, screens: copy != nil)
            for chunk in stretch * length..<min(chunks, (stretch + 1) * length) {
                let start = chunk * Self.rowsOfChunk
                var rows = start..<min(count, start + Self.rowsOfChunk)
                if chunk == stretch * length { rows = tryHeads(on: rows, scratch) }
                for (panel, byHead) in zip(panels, scratch.byHead) {
                    compare(rows, with: panel, byHead: byHead, scratch)
                }
            }
        }
        return best.bestFirst
    }

    /// Compares the first rows with all panels, and finds out for which of them heads are of use.
    ///
    /// - Returns: The other rows.
    private func tryHeads(on rows: Range<Int>, _ scratch: RankingScratch) -> Range<Int> {
        let trial = rows.prefix(Self.rowsOfTrial)
        scratch.byHead = panels.map { panel in
            let tails = compare(trial, with: panel, byHead: true, scratch)
            return tails <= trial.count * panel.range.count / Self.rareShare
        }
        return trial.upperBound..<rows.upperBound
    }

    /// Offers what reaches the thresholds.
    ///
    /// - Returns: How many tails were multiplied, as `ByteRows.screen` counts them.
    @discardableResult
    private func compare(
        _ rows: Range<Int>, with panel: Panel, byHead: Bool, _ scratch: RankingScratch
    ) -> Int {
        guard !rows.isEmpty else { return 0 }
        best.copyThresholds(of: panel.range, to: scratch.thresholds)
        var tails = 0
        if let copy, let bytes = panel.bytes {
            let found: Int
            (found, tails) = copy.screen(
                rows, bytes, thresholds: scratch.thresholds, byHead: byHead, into: scratch.hits,
                level: level)
            guard found > 0 else { return tails }
            if found <= rows.count * panel.range.count / Self.denseShare {
                lookAt(found, rows, panel, scratch)
                best.offer(scratch)
                return tails
            }
        }
        if panel.range.count > Self.fewQueries {
            compareByTiles(rows, with: panel, scratch)
        } else {
            compareSingly(rows, with: panel, scratch)
        }
        best.offer(scratch)
        return tails
    }

    /// Computes the products of pairs whose bounds reached the thresholds.
    private func lookAt(
        _ found: Int, _ rows: Range<Int>, _ panel: Panel, _ scratch: RankingScratch
    ) {
        // Others have raised the thresholds meanwhile.
        best.copyThresholds(of: panel.range, to: scratch.thresholds)
        guard let vectors = vectors.baseAddress, let queries = queries.baseAddress else { return }
        var batch = 0
        for position in 0..<found {
            let hit = scratch.hits[position]
            if !(hit.bound < scratch.thresholds[Int(hit.query)]) {
                let query = panel.range.lowerBound + Int(hit.query)
                let row = rows.lowerBound + Int(hit.row)
                scratch.add(
                    query: query, row: row, vectors + row * dimension,
                    queries + query * dimension, at: batch)
                batch += 1
            }
            if batch == RankingScratch.pairCount || position == found - 1 {
                scratch.multiply(batch, depth: dimension, from: panel.range.lowerBound)
                batch = 0
            }
        }
    }

    /// Computes all products of a few queries, row by row.
    private func compareSingly(
        _ rows: Range<Int>, with panel: Panel, _ scratch: RankingScratch
    ) {
        guard let vectors = vectors.baseAddress, let queries = queries.baseAddress else { return }
        for query in panel.range {
            for start in stride(
                from: rows.lowerBound, to: rows.upperBound, by: RankingScratch.pairCount)
            {
                let batch = start..<min(rows.upperBound, start + RankingScratch.pairCount)
                for row in batch {
                    scratch.add(
                        query: query, row: row, vectors + row * dimension,
                        queries + query * dimension, at: row - start)
                }
                scratch.multiply(batch.count, depth: dimension, from: panel.range.lowerBound)
            }
        }
    }

    /// Computes all products of many queries, by tiles.
    private func compareByTiles(
        _ rows: Range<Int>, with panel: Panel, _ scratch: RankingScratch
    ) {
        guard let vectors = vectors.baseAddress else { return }
        let (height, width) = (Int(REIDENT_DOT_LEFT), Int(REIDENT_DOT_RIGHT))
        panel.packed.withUnsafeBufferPointer { packed in
            guard let left = packed.baseAddress else { return }
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: width) {
                let valid = min(width, rows.upperBound - start)
                reident_dot_pack(
                    vectors + start * dimension, valid, dimension, width, scratch.panel)
                for first in stride(from: 0, to: panel.range.count, by: height) {
                    reident_dot_tile(
                        bestLevel, dimension, left + first * dimension, scratch.panel,
                        scratch.products, width)
                    for query in first..<min(panel.range.count, first + height) {
                        let products = scratch.products + (query - first) * width
                        let threshold = scratch.thresholds[query]
                        for place in 0..<valid where !(products[place] < threshold) {
                            scratch.found.append(
                                (
                                    panel.range.lowerBound + query,
                                    RankedRow(row: start + place, product: products[place])
                                ))
                        }
                    }
                }
            }
        }
    }

    private static func pack(
        _ queries: UnsafeBufferPointer<Float>, dimension: Int
    ) -> [Float] {
        let height = Int(REIDENT_DOT_LEFT)
        let count = queries.count / dimension
        let panels = (count + height - 1) / height
        var packed = [Float](repeating: 0, count: panels * height * dimension)
        packed.withUnsafeMutableBufferPointer { target in
            guard let target = target.baseAddress, let source = queries.baseAddress else { return }
            for first in stride(from: 0, to: count, by: height) {
                reident_dot_pack(
                    source + first * dimension, min(height, count - first), dimension, height,
                    target + first * dimension)
            }
        }
        return packed
    }
}
