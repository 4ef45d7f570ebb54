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
    private let head: Int
    private var values: [Int8]
    private var corrections: [Int32]
    private var scales: [Float]
    private var weights: [Float]
    private var offsets: [Float]
    private var headCorrections: [Int32]
    private var tails: [Float]
    private var tailValues: [Int8]

    /// Keeps queries, `[count, D]`.
    init(
        _ queries: UnsafeBufferPointer<Float>, for rows: ByteRows, level: Int32 = bestByteLevel
    ) {
        let dimension = rows.dimension
        let lanes = Int(REIDENT_SCREEN_LANES)
        count = queries.count / dimension
        precondition(1...Self.largestCount ~= count, "a panel has room for its queries")
        width = (count + lanes - 1) / lanes * lanes
        (depth, head) = (rows.paddedDimension, rows.head)
        // A single query is multiplied along the row, so it has no neighbours.
        let columns = count == 1 ? 1 : width
        values = Array(repeating: 0, count: columns * depth)
        corrections = Array(repeating: 0, count: width)
        scales = Array(repeating: 0, count: width)
        weights = Array(repeating: 0, count: width)
        offsets = Array(repeating: 0, count: width)
        headCorrections = Array(repeating: 0, count: width)
        tails = Array(repeating: 0, count: width)
        tailValues = []
        tailValues.reserveCapacity(count * (depth - head))
        var bytes = [UInt8](repeating: 0, count: depth)
        for query in 0..<count {
            let vector = UnsafeBufferPointer(
                rebasing: queries[query * dimension..<(query + 1) * dimension])
            var kept = reident_screen_row()
            reident_screen_keep(
                level, vector.baseAddress, rows.middle, dimension, depth, head, &bytes, &kept)
            var sum: Int32 = 0
            for place in 0..<depth {
                if place == head { headCorrections[query] = 128 * sum }
                let whole = Int32(bytes[place]) - 128
                values[(place / 4 * columns + query) * 4 + place % 4] = Int8(whole)
                if place >= head { tailValues.append(Int8(whole)) }
                sum += whole
            }
            corrections[query] = 128 * sum
            scales[query] = kept.scale
            tails[query] = kept.tail
            let bound = Self.bound(of: vector, kept, rows)
            weights[query] = bound.weight
            offsets[query] = bound.offset
        }
    }

    /// Of lengths; no part of a product is larger.
    private static let largestProduct = 1e37

    /// What the bound of every product with a query needs, rounded upwards.
    ///
    /// With A the query's length, M the middle's and B the longest row's: what the query lost times
    /// the longest that was kept of a row; what a sum of D products in single precision can be too
    /// large by, (D + 1) u A B (Higham, "Accuracy and Stability of Numerical Algorithms", 2002,
    /// 3.1), and a row's product with the middle too small by, (D + 1) u M B; and what the bound
    /// itself loses in its roundings, six at most.
    private static func bound(
        of query: UnsafeBufferPointer<Float>, _ kept: reident_screen_row, _ rows: ByteRows
    ) -> (weight: Float, offset: Float) {
        let unit = 0x1p-24
        let weight = (Double(kept.length) + Double(kept.residual)).nextUp
        let length = weight + 2 * rows.middleLength
        let longest = rows.middleLength + rows.largestLength + rows.largestResidual
        // Beyond, sums in single precision could overflow on the way: every row is looked at.
        guard length * longest < Self.largestProduct else {
            return (Float(weight).nextUp, .infinity)
        }
        var offset = 0.0
        for (place, value) in query.enumerated() {
            offset += Double(value) * Double(rows.middle[place])
        }
        offset += Double(kept.residual) * rows.largestLength
        offset += 1.01 * Double(query.count + 2) * unit * length * longest
        offset += 8 * unit * (length * longest + abs(offset)) + 1e-30
        return (Float(weight).nextUp, Float(offset).nextUp)
    }

    /// Calls `body` with the panel as C sees it, in memory that is only valid during the call, and
    /// `byHead` where rows are to be ruled out by the head first.
    func withQueries<Result>(
        byHead: Bool, _ body: (UnsafePointer<reident_screen_queries>) -> Result
    ) -> Result {
        values.withUnsafeBufferPointer { values in
            withUnsafe(corrections, headCorrections) { corrections, headCorrections in
                withUnsafe(scales, weights) { scales, weights in
                    withUnsafe(offsets, tails) { offsets, tails in
                        tailValues.withUnsafeBufferPointer { tailValues in
                            var queries = reident_screen_queries(
                                count: count, depth: depth, head: byHead ? head : depth,
                                values: values.baseAddress, corrections: corrections,
                                scales: scales, weights: weights, offsets: offsets,
                                head_corrections: headCorrections, tails: tails,
                                tail_values: tailValues.baseAddress)
                            return body(&queries)
                        }
                    }
                }
            }
        }
    }

    /// Calls `body` with the memory of two arrays.
    private func withUnsafe<Element, Result>(
        _ first: [Element], _ second: [Element],
        _ body: (UnsafePointer<Element>?, UnsafePointer<Element>?) -> Result
    ) -> Result {
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { body(first.baseAddress, $0.baseAddress) }
        }
    }
}
