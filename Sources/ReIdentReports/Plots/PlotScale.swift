// From values to places along an axis, and where its ticks are.
//
// SPDX-License-Identifier: MIT

import Foundation

/// How an axis is divided.
public enum PlotScale: Sendable, Equatable {
    /// Equal differences are equal lengths.
    case linear
    /// Equal ratios are equal lengths; values are above 0.
    case logarithmic
    /// Equal lengths are equal differences of the normal distribution's quantiles, as in a DET
    /// curve; values are shares between 0 and 1.
    case normalDeviate

    /// The number that is proportional to the place; nil where the scale has none for the value.
    func position(_ value: Double) -> Double? {
        switch self {
        case .linear: value.isFinite ? value : nil
        case .logarithmic: value > 0 && value.isFinite ? log10(value) : nil
        case .normalDeviate: value > 0 && value < 1 ? Self.normalQuantile(value) : nil
        }
    }

    /// Values at which ticks help to read, in ascending order.
    ///
    /// - Parameters:
    ///   - range: What the axis shows.
    ///   - count: About how many there may be.
    /// - Returns: The ticks' values.
    func ticks(in range: ClosedRange<Double>, count: Int) -> [Double] {
        switch self {
        case .linear: Self.roundValues(in: range, count: count)
        case .logarithmic: Self.powers(in: range, count: count)
        case .normalDeviate: Self.shares.filter(range.contains)
        }
    }

    private static let shares = [
        0.0001, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999, 0.9999,
    ]

    /// Multiples of 1, 2 or 5 times a power of ten.
    private static func roundValues(in range: ClosedRange<Double>, count: Int) -> [Double] {
        let span = range.upperBound - range.lowerBound
        guard span > 0, span.isFinite else { return [range.lowerBound] }
        let rough = span / Double(max(1, count))
        let power = pow(10, floor(log10(rough)))
        let step = power * ([1, 2, 5].first { $0 * power >= rough } ?? 10)
        let first = (range.lowerBound / step - 1e-9).rounded(.up)
        let last = (range.upperBound / step + 1e-9).rounded(.down)
        guard last >= first, last - first < 1_000 else { return [range.lowerBound] }
        return stride(from: first, through: last, by: 1).map { $0 == 0 ? 0 : $0 * step }
    }

    /// Powers of ten, with 2 and 5 times of them where there are few.
    private static func powers(in range: ClosedRange<Double>, count: Int) -> [Double] {
        guard range.lowerBound > 0, range.upperBound.isFinite else { return [] }
        let low = Int(log10(range.lowerBound).rounded(.down))
        let high = Int(log10(range.upperBound).rounded(.up))
        let within = range.lowerBound * (1 - 1e-9)...range.upperBound * (1 + 1e-9)
        let every = max(1, (high - low + count - 1) / max(1, count))
        let tens = stride(from: low, through: high, by: every).map { pow(10, Double($0)) }
        let whole = tens.filter(within.contains)
        guard whole.count < 3 else { return whole }
        return (low...high).flatMap { power in [1, 2, 5].map { $0 * pow(10, Double(power)) } }
            .filter(within.contains)
    }

    /// Quantile of the standard normal distribution, by bisection of its distribution function:
    /// exact to 1e-12, and fast enough for the points of a plot.
    static func normalQuantile(_ share: Double) -> Double {
        var (low, high) = (-9.0, 9.0)
        for _ in 0..<64 {
            let middle = (low + high) / 2
            let isBelow = 0.5 * erfc(-middle / 2.0.squareRoot()) < share
            if isBelow { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
