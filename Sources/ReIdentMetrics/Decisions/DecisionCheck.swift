// What a calibration is worth on other players: does what it says come true?
//
// SPDX-License-Identifier: MIT

import Foundation

/// A calibration measured on crops whose players are known.
public struct DecisionCheck: Sendable, Equatable, Encodable {
    /// A stored threshold on these crops.
    public struct Rate: Sendable, Equatable, Encodable {
        /// The rate it was chosen for.
        public let wished: Double
        /// The threshold.
        public let similarity: Double
        /// Share of pairs of two players that pass it here.
        public let falseMatchRate: Double
        /// Share of pairs of one player that do not.
        public let falseNonMatchRate: Double

        enum CodingKeys: String, CodingKey {
            case wished, similarity
            case falseMatchRate = "false_match_rate"
            case falseNonMatchRate = "false_non_match_rate"
        }
    }

    /// Searches where half of the players are in the gallery, by the stored rule.
    public struct Search: Sendable, Equatable, Encodable {
        /// How many players the galleries held.
        public let players: Int
        /// Share of players outside the gallery for whom somebody was named.
        public let falsePositiveRate: Double
        /// Share of players in the gallery who were not named.
        public let falseNegativeRate: Double
        /// Share of all searches that were called unsure.
        public let unsure: Double
        /// Share of players in the gallery who were called unknown.
        public let wronglyUnknown: Double
        /// How far probabilities of best matches are from the truth.
        public let calibrationError: Double

        enum CodingKeys: String, CodingKey {
            case players, unsure
            case falsePositiveRate = "false_positive_rate"
            case falseNegativeRate = "false_negative_rate"
            case wronglyUnknown = "wrongly_unknown"
            case calibrationError = "calibration_error"
        }
    }

    /// Players, crops and pairs it was measured on.
    public let players: Int
    /// Pairs of one player.
    public let genuinePairs: Int
    /// Pairs of two players.
    public let impostorPairs: Int
    /// Expected calibration error of the pairs' probabilities, weighted to the stored prior: 0...1.
    public let calibrationError: Double
    /// Cllr in bits: 0 is perfect, 1 what knowing nothing costs.
    public let cost: Double
    /// What the best calibration of these very crops would cost: the rest is what the calibration
    /// lost on the way here.
    public let leastCost: Double
    /// Equal error rate here.
    public let equalErrorRate: Double
    /// The stored thresholds here.
    public let rates: [Rate]
    /// The rule of searches; nil if there is none, or too few players.
    public let search: Search?
    /// How far similarities of two players lie from those of the calibration, 0...1.
    public let shift: Double
    /// From which shift on `search` warns.
    public let largestUsualShift: Double
    /// Which share of how embeddings differ lies outside of what those of the calibration span;
    /// nil where that is not known.
    public let outside: Double?
    /// From which share on `search` warns.
    public let largestUsualOutside: Double?

    /// Whether the crops are other footage than the calibration's, by either sign.
    public var isOtherFootage: Bool {
        shift > largestUsualShift || outside ?? 0 > largestUsualOutside ?? 1
    }

    enum CodingKeys: String, CodingKey {
        case players, cost, rates, search, shift, outside
        case genuinePairs = "genuine_pairs"
        case impostorPairs = "impostor_pairs"
        case calibrationError = "calibration_error"
        case leastCost = "least_cost"
        case equalErrorRate = "equal_error_rate"
        case largestUsualShift = "largest_usual_shift"
        case largestUsualOutside = "largest_usual_outside"
    }

    /// Measures a calibration.
    ///
    /// - Parameters:
    ///   - calibration: Learned from other players.
    ///   - embeddings: `[N, D]`, unit length.
    ///   - identities: The player on each; count N.
    ///   - cameras: The camera of each, or nil where cameras are not known.
    ///   - seed: Decides everything that is left to chance.
    /// - Throws: `MetricsError`: `tooFewPairs`, `notFinite`, `countMismatch`, `cancelled`.
    public init(
        of calibration: DecisionCalibration, on embeddings: EmbeddingMatrix,
        identities: [String], cameras: [String?]? = nil, seed: UInt64 = 1
    ) throws(MetricsError) {
        let pairs = try PairSimilarities(
            embeddings, identities: identities, cameras: cameras, seed: seed)
        let quality = calibration.pair.quality(on: pairs, prior: calibration.prior)
        (cost, calibrationError) = (quality.cost, quality.calibrationError)
        let counted = SimilarityHistogram(pairs)
        leastCost = MatchModel.isotonic(fitting: counted).cost(on: counted)
        let curve = VerificationCurve(pairs)
        let equal = curve.equalErrorRate
        equalErrorRate = (equal.falseMatchRate + equal.falseNonMatchRate) / 2
        rates = calibration.thresholds.compactMap { threshold in
            threshold.similarity.map { similarity in
                let point = curve.point(at: Float(similarity))
                return Rate(
                    wished: threshold.falseMatchRate, similarity: similarity,
                    falseMatchRate: point.falseMatchRate,
                    falseNonMatchRate: point.falseNonMatchRate)
            }
        }
        players = pairs.cropsOfPlayer.count { $0 > 0 }
        (genuinePairs, impostorPairs) = (pairs.genuine.count, pairs.impostor.count)
        shift = calibration.shift(of: pairs.impostor.map(\.similarity))
        largestUsualShift = calibration.largestUsualShift
        outside = try calibration.span?.shareOutside(embeddings)
        largestUsualOutside = calibration.span?.largestUsualOutside(players: players)
        search = try Self.search(
            calibration, embeddings, identities: identities, cameras: cameras, seed: seed)
    }

    private static func search(
        _ calibration: DecisionCalibration, _ embeddings: EmbeddingMatrix,
        identities: [String], cameras: [String?]?, seed: UInt64
    ) throws(MetricsError) -> Search? {
        guard let rule = calibration.openSet else { return nil }
        let trials: OpenSetTrials
        do {
            trials = try OpenSetTrials(
                embeddings, identities: identities, cameras: cameras, seed: seed)
        } catch {
            guard case .tooFewPairs = error else { throw error }
            return nil
        }
        let decisions = trials.probes.map { ($0, calibration.decision(onBest: $0.best)) }
        let mated = decisions.filter(\.0.isMated)
        let unsure = decisions.count { $0.1 == .unsure }
        return Search(
            players: trials.players,
            falsePositiveRate: trials.falsePositiveRate(at: rule.accepts),
            falseNegativeRate: trials.falseNegativeRate(at: rule.accepts),
            unsure: Double(unsure) / Double(max(1, decisions.count)),
            wronglyUnknown: Double(mated.count { $0.1 == .unknown })
                / Double(max(1, mated.count)),
            calibrationError: rule.best.calibrationError(
                on: trials.bestMatches, prior: trials.rightShare, claimedPrior: rule.rightShare))
    }
}
