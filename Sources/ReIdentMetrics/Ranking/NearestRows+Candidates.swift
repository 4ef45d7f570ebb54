// The best of rows that another search has found.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

extension NearestRows {
    /// The best of some rows for each query, as ``nearest(to:count:)`` orders all of them.
    ///
    /// - Parameters:
    ///   - queries: `[Q, D]`.
    ///   - candidates: For each query rows, without repetition.
    ///   - count: Rows for each query, at least 1; fewer where there are not as many.
    /// - Returns: For each query its rows.
    /// - Throws: `MetricsError.countMismatch` if the sizes differ, or lists and queries in number.
    public func nearest(
        to queries: EmbeddingMatrix, among candidates: [[Int]], count: Int
    ) throws(MetricsError) -> [[RankedRow]] {
        guard queries.dimension == vectors.dimension else {
            throw .countMismatch(
                what: "numbers in an embedding", expected: vectors.dimension,
                found: queries.dimension)
        }
        guard candidates.count == queries.count else {
            throw .countMismatch(
                what: "lists of candidates", expected: queries.count, found: candidates.count)
        }
        let dimension = vectors.dimension
        return try vectors.withValues { (values) throws(MetricsError) in
            let values = SharedValues(values)
            return try queries.withValues { asked in
                let asked = SharedValues(asked)
                return parallelMap(count: queries.count, chunk: 1) { query in
                    guard let values = values.pointer.baseAddress,
                        let asked = asked.pointer.baseAddress
                    else { return [] }
                    var best = BestRows(capacity: min(count, candidates[query].count))
                    let scratch = RankingScratch(dimension: dimension, screens: false)
                    scratch.thresholds[0] = -.infinity
                    var rows = candidates[query][...]
                    while !rows.isEmpty {
                        let batch = rows.prefix(RankingScratch.pairCount)
                        for (position, row) in batch.enumerated() {
                            scratch.add(
                                query: 0, row: row, values + row * dimension,
                                asked + query * dimension, at: position)
                        }
                        scratch.multiply(batch.count, depth: dimension, from: 0)
                        for (_, row) in scratch.found { best.offer(row) }
                        scratch.found.removeAll(keepingCapacity: true)
                        rows = rows.dropFirst(batch.count)
                    }
                    return best.bestFirst
                }
            }
        }
    }
}
