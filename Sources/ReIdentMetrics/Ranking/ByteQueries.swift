// Up to 64 queries in 8 bits a number, beside each other, with what the bounds of their products
// need.
//
// SPDX-License-Identifier: MIT

import CDotProducts

/// A panel of queries for one ``ByteRows``.
struct ByteQueries: Sendable {
    /// Queries in the largest panel.
    static let largestCount = Int(REIDENT_SCREEN_LANES * REIDENT_SCREEN_VECTORS)

    let count: Int
    /// Places of the panel; thresholds are as many.
    let width: Int
    private let depth: Int
    private var values: [Int8]
    private var corrections: [Int32]
    private var scales: [Float]
    private var weights: [Float]
    private var offsets: [Float]

    /// Keeps queries, `[count, D]`.
    init(
        _ queries: UnsafeBufferPointer<Float>, for rows: ByteRows, level: Int32 = bestByteLevel
    ) {
        let dimension = rows.dimension
        let lanes = Int(REIDENT_SCREEN_LANES)
        count = queries.count / dimension
        precondition(1...Self.largestCount ~= count, "a panel has room for its queries")
        width = (count + lanes - 1) / lanes * lanes
        depth = rows.paddedDimension
        // A single query is multiplied along the row, so it has no neighbours.
        let columns = count == 1 ? 1 : width
        values = Array(repeating: 0, count: columns * depth)
        corrections = Array(repeating: 0, count: width)
        scales = Array(repeating: 0, count: width)
        weights = Array(repeating: 0, count: width)
        offsets = Array(repeating: 0, count: width)
        let zeros = [Float](repeating: 0, count: dimension)
        var bytes = [UInt8](repeating: 0, count: depth)
        for query in 0..<count {
            let vector = UnsafeBufferPointer(
                rebasing: queries[query * dimension..<(query + 1) * dimension])
            var kept = reident_screen_row()
            reident_screen_keep(
                level, vector.baseAddress, zeros, dimension, depth, &bytes, &kept)
            var sum: Int32 = 0
            for place in 0..<depth {
                let whole = Int32(bytes[place]) - 128
                values[(place / 4 * columns + query) * 4 + place % 4] = Int8(whole)
                sum += whole
            }
            corrections[query] = 128 * sum
            scales[query] = kept.scale
            let bound = Self.bound(of: vector, kept, rows)
            weights[query] = bound.weight
            offsets[query] = bound.offset
        }
    }

    /// What the bound of every product with a query needs, rounded upwards.
    ///
    /// With A the query's length and B the longest row's: what the query lost times the longest
    /// that was kept of a row; what a sum of D products in single precision can be too large by,
    /// (D + 1) u A B (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, 3.1); and
    /// what the bound itself loses in its four roundings.
    private static func bound(
        of query: UnsafeBufferPointer<Float>, _ kept: reident_screen_row, _ rows: ByteRows
    ) -> (weight: Float, offset: Float) {
        let unit = 0x1p-24
        let length = (Double(kept.length) + Double(kept.residual)).nextUp
        let longest = rows.middleLength + rows.largestLength + rows.largestResidual
        var offset = 0.0
        for (place, value) in query.enumerated() {
            offset += Double(value) * Double(rows.middle[place])
        }
        offset += Double(kept.residual) * rows.largestLength
        offset += 1.01 * Double(query.count + 2) * unit * length * longest
        offset += 8 * unit * (length * longest + abs(offset)) + 1e-30
        return (Float(length).nextUp, Float(offset).nextUp)
    }

    /// Calls `body` with the panel as C sees it; the memory is only valid during the call.
    func withQueries<Result>(
        _ body: (UnsafePointer<reident_screen_queries>) -> Result
    ) -> Result {
        values.withUnsafeBufferPointer { values in
            corrections.withUnsafeBufferPointer { corrections in
                scales.withUnsafeBufferPointer { scales in
                    weights.withUnsafeBufferPointer { weights in
                        offsets.withUnsafeBufferPointer { offsets in
                            var queries = reident_screen_queries(
                                count: count, depth: depth, values: values.baseAddress,
                                corrections: corrections.baseAddress,
                                scales: scales.baseAddress, weights: weights.baseAddress,
                                offsets: offsets.baseAddress)
                            return body(&queries)
                        }
                    }
                }
            }
        }
    }
}
