// From which similarity on it is the same player: what a model's similarities mean, learned from
// players it was not trained on.
//
// SPDX-License-Identifier: MIT

import Foundation

/// Probabilities, thresholds and error rates of a model's similarities.
public struct DecisionCalibration: Sendable, Equatable, Codable {
    /// The threshold at a false match rate.
    public struct Threshold: Sendable, Equatable, Codable {
        /// The wished rate: the share of pairs of two players that may pass.
        public let falseMatchRate: Double
        /// Pairs at least so similar count as the same player; nil where there are too few pairs of
        /// two players to know such a rate.
        public let similarity: Double?
        /// 95% interval of the threshold over players, low and high.
        public let similarityInterval: [Double]?
        /// Share of pairs of one player that fall below it.
        public let falseNonMatchRate: Double?
        /// 95% interval of that share.
        public let falseNonMatchInterval: [Double]?
    }

    /// The rule of a search for players of whom some are not in the gallery.
    public struct OpenSet: Sendable, Equatable, Codable {
        /// How many players the galleries held.
        public let players: Int
        /// The rate at which somebody is found for a player who is not there.
        public let falsePositiveRate: Double
        /// A best match at least so similar is the same player.
        public let accepts: Double
        /// A best match less similar than this is somebody unknown.
        public let rejects: Double
        /// Share of players in the gallery that are not found at `accepts`.
        public let falseNegativeRate: Double
        /// The probability that a best match is right.
        public let best: MatchModel
        /// Share of best matches that were right where half of the players were in the gallery.
        public let rightShare: Double
    }

    /// What a search's best match is said to be.
    public enum Decision: String, Sendable, Codable {
        /// The query's player.
        case same
        /// Perhaps the query's player.
        case unsure
        /// Somebody else: the query's player is not in the gallery.
        case unknown
    }

    /// The probability of a single pair.
    public let pair: MatchModel
    /// How probable it is that two crops show one player, before anything is seen.
    public let prior: Double
    /// From high to low false match rates.
    public let thresholds: [Threshold]
    /// Rate at which as many pairs of two players pass as pairs of one fail.
    public let equalErrorRate: Double
    /// 95% interval of it over players; nil of too few.
    public let equalErrorInterval: [Double]?
    /// The threshold there.
    public let equalErrorSimilarity: Double
    /// Cllr in bits on players left out of the fit; nil where there were too few.
    public let cost: Double?
    /// How evidence grows with pairs of crops, 0...1.
    public let exponent: Double
    /// The rule of searches; nil where players were too few.
    public let openSet: OpenSet?
    /// Similarities of pairs of two players at 33 equally spaced shares, ascending.
    public let impostorQuantiles: [Double]
    /// How far such similarities differ between halves of these players: the largest distance of
    /// their distribution functions in 19 of 20 halvings.
    public let ownShift: Double
    /// What the crops' embeddings span; nil of too few, and in packages that were calibrated before
    /// it was kept.
    public let span: EmbeddingSpan?
    /// Players, crops and pairs it was learned from.
    public let players: Int
    /// Crops it was learned from.
    public let crops: Int
    /// Pairs of one player.
    public let genuinePairs: Int
    /// Pairs of two players.
    public let impostorPairs: Int
    /// SHA-256 of the crops' paths and players.
    public let data: String
    /// What decides an embedding: the model's fingerprint.
    public let model: String

    enum CodingKeys: String, CodingKey {
        case pair, prior, thresholds, cost, exponent, span, players, crops, data, model
        case equalErrorRate = "equal_error_rate"
        case equalErrorInterval = "equal_error_interval"
        case equalErrorSimilarity = "equal_error_similarity"
        case openSet = "open_set"
        case impostorQuantiles = "impostor_quantiles"
        case ownShift = "own_shift"
        case genuinePairs = "genuine_pairs"
        case impostorPairs = "impostor_pairs"
    }

    /// The false match rates that thresholds are given for.
    public static let rates = [1e-2, 1e-3, 1e-4]
}

extension DecisionCalibration.Threshold {
    enum CodingKeys: String, CodingKey {
        case similarity
        case falseMatchRate = "false_match_rate"
        case similarityInterval = "similarity_interval"
        case falseNonMatchRate = "false_non_match_rate"
        case falseNonMatchInterval = "false_non_match_interval"
    }

    /// Every key is there: null where there are too few pairs.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(falseMatchRate, forKey: .falseMatchRate)
        try container.encode(similarity, forKey: .similarity)
        try container.encode(similarityInterval, forKey: .similarityInterval)
        try container.encode(falseNonMatchRate, forKey: .falseNonMatchRate)
        try container.encode(falseNonMatchInterval, forKey: .falseNonMatchInterval)
    }
}

extension DecisionCalibration.OpenSet {
    enum CodingKeys: String, CodingKey {
        case players, accepts, rejects, best
        case falsePositiveRate = "false_positive_rate"
        case falseNegativeRate = "false_negative_rate"
        case rightShare = "right_share"
    }
}

extension DecisionCalibration {
    /// The probability that two crops show the same player, for the stored prior.
    public func probability(of similarity: Float) -> Double {
        pair.probability(of: Double(similarity), prior: prior)
    }

    /// The probability that two groups of crops show the same player, for the stored prior.
    ///
    /// - Parameters:
    ///   - similarity: Mean similarity over all pairs of one crop of each group.
    ///   - pairs: How many pairs these are, at least 1.
    /// - Returns: Between 0 and 1.
    public func probability(ofMean similarity: Float, pairs: Int) -> Double {
        let ratio = pair.logRatio(of: Double(similarity), pairs: pairs, exponent: exponent)
        return MatchModel.probability(ofLogRatio: ratio, prior: prior)
    }

    /// What the best of several players is, of whom there are several crops as of the player that
    /// is searched for.
    ///
    /// The joint evidence decides as that of a single pair does at the thresholds of `openSet`.
    ///
    /// - Parameters:
    ///   - similarity: Mean similarity over all pairs of one crop of each.
    ///   - pairs: How many pairs these are, at least 1.
    /// - Returns: nil where the calibration has no rule for searches.
    public func decision(onMean similarity: Float, pairs: Int) -> Decision? {
        guard let openSet else { return nil }
        let ratio = pair.logRatio(of: Double(similarity), pairs: pairs, exponent: exponent)
        if ratio >= pair.logRatio(of: openSet.accepts) { return .same }
        return ratio < pair.logRatio(of: openSet.rejects) ? .unknown : .unsure
    }

    /// What the best match of a search is; nil where the calibration has no rule for searches.
    public func decision(onBest similarity: Float) -> Decision? {
        guard let openSet else { return nil }
        if Double(similarity) >= openSet.accepts { return .same }
        return Double(similarity) < openSet.rejects ? .unknown : .unsure
    }

    /// How probable it is that the best match of a search shows the query's player, where that
    /// player is as likely in the gallery as not; nil where there is no rule for searches.
    public func probability(ofBest similarity: Float) -> Double? {
        openSet.map { $0.best.probability(of: Double(similarity), prior: $0.rightShare) }
    }

    /// How far similarities of random pairs lie from those of this calibration: the largest
    /// distance of the two distribution functions (Kolmogorov and Smirnov).
    ///
    /// - Parameter similarities: Of pairs of different players, or of random pairs among many.
    /// - Returns: 0 where they are alike, at most 1.
    public func shift(of similarities: [Float]) -> Double {
        Self.distance(of: similarities.map(Double.init), from: impostorQuantiles)
    }

    /// From which shift on a user should be warned that the footage is another.
    public var largestUsualShift: Double { max(0.1, 2 * ownShift) }

    /// The largest distance of a sample's distribution function from one given by its quantiles.
    static func distance(of sample: [Double], from quantiles: [Double]) -> Double {
        guard !sample.isEmpty, quantiles.count > 1 else { return 0 }
        let sorted = sample.sorted()
        var largest = 0.0
        var below = 0
        for (place, quantile) in quantiles.enumerated() {
            while below < sorted.count, sorted[below] <= quantile { below += 1 }
            let share = Double(place) / Double(quantiles.count - 1)
            largest = max(largest, abs(Double(below) / Double(sorted.count) - share))
        }
        return largest
    }
}
