// Evaluation of distances against labels: mAP, mINP, CMC and their bootstrap intervals.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import Synchronization

/// How distances are evaluated.
///
/// A gallery image with the query's identity and the query's camera is left out of that query's
/// gallery. A query with no match left is dropped, and counted as dropped.
public struct RetrievalEvaluation: Sendable {
    /// Ranks at which the cumulative matching characteristic is reported, from 1.
    public var ranks = [1, 5, 10, 20]

    /// Seed of the random galleries (cuhk03) and of the bootstrap.
    public var seed: UInt64 = 1

    /// Random galleries for each query under the cuhk03 protocol.
    public var singleShotDraws = 10

    /// Bootstrap draws; 0 computes no intervals.
    public var bootstrapDraws = 1_000

    /// The usual settings: ranks 1, 5, 10, 20.
    public init() {}

    /// Evaluates distances.
    ///
    /// - Parameters:
    ///   - distances: Q × G, smaller is more alike.
    ///   - labels: Identities and cameras of the Q queries and G gallery images.
    /// - Returns: The mean figures over all queries that have a match.
    /// - Throws: `MetricsError`: `notFinite` for a distance that is not a number, `noValidQuery`
    ///   if no query has a match, `countMismatch` if labels and matrix differ in size.
    /// - Complexity: O(Q · G · log M) for M matches a query.
    public func scores(
        of distances: any DistanceRows, labels: RetrievalLabels
    ) throws(MetricsError) -> RetrievalScores {
        guard labels.queryCount == distances.queryCount else {
            throw .countMismatch(
                what: "query identities", expected: distances.queryCount, found: labels.queryCount)
        }
        guard labels.galleryCount == distances.galleryCount else {
            throw .countMismatch(
                what: "gallery identities", expected: distances.galleryCount,
                found: labels.galleryCount)
        }
        let queries = try queryScores(of: distances, labels: labels)
        let dropped = queries.indices.filter { queries[$0] == nil }
        let valid = queries.compactMap { $0 }
        guard !valid.isEmpty else {
            throw .noValidQuery(queries: queries.count, gallery: labels.galleryCount)
        }
        let bootstrap = Bootstrap(draws: bootstrapDraws, seed: seed)
        return RetrievalScores(
            queryCount: queries.count, galleryCount: labels.galleryCount, droppedQueries: dropped,
            meanAveragePrecision: mean(valid.map(\.averagePrecision)),
            meanInverseNegativePenalty: mean(valid.map(\.inverseNegativePenalty)),
            cumulativeMatching: cumulativeMatching(valid),
            intervals: bootstrap.intervals(
                of: figures(valid),
                groups: queries.indices.filter { queries[$0] != nil }
                    .map { labels.queryIdentities[$0] }),
            queries: queries)
    }

    private func queryScores(
        of distances: any DistanceRows, labels: RetrievalLabels
    ) throws(MetricsError) -> [QueryScore?] {
        let ranking = QueryRanking(
            labels: labels, ranks: ranks, singleShotDraws: singleShotDraws, seed: seed)
        let galleryCount = labels.galleryCount
        var scores = [QueryScore?](repeating: nil, count: labels.queryCount)
        try distances.forEachBlock { (rows, block) throws(MetricsError) in
            let shared = SharedValues(block)
            let firstBad = Mutex<Int?>(nil)
            let blockScores = [QueryScore?](unsafeUninitializedCapacity: rows.count) {
                buffer, count in
                buffer.initialize(repeating: nil)
                let results = DisjointValues(buffer)
                parallelForEach(count: rows.count) { offset in
                    let row = UnsafeBufferPointer(
                        rebasing: shared.pointer[
                            offset * galleryCount..<(offset + 1) * galleryCount])
                    guard !row.contains(where: \.isNaN) else {
                        firstBad.withLock { $0 = min($0 ?? offset, offset) }
                        return
                    }
                    results[offset] = ranking.score(query: rows.lowerBound + offset, row: row)
                }
                count = rows.count
            }
            if let offset = firstBad.withLock({ $0 }) {
                let start = offset * galleryCount
                let column = block[start...].firstIndex(where: \.isNaN).map { $0 - start } ?? 0
                throw .notFinite(
                    matrix: "distances", row: rows.lowerBound + offset, column: column,
                    value: .nan)
            }
            scores.replaceSubrange(rows, with: blockScores)
        }
        return scores
    }

    private func cumulativeMatching(_ valid: [QueryScore]) -> [MatchingProtocol: [Int: Double]] {
        var result: [MatchingProtocol: [Int: Double]] = [:]
        for (position, rank) in ranks.enumerated() {
            result[.market1501, default: [:]][rank] =
                mean(valid.map { $0.firstMatchRank <= rank ? 1 : 0 })
            result[.allShots, default: [:]][rank] = mean(valid.map { $0.allShots[position] })
            guard singleShotDraws > 0 else { continue }
            result[.cuhk03, default: [:]][rank] = mean(valid.map { $0.singleShot[position] })
        }
        return result
    }

    /// The figures that get an interval, one value a query.
    private func figures(_ valid: [QueryScore]) -> [String: [Double]] {
        var figures = [
            "mAP": valid.map(\.averagePrecision), "mINP": valid.map(\.inverseNegativePenalty),
        ]
        for rank in ranks {
            figures["rank\(rank)"] = valid.map { $0.firstMatchRank <= rank ? 1 : 0 }
        }
        return figures
    }
}

private func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
}
