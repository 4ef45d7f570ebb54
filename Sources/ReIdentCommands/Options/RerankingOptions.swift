// The options of k-reciprocal re-ranking.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentMetrics

/// Whether and how matches are re-ranked.
struct RerankingOptions: ParsableArguments {
    @Flag(help: "Also re-rank by k-reciprocal neighbours.")
    var rerank = false

    @Option(help: "Re-ranking: neighbours that may be reciprocal.")
    var k1 = 20

    @Option(help: "Re-ranking: neighbours whose descriptions are averaged.")
    var k2 = 6

    @Option(help: "Re-ranking: the share of the original distance, 0 to 1.")
    var lambda: Float = 0.3

    /// The settings; nil if nothing is to be re-ranked.
    ///
    /// - Throws: `MetricsError.parameter` for a value out of range.
    func settings() throws(MetricsError) -> Reranking? {
        let settings = try Reranking(k1: k1, k2: k2, lambda: lambda)
        return rerank ? settings : nil
    }
}
