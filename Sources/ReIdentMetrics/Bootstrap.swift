// How far a mean over queries would move with other players: the percentile bootstrap.
// Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Percentile bootstrap over groups: players are drawn with replacement, each with all queries.
///
/// Queries of one player are alike, so drawing single queries would give intervals too narrow.
public struct Bootstrap: Sendable {
    private let draws: Int
    private let seed: UInt64

    /// A bootstrap of so many draws; the seed decides them.
    public init(draws: Int, seed: UInt64) { (self.draws, self.seed) = (draws, seed) }

    /// The 95% interval of the mean of each figure.
    ///
    /// - Parameters:
    ///   - figures: One value a query, by name.
    ///   - groups: The player of each query.
    /// - Returns: An interval for each name; none at all if there are fewer than two players.
    public func intervals(
        of figures: [String: [Double]], groups: [Int32]
    ) -> [String: ClosedRange<Double>] {
        var members: [Int32: [Int]] = [:]
        for (query, group) in groups.enumerated() { members[group, default: []].append(query) }
        guard members.count > 1, draws > 0 else { return [:] }
        let players = members.sorted { $0.value[0] < $1.value[0] }.map(\.value)
        let sums = figures.mapValues { values in
            players.map { $0.reduce(0) { $0 + values[$1] } }
        }

        var generator = SeededGenerator(seed: seed, stream: 0xB007)
        var means = figures.mapValues { _ in [Double]() }
        for _ in 0..<draws {
            let drawn = players.indices.map { _ in generator.integer(below: players.count) }
            let queries = drawn.reduce(0) { $0 + players[$1].count }
            for (name, sums) in sums {
                means[name]?.append(drawn.reduce(0) { $0 + sums[$1] } / Double(queries))
            }
        }
        return means.mapValues { values in
            let sorted = values.sorted()
            return percentile(0.025, of: sorted)...percentile(0.975, of: sorted)
        }
    }

    /// The value below which a share of the sorted values lies, interpolated linearly.
    private func percentile(_ share: Double, of sorted: [Double]) -> Double {
        let position = share * Double(sorted.count - 1)
        let below = Int(position)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
    }
}
