// The rows with the largest dot products, exactly, without ever holding a matrix of products.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import Synchronization

/// Finds among N vectors those with the largest dot products with others.
///
/// What it finds are the largest products in single precision, whichever way they are found. Where
/// the machine multiplies bytes (AVX-512 VNNI), a copy of the vectors in 8 bits a number comes to
/// help as soon as doing without it has cost as much as making it would. It takes a quarter of the
/// vectors' memory. Each of its products has a proved bound, so only rows that may be among the
/// best are looked at in single precision.
public final class NearestRows: Sendable {
    /// How products are found; a choice for tests.
    enum Way: Sendable { case automatic, plainly, screened(level: Int32) }

    /// The vectors, `[N, D]`.
    public let vectors: EmbeddingMatrix

    private struct State {
        /// Passes over the vectors that searches have taken so far, without the copy.
        var passes = 0
        var copy: ByteRows?
    }
    private let state = Mutex(State())

    /// Making the copy takes as long as so many searches for one query without it.
    private static let passesWorthCopying = 4
    /// Queries that take, beyond the first, as long as one alone when products fill the time.
    private static let queriesLikePass = 16
    /// With fewer vectors nothing takes long.
    private static let smallestCopied = 4096
    /// If one row in so many is wanted, or more, bounds leave too much to look at.
    private static let usefulShare = 64
    /// Queries that share a pass over the vectors; between passes cancellation is noticed.
    private static let queriesOfPass = 256

    /// A search among vectors, which are neither read nor copied yet.
    public init(_ vectors: EmbeddingMatrix) { self.vectors = vectors }

    /// Whether the copy was made.
    var screens: Bool { state.withLock { $0.copy != nil } }

    /// The rows with the largest dot products with each query, largest first; equal ones in the
    /// order of rows.
    ///
    /// - Parameters:
    ///   - queries: `[Q, D]`.
    ///   - count: Rows for each query, at least 1; fewer where there are not as many.
    /// - Returns: For each query its rows.
    /// - Throws: `MetricsError.countMismatch` if the sizes differ, `cancelled`.
    public func nearest(
        to queries: EmbeddingMatrix, count: Int
    ) throws(MetricsError) -> [[RankedRow]] {
        try nearest(to: queries, count: count, by: .automatic)
    }

    /// The same in a chosen way.
    func nearest(
        to queries: EmbeddingMatrix, count: Int, by way: Way
    ) throws(MetricsError) -> [[RankedRow]] {
        guard queries.dimension == vectors.dimension else {
            throw .countMismatch(
                what: "numbers in an embedding", expected: queries.dimension,
                found: vectors.dimension)
        }
        let count = min(count, vectors.count)
        guard count > 0 else { return Array(repeating: [], count: queries.count) }
        let copy = try copy(for: queries.count, wanted: count, by: way)
        var level = bestByteLevel
        if case .screened(let chosen) = way { level = chosen }
        var results: [[RankedRow]] = []
        for start in stride(from: 0, to: queries.count, by: Self.queriesOfPass) {
            if Task.isCancelled { throw .cancelled }
            let range = start..<min(queries.count, start + Self.queriesOfPass)
            results += try queries.withValues { (queryValues) throws(MetricsError) in
                try vectors.withValues { values in
                    let dimension = vectors.dimension
                    return RankingPass(
                        queries: UnsafeBufferPointer(
                            rebasing: queryValues[
                                range.lowerBound * dimension..<range.upperBound * dimension]),
                        vectors: values, dimension: dimension, wanted: count, copy: copy,
                        level: level
                    ).run()
                }
            }
        }
        return results
    }

    /// The copy in 8 bits, if it is of use for a call; it is made once.
    private func copy(
        for queries: Int, wanted: Int, by way: Way
    ) throws(MetricsError) -> ByteRows? {
        switch way {
        case .plainly: return nil
        case .screened(let level): return try ByteRows(vectors, level: level)
        case .automatic: break
        }
        guard bestByteLevel > 0, vectors.count >= Self.smallestCopied,
            ByteRows.supports(dimension: vectors.dimension)
        else { return nil }
        let few = queries <= RankingPass.fewQueries
        let passes = few ? queries : 1 + queries / Self.queriesLikePass
        let outcome = state.withLock { state in
            Result { () throws(MetricsError) in
                guard wanted <= vectors.count / Self.usefulShare else { return ByteRows?.none }
                if state.copy == nil {
                    state.passes += passes
                    if state.passes >= Self.passesWorthCopying {
                        state.copy = try ByteRows(vectors)
                    }
                }
                return state.copy
            }
        }
        return try outcome.get()
    }
}
