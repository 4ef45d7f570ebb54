// A Score-CAM map of which some channels are scored, and how near it is to the plain one.
//
// SPDX-License-Identifier: MIT

import Foundation

/// The map that known scores make, with predicted ones for the channels that are not scored.
struct MapEstimate {
    private let masks: ActivationMasks
    /// Which cells show the crop; the others stay dark.
    private let isShown: [Bool]
    /// The shown cells.
    private let cells: [Int]
    /// Variances of the channels' activations on the shown cells: how much each can change a map.
    private let variances: [Double]
    private var regression: ScoreRegression
    /// Channels that are scored.
    private(set) var known: Set<Int> = []
    /// The map, before it is brought to a largest of 1, `[G, G]`.
    private var values: [Float] = []
    /// How well the map is expected to correlate with the plain one, 0...1.
    private(set) var correlation = 0.0

    /// Knows no score yet.
    ///
    /// - Parameters:
    ///   - masks: The channels.
    ///   - isShown: Which cells show the crop, `[G, G]`, at least one. Masks are compared there:
    ///     on padding they hide nothing.
    init(of masks: ActivationMasks, showing isShown: [Bool]) {
        (self.masks, self.isShown) = (masks, isShown)
        let cells = isShown.indices.filter { isShown[$0] }
        self.cells = cells
        variances = (0..<masks.channels).map { channel in
            let start = channel * isShown.count
            return Self.variance(cells.map { masks.activations[start + $0] })
        }
        regression = ScoreRegression(masks: masks.masks(onCells: cells), cells: cells.count)
    }

    /// Channels that stand for all, of so many groups at most.
    func representatives(_ count: Int) -> [Int] {
        ActivationMasks.representatives(
            count, of: masks.masks(onCells: cells), cells: cells.count, seed: 1)
    }

    /// Of the channels that are not scored so many at most that can change the map most.
    func strongestUnknown(_ count: Int) -> [Int] {
        let unknown = variances.indices.filter { !known.contains($0) }
        return Array(unknown.sorted { variances[$0] > variances[$1] }.prefix(count)).sorted()
    }

    /// Adds scores of channels that were not known yet.
    mutating func learn(_ channels: [Int], scores: [Float]) {
        regression.learn(channels, scores: scores)
        known.formUnion(channels)
        let prediction = regression.prediction()
        let largest = prediction.scores.max() ?? 0
        let exponentials = prediction.scores.map { exp(Double($0 - largest)) }
        let sum = exponentials.reduce(0, +)
        let weights = exponentials.map { $0 / sum }
        let sums = masks.combined(weights)
        values = zip(sums, isShown).map { $1 ? max(0, $0) : 0 }
        // A score that is wrong by a little makes its weight wrong by that share. So the plain map
        // is this one and what the errors of the unknown scores make, which knows nothing of it.
        let noise = variances.indices.reduce(0) { sum, channel in
            known.contains(channel)
                ? sum : sum + weights[channel] * weights[channel] * variances[channel]
        }
        // A map that is dark everywhere is the surer the further it is from any light.
        let brightest = Double(cells.map { sums[$0] }.max() ?? 0)
        let signal =
            brightest > 0 ? Self.variance(cells.map { values[$0] }) : brightest * brightest
        let total = signal + (noise > 0 ? prediction.error * noise : 0)
        correlation = total > 0 ? (signal / total).squareRoot() : 1
    }

    /// The map, its largest at 1.
    var map: SaliencyMap {
        SaliencyMap(rows: masks.side, columns: masks.side, values: values).scaledToOne()
    }

    private static func variance(_ values: [Float]) -> Double {
        guard !values.isEmpty else { return 0 }
        let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
        return values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
            / Double(values.count)
    }
}
