// Learning what a model's similarities mean from crops whose players are known.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

extension DecisionCalibration {
    /// What a calibration is told about the crops beside their embeddings.
    public struct Origin: Sendable {
        /// SHA-256 of the crops' paths and players.
        public let data: String
        /// The fingerprint of what made the embeddings.
        public let model: String

        /// Says where embeddings come from.
        public init(data: String, model: String) { (self.data, self.model) = (data, model) }
    }

    /// The rates at which a search may find somebody for a player who is not in the gallery: the
    /// strictest that the crops suffice for is taken.
    static let searchRates = [0.01, 0.05, 0.1]
    /// The share of players in the gallery whose crops may be called unknown.
    static let rejectedShare = 0.05

    /// Learns from crops of players that the model was not trained on.
    ///
    /// - Parameters:
    ///   - embeddings: `[N, D]`, unit length.
    ///   - identities: The player on each; count N.
    ///   - cameras: The camera of each, or nil where cameras are not known: pairs of one player by
    ///     one camera are left out.
    ///   - prior: How probable it is that two crops show one player, between 0 and 1.
    ///   - origin: Where crops and embeddings come from.
    ///   - draws: How many times players are drawn for intervals.
    ///   - seed: Decides everything that is left to chance.
    /// - Throws: `MetricsError`: `tooFewPairs`, `notFinite`, `countMismatch`, `parameter`,
    ///   `cancelled`.
    public init(
        fitting embeddings: EmbeddingMatrix, identities: [String], cameras: [String?]? = nil,
        prior: Double = 0.5, origin: Origin, draws: Int = 200, seed: UInt64 = 1
    ) throws(MetricsError) {
        guard prior > 0, prior < 1 else {
            throw .parameter(
                name: "The prior", found: "\(prior)", expected: "between 0 and 1, without both")
        }
        let pairs = try PairSimilarities(
            embeddings, identities: identities, cameras: cameras, seed: seed)
        let curve = VerificationCurve(pairs)
        let equal = curve.equalErrorRate
        let (model, costs) = MatchModel.fitted(to: pairs, seed: seed)
        try checkCancellation()
        let equalRate = (equal.falseMatchRate + equal.falseNonMatchRate) / 2
        let known = Self.rates.filter { curve.point(atFalseMatchRate: $0) != nil }
        let drawn = VerificationBootstrap(pairs, rates: known, equalErrorRate: equalRate)
            .draws(draws, seed: seed)
        try checkCancellation()

        pair = model
        self.prior = prior
        thresholds = Self.rates.map { rate in
            let point = curve.point(atFalseMatchRate: rate)
            let place = known.firstIndex(of: rate)
            return Threshold(
                falseMatchRate: rate, similarity: point?.threshold,
                similarityInterval: place.flatMap { place in
                    VerificationBootstrap.interval(drawn.map { $0.points[place].threshold })
                },
                falseNonMatchRate: point?.falseNonMatchRate,
                falseNonMatchInterval: place.flatMap { place in
                    VerificationBootstrap.interval(drawn.map { $0.points[place].missed })
                })
        }
        equalErrorRate = equalRate
        equalErrorInterval = VerificationBootstrap.interval(drawn.map(\.equalErrorRate))
        equalErrorSimilarity = equal.threshold
        cost = costs.map { min($0.logistic, $0.isotonic) }
        let numbered = NumberedCrops(identities: identities, cameras: cameras)
        exponent = try CropGroups.exponent(embeddings, numbered, model: model, seed: seed)
        openSet = try Self.openSet(
            embeddings, identities: identities, cameras: cameras, numbered, seed: seed)
        impostorQuantiles = Self.quantiles(of: pairs.impostor.map { Double($0.similarity) })
        ownShift = Self.ownShift(pairs, seed: seed)
        try checkCancellation()
        span = try EmbeddingSpan(embeddings, numbered, seed: seed)
        (players, crops) = (
            pairs.cropsOfPlayer.count(where: { $0 > 0 }), pairs.cropsOfPlayer.reduce(0, +)
        )
        (genuinePairs, impostorPairs) = (pairs.genuine.count, pairs.impostor.count)
        (data, self.model) = (origin.data, origin.model)
    }

    private static func openSet(
        _ embeddings: EmbeddingMatrix, identities: [String], cameras: [String?]?,
        _ numbered: NumberedCrops, seed: UInt64
    ) throws(MetricsError) -> OpenSet? {
        guard numbered.rowsOfPlayer.count(where: { $0.count > 1 }) >= 4 else { return nil }
        let trials = try OpenSetTrials(
            embeddings, identities: identities, cameras: cameras, seed: seed)
        let known = searchRates.lazy.compactMap { rate in
            trials.threshold(atFalsePositiveRate: rate).map { (rate: rate, threshold: $0) }
        }.first
        guard let known, let rejects = trials.ownSimilarity(belowWhich: rejectedShare),
            trials.probes.contains(where: \.isRight), trials.probes.contains(where: { !$0.isRight })
        else { return nil }
        return OpenSet(
            players: trials.players, falsePositiveRate: known.rate, accepts: known.threshold,
            rejects: min(rejects, known.threshold),
            falseNegativeRate: trials.falseNegativeRate(at: known.threshold),
            best: .fitted(toBestMatchesOf: trials), rightShare: trials.rightShare)
    }

    /// 33 equally spaced quantiles.
    static func quantiles(of values: [Double]) -> [Double] {
        let sorted = values.sorted()
        return (0...32).map { sorted[$0 * (sorted.count - 1) / 32] }
    }

    /// How far halves of the players differ, in 19 of 20 halvings.
    private static func ownShift(_ pairs: PairSimilarities, seed: UInt64) -> Double {
        var generator = SeededGenerator(seed: seed, stream: 0x5417)
        let players = pairs.cropsOfPlayer.count
        guard players >= 4 else { return 1 }
        // Of millions of pairs some thousands tell as much.
        let step = max(1, pairs.impostor.count / 40_000)
        let some = stride(from: 0, to: pairs.impostor.count, by: step).map { pairs.impostor[$0] }
        var shifts: [Double] = []
        for _ in 0..<20 {
            let half = Set(generator.shuffled(Array(0..<Int32(players))).prefix(players / 2))
            let isIn = (0..<Int32(players)).map(half.contains)
            let first = some.filter { isIn[Int($0.first)] && isIn[Int($0.second)] }
            let second = some.filter { !isIn[Int($0.first)] && !isIn[Int($0.second)] }
            guard first.count > 100, second.count > 100 else { continue }
            shifts.append(
                distance(
                    of: first.map { Double($0.similarity) },
                    from: quantiles(of: second.map { Double($0.similarity) })))
        }
        guard !shifts.isEmpty else { return 1 }
        return shifts.sorted()[max(0, shifts.count - 2)]
    }
}

extension MatchModel {
    /// The probability of a search's best match.
    static func fitted(toBestMatchesOf trials: OpenSetTrials) -> MatchModel {
        logistic(fitting: trials.bestMatches)
    }
}
