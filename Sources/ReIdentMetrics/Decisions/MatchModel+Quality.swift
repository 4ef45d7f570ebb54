// How good probabilities are on pairs they were not fitted to, and which form of them is better.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

extension MatchModel {
    /// The cost of its log likelihood ratios in bits: 0 is perfect, 1 what knowing nothing costs.
    ///
    /// Cllr of Brümmer and du Preez, 2006: the mean over both kinds of pairs.
    func cost(on pairs: SimilarityHistogram) -> Double {
        var sum = 0.0
        pairs.forEach { similarity, genuine, impostor in
            let ratio = logRatio(of: similarity)
            sum += genuine * log1p(exp(-ratio)) + impostor * log1p(exp(ratio))
        }
        return sum / (2 * log(2))
    }

    /// Expected calibration error: how far probabilities and shares of genuine pairs lie apart, in
    /// the mean over pairs, by 15 equally wide steps of probability (Guo et al., 2017).
    ///
    /// - Parameters:
    ///   - pairs: The pairs.
    ///   - prior: The share of genuine pairs that they are weighted to, between 0 and 1.
    ///   - claimedPrior: The share that probabilities are computed with; nil is the same.
    /// - Returns: 0 where every probability is true, at most 1.
    func calibrationError(
        on pairs: SimilarityHistogram, prior: Double, claimedPrior: Double? = nil
    ) -> Double {
        var bins = [(claimed: Double, genuine: Double)](repeating: (0, 0), count: 15)
        pairs.forEach { similarity, genuine, impostor in
            let weight = genuine * prior + impostor * (1 - prior)
            let claimed = probability(of: similarity, prior: claimedPrior ?? prior)
            let bin = min(14, Int(claimed * 15))
            bins[bin].claimed += weight * claimed
            bins[bin].genuine += genuine * prior
        }
        return bins.reduce(0) { $0 + abs($1.claimed - $1.genuine) }
    }

    /// The form that costs less on players it was not fitted to, fitted to all.
    ///
    /// - Parameters:
    ///   - pairs: Of at least four players; of fewer the straight line is taken, uncompared.
    ///   - folds: Parts of the players; pairs within a part test what pairs within the others fit.
    ///   - seed: Decides the parts.
    /// - Returns: The model, and the cost of each form over the parts in bits; nil where there was
    ///   no part with both kinds of pairs.
    public static func fitted(
        to pairs: PairSimilarities, folds: Int = 5, seed: UInt64 = 1
    ) -> (model: MatchModel, costs: (logistic: Double, isotonic: Double)?) {
        let players = pairs.cropsOfPlayer.count
        var generator = SeededGenerator(seed: seed, stream: 0xF01D)
        let order = generator.shuffled(Array(0..<players))
        var part = [Int](repeating: 0, count: players)
        // Two players at least make a part, or it has no pair of two.
        let count = min(folds, players / 2)
        for (place, player) in order.enumerated() { part[player] = place % max(count, 1) }
        var sums = (logistic: 0.0, isotonic: 0.0, parts: 0)
        for fold in 0..<max(count, 0) where count > 1 {
            let fit = SimilarityHistogram(pairs) { part[Int($0)] != fold && part[Int($1)] != fold }
            let test = SimilarityHistogram(pairs) { part[Int($0)] == fold && part[Int($1)] == fold }
            guard min(fit.genuineCount, fit.impostorCount) > 0,
                min(test.genuineCount, test.impostorCount) > 0
            else { continue }
            sums.logistic += logistic(fitting: fit).cost(on: test)
            sums.isotonic += isotonic(fitting: fit).cost(on: test)
            sums.parts += 1
        }
        let all = SimilarityHistogram(pairs)
        guard sums.parts > 0 else { return (logistic(fitting: all), nil) }
        let costs = (
            logistic: sums.logistic / Double(sums.parts),
            isotonic: sums.isotonic / Double(sums.parts)
        )
        let isCurved = costs.isotonic < costs.logistic
        return (isCurved ? isotonic(fitting: all) : logistic(fitting: all), costs)
    }

    /// Cllr and expected calibration error on pairs of other players than it was fitted to.
    ///
    /// - Parameters:
    ///   - pairs: The pairs.
    ///   - prior: The share of genuine pairs that the error is weighted to, between 0 and 1.
    /// - Returns: The cost in bits, and the error, 0...1.
    public func quality(
        on pairs: PairSimilarities, prior: Double
    ) -> (cost: Double, calibrationError: Double) {
        let counted = SimilarityHistogram(pairs)
        return (cost(on: counted), calibrationError(on: counted, prior: prior))
    }
}
