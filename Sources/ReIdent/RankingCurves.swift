// Curves of an evaluation: how many queries are answered by each rank, and what precision is left
// at each recall.
//
// SPDX-License-Identifier: MIT

import ReIdentData
public import ReIdentMetrics

/// Curves over the queries that have a match.
public struct RankingCurves: Sendable {
    /// Share of queries whose first right image is at rank 1 (or 2 and so on) at the latest.
    public let matching: [Double]
    /// Mean precision at recall 0 to 1 by steps of 0.01.
    ///
    /// For each query it is the best at that recall or beyond (interpolated, as in Manning et al.,
    /// Introduction to Information Retrieval, section 8.4).
    public let precision: [Double]
}

extension EmbeddedRetrieval {
    /// The curves of the embeddings' own distances.
    ///
    /// - Parameters:
    ///   - scores: The evaluation's figures.
    ///   - ranks: Ranks that `matching` goes to.
    /// - Returns: The curves.
    /// - Throws: `MetricsError` if the embeddings differ in width or the task was cancelled.
    public func curves(
        _ scores: RetrievalScores, ranks: Int = 50
    ) throws(MetricsError) -> RankingCurves {
        var matching = [Double](repeating: 0, count: ranks)
        var precision = [Double](repeating: 0, count: 101)
        var count = 0.0
        for (row, score) in scores.queries.enumerated() {
            guard let score else { continue }
            if Task.isCancelled { throw .cancelled }
            count += 1
            if score.firstMatchRank <= ranks { matching[score.firstMatchRank - 1] += 1 }
            let ranking = try ranking(ofQuery: row, count: .max)
            let total = ranking.count { $0.isRight }
            var (found, best) = (0, [Double](repeating: 0, count: 101))
            for (place, image) in ranking.enumerated() where image.isRight {
                found += 1
                let recall = 100 * found / total
                best[recall] = max(best[recall], Double(found) / Double(place + 1))
            }
            for level in (0..<100).reversed() { best[level] = max(best[level], best[level + 1]) }
            for level in 0...100 { precision[level] += best[level] }
        }
        guard count > 0 else { return RankingCurves(matching: matching, precision: precision) }
        var sum = 0.0
        return RankingCurves(
            matching: matching.map { share in
                sum += share
                return sum / count
            }, precision: precision.map { $0 / count })
    }
}
