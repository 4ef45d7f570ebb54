// An axis of a plot: what it shows, how it is divided, and how its numbers are written.
//
// SPDX-License-Identifier: MIT

import Foundation

/// One of a plot's two axes.
public struct PlotAxis: Sendable, Equatable {
    /// How numbers along the axis are written.
    public enum Format: Sendable, Equatable {
        /// As they are.
        case number
        /// Shares as percents.
        case percent
        /// Not at all: they mean nothing.
        case hidden
    }

    /// What is shown, with its unit.
    public let title: String
    /// How it is divided.
    public let scale: PlotScale
    /// How its numbers are written.
    public let format: Format
    /// What is shown in any case; the points may widen it where it is nil.
    public let range: ClosedRange<Double>?

    /// Creates an axis.
    ///
    /// - Parameters:
    ///   - title: What is shown, with its unit.
    ///   - scale: How it is divided.
    ///   - format: How its numbers are written.
    ///   - range: What it shows; nil is what the points need.
    public init(
        _ title: String, scale: PlotScale = .linear, format: Format = .number,
        range: ClosedRange<Double>? = nil
    ) {
        (self.title, self.scale, self.format, self.range) = (title, scale, format, range)
    }

    /// The axis with the range of what it has to show.
    func covering(_ values: [Double]) -> ResolvedAxis {
        if let range { return ResolvedAxis(axis: self, range: range) }
        let shown = values.filter { scale.position($0) != nil }
        guard let low = shown.min(), let high = shown.max() else {
            return ResolvedAxis(axis: self, range: scale == .linear ? 0...1 : 0.01...0.99)
        }
        guard low < high else {
            // A single value lies in the middle.
            return ResolvedAxis(
                axis: self,
                range: scale == .linear
                    ? low - max(abs(low) / 2, 0.5)...low + max(abs(low) / 2, 0.5)
                    : low / 2...min(low * 2, scale == .logarithmic ? .infinity : (1 + low) / 2))
        }
        let margin = scale == .linear ? 0.04 * (high - low) : 0
        // Zero is where the eye begins, if it is near.
        let start = scale == .linear && low >= 0 && low < 0.3 * high ? 0 : low - margin
        return ResolvedAxis(axis: self, range: start...high + margin)
    }

    /// A number as it stands at a tick.
    func label(_ value: Double) -> String {
        switch format {
        case .number: Self.shortest(value)
        case .percent: Self.shortest(100 * value)
        case .hidden: ""
        }
    }

    /// A number in the fewest digits that tell ticks apart.
    private static func shortest(_ value: Double) -> String {
        if value == 0 { return "0" }
        if abs(value) >= 1e6 || abs(value) < 1e-4 {
            let exponent = Int(floor(log10(abs(value)) + 1e-9))
            let digits = value / pow(10, Double(exponent))
            return String(format: "%.3g", digits) + "e\(exponent)"
        }
        return String(format: "%.6g", value)
    }
}

/// An axis with the range it shows.
struct ResolvedAxis {
    let axis: PlotAxis
    let range: ClosedRange<Double>

    /// The place of a value, 0 at the axis' begin and 1 at its end; nil if the scale has none.
    func fraction(of value: Double) -> Double? {
        guard let place = axis.scale.position(value),
            let low = axis.scale.position(range.lowerBound),
            let high = axis.scale.position(range.upperBound), high > low
        else { return nil }
        return (place - low) / (high - low)
    }

    /// Ticks with their places and labels.
    func ticks(count: Int) -> [(fraction: Double, label: String)] {
        guard axis.format != .hidden else { return [] }
        return axis.scale.ticks(in: range, count: count).compactMap { value in
            fraction(of: value).map { ($0, axis.label(value)) }
        }
    }
}
