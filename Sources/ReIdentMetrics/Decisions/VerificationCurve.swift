// How often "the same player" is wrong, and how often it is missed, from each similarity on.
// Terms as in ISO/IEC 19795-1 (biometric performance testing).
//
// SPDX-License-Identifier: MIT

import Foundation

/// False match and false non-match rates over thresholds.
public struct VerificationCurve: Sendable {
    /// A threshold and what it does.
    public struct Point: Sendable, Equatable {
        /// Pairs at least so similar count as the same player.
        public let threshold: Double
        /// Share of pairs of two players that count as the same.
        public let falseMatchRate: Double
        /// Share of pairs of one player that do not.
        public let falseNonMatchRate: Double
    }

    /// Ascending.
    private let genuine: [Float]
    private let impostor: [Float]

    /// The curve of some pairs, at least one of each kind.
    public init(genuine: [Float], impostor: [Float]) {
        precondition(!genuine.isEmpty && !impostor.isEmpty, "a rate of nothing")
        self.genuine = genuine.sorted()
        self.impostor = impostor.sorted()
    }

    /// The curve of pairs.
    public init(_ pairs: PairSimilarities) {
        self.init(
            genuine: pairs.genuine.map(\.similarity), impostor: pairs.impostor.map(\.similarity))
    }

    /// What a threshold does.
    public func point(at threshold: Float) -> Point {
        let missed = Self.below(threshold, in: genuine)
        let passed = impostor.count - Self.below(threshold, in: impostor)
        return Point(
            threshold: Double(threshold),
            falseMatchRate: Double(passed) / Double(impostor.count),
            falseNonMatchRate: Double(missed) / Double(genuine.count))
    }

    /// The lowest threshold whose false match rate is not above a wished one.
    ///
    /// - Parameter rate: 0...1.
    /// - Returns: The point there; nil where fewer than 30 pairs of two players would be accepted,
    ///   too few to know such a rate (the rule of 30: Doddington et al., The NIST speaker
    ///   recognition evaluation, 2000).
    public func point(atFalseMatchRate rate: Double) -> Point? {
        let allowed = Int((rate * Double(impostor.count)).rounded(.down))
        guard allowed >= Self.fewestErrors else { return nil }
        guard allowed < impostor.count else { return point(at: impostor[0]) }
        // The most similar pair that must not pass decides, and all that are as similar.
        return point(at: impostor[impostor.count - 1 - allowed].nextUp)
    }

    /// Accepted pairs of two players from which on a rate is known.
    static let fewestErrors = 30

    /// The threshold at which both rates are equal, or as near as these pairs allow.
    public var equalErrorRate: Point {
        var (low, high) = (0, genuine.count - 1)
        while low < high {
            let middle = (low + high) / 2
            let found = point(at: genuine[middle])
            if found.falseNonMatchRate >= found.falseMatchRate {
                high = middle
            } else {
                low = middle + 1
            }
        }
        let found = point(at: genuine[low])
        let before = low > 0 ? point(at: genuine[low - 1]) : found
        func gap(_ point: Point) -> Double { abs(point.falseMatchRate - point.falseNonMatchRate) }
        return gap(before) < gap(found) ? before : found
    }

    /// Points for a detection error trade-off curve.
    ///
    /// - Parameter count: How many, at false match rates by equal factors from the smallest that
    ///   the pairs can show to 1; at least 2.
    /// - Returns: From high to low thresholds.
    public func tradeOff(count: Int) -> [Point] {
        let least = 1 / Double(impostor.count)
        return (0..<count).map { step in
            let rate = pow(least, 1 - Double(step) / Double(count - 1))
            let allowed = min(Int((rate * Double(impostor.count)).rounded()), impostor.count)
            guard allowed < impostor.count else { return point(at: impostor[0]) }
            return point(at: impostor[impostor.count - 1 - allowed].nextUp)
        }
    }

    /// How many sorted values are below one.
    private static func below(_ value: Float, in sorted: [Float]) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
