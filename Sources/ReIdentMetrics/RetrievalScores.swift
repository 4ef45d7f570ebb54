// The figures of a whole retrieval task, averaged over its queries.
//
// SPDX-License-Identifier: MIT

/// How the gallery is prepared for the cumulative matching characteristic.
public enum MatchingProtocol: String, Sendable, CaseIterable, Codable {
    /// The first match decides. Zheng et al., ICCV 2015.
    case market1501
    /// Every match counts by its share, as if the other matches were not there.
    case allShots = "allshots"
    /// Ten random galleries of one image a player, without images of the query's camera.
    case cuhk03
}

/// Mean figures of all queries that have a match.
public struct RetrievalScores: Sendable, Equatable {
    /// Q, with the dropped ones.
    public let queryCount: Int

    /// G.
    public let galleryCount: Int

    /// Queries without a match in their gallery, which no figure counts, in order.
    public let droppedQueries: [Int]

    /// Mean average precision, 0...1.
    public let meanAveragePrecision: Double

    /// Mean inverse negative penalty, 0...1.
    public let meanInverseNegativePenalty: Double

    /// For each protocol and rank (from 1) the share of queries answered by then, 0...1.
    ///
    /// A protocol without a valid query is absent.
    public let cumulativeMatching: [MatchingProtocol: [Int: Double]]

    /// The 95% bootstrap intervals over identities, by figure.
    ///
    /// Figures are `mAP`, `mINP` and market1501's `rank1`, `rank5`, ... Empty when the queries
    /// show a single identity.
    public let intervals: [String: ClosedRange<Double>]

    /// The figures of each query; `nil` where it was dropped.
    public let queries: [QueryScore?]
}
