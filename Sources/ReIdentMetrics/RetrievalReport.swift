// The figures in the form the commands print: one JSON object for scripts.
//
// SPDX-License-Identifier: MIT

/// What `score` and `evaluate` report; its encoding is the documented JSON object.
public struct RetrievalReport: Codable, Sendable, Equatable {
    /// CMC by protocol and rank; a protocol without a valid query is `nil`.
    public struct CumulativeMatching: Codable, Sendable, Equatable {
        /// First match decides; keys are ranks, "1", "5", "10", "20".
        public let market1501: [String: Double]?
        /// Every match counts.
        public let allShots: [String: Double]?
        /// Random galleries of one image a player.
        public let cuhk03: [String: Double]?

        enum CodingKeys: String, CodingKey {
            case market1501
            case allShots = "allshots"
            case cuhk03
        }

        init(_ scores: RetrievalScores) {
            func column(_ name: MatchingProtocol) -> [String: Double]? {
                scores.cumulativeMatching[name].map { shares in
                    Dictionary(uniqueKeysWithValues: shares.map { (String($0), $1) })
                }
            }
            market1501 = column(.market1501)
            allShots = column(.allShots)
            cuhk03 = column(.cuhk03)
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(market1501, forKey: .market1501)  // writes null, not nothing
            try container.encode(allShots, forKey: .allShots)
            try container.encode(cuhk03, forKey: .cuhk03)
        }
    }

    /// The figures after re-ranking.
    public struct Reranked: Codable, Sendable, Equatable {
        /// Mean average precision, 0...1.
        public let meanAveragePrecision: Double
        /// Mean inverse negative penalty, 0...1.
        public let meanInverseNegativePenalty: Double
        /// CMC by protocol and rank.
        public let cumulativeMatching: CumulativeMatching

        enum CodingKeys: String, CodingKey {
            case meanAveragePrecision = "mAP"
            case meanInverseNegativePenalty = "mINP"
            case cumulativeMatching = "cmc"
        }
    }

    /// Q, with the dropped ones.
    public let queryCount: Int
    /// G.
    public let galleryCount: Int
    /// How many queries had no match left.
    public let droppedQueryCount: Int
    /// Mean average precision, 0...1.
    public let meanAveragePrecision: Double
    /// Mean inverse negative penalty, 0...1.
    public let meanInverseNegativePenalty: Double
    /// CMC by protocol and rank.
    public let cumulativeMatching: CumulativeMatching
    /// 95% intervals, `[low, high]` by figure.
    public let intervals: [String: [Double]]
    /// The figures after re-ranking, if it was asked for.
    public let reranked: Reranked?

    enum CodingKeys: String, CodingKey {
        case queryCount = "queries"
        case galleryCount = "gallery"
        case droppedQueryCount = "dropped_queries"
        case meanAveragePrecision = "mAP"
        case meanInverseNegativePenalty = "mINP"
        case cumulativeMatching = "cmc"
        case intervals
        case reranked
    }

    /// The report of some scores.
    ///
    /// - Parameters:
    ///   - scores: The figures of the distances as given.
    ///   - reranked: The figures after re-ranking, if there was any.
    public init(_ scores: RetrievalScores, reranked: RetrievalScores? = nil) {
        queryCount = scores.queryCount
        galleryCount = scores.galleryCount
        droppedQueryCount = scores.droppedQueries.count
        meanAveragePrecision = scores.meanAveragePrecision
        meanInverseNegativePenalty = scores.meanInverseNegativePenalty
        cumulativeMatching = CumulativeMatching(scores)
        intervals = scores.intervals.mapValues { [$0.lowerBound, $0.upperBound] }
        self.reranked = reranked.map { reranked in
            Reranked(
                meanAveragePrecision: reranked.meanAveragePrecision,
                meanInverseNegativePenalty: reranked.meanInverseNegativePenalty,
                cumulativeMatching: CumulativeMatching(reranked))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(queryCount, forKey: .queryCount)
        try container.encode(galleryCount, forKey: .galleryCount)
        try container.encode(droppedQueryCount, forKey: .droppedQueryCount)
        try container.encode(meanAveragePrecision, forKey: .meanAveragePrecision)
        try container.encode(meanInverseNegativePenalty, forKey: .meanInverseNegativePenalty)
        try container.encode(cumulativeMatching, forKey: .cumulativeMatching)
        try container.encode(intervals, forKey: .intervals)
        try container.encode(reranked, forKey: .reranked)  // writes null, not nothing
    }
}
