// How far thresholds and error rates would move with other players: the percentile bootstrap over
// players, whose pairs count as often as both players were drawn.
// Bolle, Ratha, Pankanti, Error analysis of pattern recognition systems: the subsets bootstrap,
// 2004.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Intervals of what a verification curve says.
struct VerificationBootstrap: Sendable {
    /// What one drawing of players gives.
    struct Draw: Sendable {
        /// For each rate the threshold and the share of pairs of one player below it.
        var points: [(threshold: Double, missed: Double)] = []
        /// The equal error rate.
        var equalErrorRate = 0.0
    }

    private let genuine: [PairSimilarities.Pair]
    private let impostor: [PairSimilarities.Pair]
    private let cropsOfPlayer: [Int]
    private let rates: [Double]
    /// Places of the rates, the lowest first: so they come from high to low thresholds.
    private let strictest: [Int]

    /// - Parameters:
    ///   - pairs: All pairs.
    ///   - rates: The false match rates whose thresholds are wanted.
    ///   - equalErrorRate: About what it is: pairs of two players that are less alike than any
    ///     threshold near it are not sorted.
    init(_ pairs: PairSimilarities, rates: [Double], equalErrorRate: Double) {
        genuine = pairs.genuine.sorted { $0.similarity > $1.similarity }
        // Drawn players move the rate; three times it and a twentieth are far beyond.
        let share = min(1, max(3 * equalErrorRate, 0.05))
        let kept = min(pairs.impostor.count, Int(share * Double(pairs.impostor.count)) + 100)
        let values = pairs.impostor.map(\.similarity).sorted(by: >)
        let least = values[kept - 1]
        impostor = pairs.impostor.filter { $0.similarity >= least }
            .sorted { $0.similarity > $1.similarity }
        cropsOfPlayer = pairs.cropsOfPlayer
        self.rates = rates
        strictest = rates.indices.sorted { rates[$0] < rates[$1] }
    }

    /// Draws players with replacement.
    ///
    /// - Parameters:
    ///   - count: How many times.
    ///   - seed: Decides the draws.
    /// - Returns: One result a drawing that had pairs of both kinds.
    func draws(_ count: Int, seed: UInt64) -> [Draw] {
        parallelMap(count: count) { draw(seed: seed, index: $0) }.compactMap { $0 }
    }

    private func draw(seed: UInt64, index: Int) -> Draw? {
        var generator = SeededGenerator(seed: seed, stream: 0xB057 &+ UInt64(index) << 20)
        var drawn = [Double](repeating: 0, count: cropsOfPlayer.count)
        for _ in drawn.indices { drawn[generator.integer(below: drawn.count)] += 1 }
        // All pairs of two players, as often as both were drawn. A player drawn twice is not two.
        var (sum, squares) = (0.0, 0.0)
        for (times, crops) in zip(drawn, cropsOfPlayer) {
            sum += times * Double(crops)
            squares += times * times * Double(crops * crops)
        }
        let impostors = (sum * sum - squares) / 2
        let genuines = genuine.reduce(0) { $0 + drawn[Int($1.first)] }
        guard impostors > 0, genuines > 0 else { return nil }

        var result = Draw(
            points: [(threshold: Double, missed: Double)](repeating: (0, 0), count: rates.count))
        var (passed, matched, place, rate) = (0.0, 0.0, 0, 0)
        var crossing: Double?
        for pair in impostor {
            while place < genuine.count, genuine[place].similarity >= pair.similarity {
                matched += drawn[Int(genuine[place].first)]
                place += 1
            }
            passed += drawn[Int(pair.first)] * drawn[Int(pair.second)]
            let missed = 1 - matched / genuines
            while rate < strictest.count, passed > rates[strictest[rate]] * impostors {
                result.points[strictest[rate]] = (Double(pair.similarity), missed)
                rate += 1
            }
            if crossing == nil, passed / impostors >= missed {
                crossing = (passed / impostors + missed) / 2
            }
            if rate == rates.count, crossing != nil { break }
        }
        guard rate == rates.count, let crossing else { return nil }
        result.equalErrorRate = crossing
        return result
    }

    /// The bounds of the middle 95 of 100.
    static func interval(_ values: [Double]) -> [Double]? {
        guard values.count >= 40 else { return nil }
        let sorted = values.sorted()
        let last = Double(sorted.count - 1)
        return [sorted[Int((0.025 * last).rounded())], sorted[Int((0.975 * last).rounded())]]
    }
}
