// What a trial of explanations found, as figures with intervals.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentMetrics
import ReIdentSaliency

/// Means over pairs; intervals are 95 %, over players.
struct ExplanationScores: Encodable {
    /// A mean with its interval; nil where there are too few players for one.
    struct Figure: Encodable {
        let mean: Double
        let interval: [Double]?

        var text: String {
            String(format: "%.3f", mean)
                + (interval.map { String(format: " (%.3f to %.3f)", $0[0], $0[1]) } ?? "")
        }
    }

    /// One way to explain.
    struct Row: Encodable {
        let way: ExplanationTrial.Way
        let deletion: Figure
        let insertion: Figure
        /// Score-CAM's deletion area minus this one's, pair by pair: below 0, Score-CAM is better.
        let deletionDifference: Figure?
        /// Score-CAM's insertion area minus this one's: above 0, Score-CAM is better.
        let insertionDifference: Figure?
        /// In the mean, a map.
        let passes: Double?
        /// In the mean, a map.
        let seconds: Double?

        enum CodingKeys: String, CodingKey {
            case way, deletion, insertion, passes, seconds
            case deletionDifference = "deletion_difference"
            case insertionDifference = "insertion_difference"
        }
    }

    /// A part of crops.
    struct Share: Encodable {
        let part: String
        let mass: Figure
        let area: Figure
    }

    let pairs: Int
    let players: Int
    let similarity: Figure
    let layer: Int?
    let ways: [Row]
    let fidelity: Figure?
    let shares: [Share]
    /// Pairs whose crop has masks.
    let masked: Int

    /// Sums up.
    ///
    /// - Parameters:
    ///   - outcomes: At least one pair.
    ///   - layer: Which layer was looked at.
    init(_ outcomes: [ExplanationTrial.Outcome], layer: Int?) {
        var numbers: [String: Int32] = [:]
        for outcome in outcomes where numbers[outcome.player] == nil {
            numbers[outcome.player] = Int32(numbers.count)
        }
        func figure(
            _ value: (ExplanationTrial.Outcome) -> Double?
        ) -> Figure? {
            let found = outcomes.compactMap { outcome in
                value(outcome).map { ($0, numbers[outcome.player] ?? 0) }
            }
            guard !found.isEmpty else { return nil }
            let interval = Bootstrap(draws: 1_000, seed: 1)
                .intervals(of: ["": found.map(\.0)], groups: found.map(\.1))[""]
            return Figure(
                mean: found.reduce(0) { $0 + $1.0 } / Double(found.count),
                interval: interval.map { [$0.lowerBound, $0.upperBound] })
        }
        pairs = outcomes.count
        players = numbers.count
        self.layer = layer
        similarity = figure { Double($0.similarity) } ?? Figure(mean: 0, interval: nil)
        ways = ExplanationTrial.Way.allCases.compactMap { way -> Row? in
            guard let deletion = figure({ $0.curves[way]?.deletionArea }),
                let insertion = figure({ $0.curves[way]?.insertionArea })
            else { return nil }
            func difference(_ area: @escaping (Faithfulness) -> Double) -> Figure? {
                guard way != .plain else { return nil }
                return figure { outcome in
                    guard let plain = outcome.curves[.plain], let other = outcome.curves[way] else {
                        return nil
                    }
                    return area(plain) - area(other)
                }
            }
            return Row(
                way: way, deletion: deletion, insertion: insertion,
                deletionDifference: difference(\.deletionArea),
                insertionDifference: difference(\.insertionArea),
                passes: Self.mean(outcomes.compactMap { $0.passes[way].map(Double.init) }),
                seconds: Self.mean(outcomes.compactMap { $0.seconds[way] }))
        }
        fidelity = figure(\.fidelity)
        masked = outcomes.count { $0.shares != nil }
        shares = ExplainedPair.Part.allCases.reversed().compactMap { part -> Share? in
            guard let mass = figure({ $0.shares?.mass[part.rawValue] }),
                let area = figure({ $0.shares?.area[part.rawValue] })
            else { return nil }
            return Share(part: part.name, mass: mass, area: area)
        }
    }

    private static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    /// Tables for a terminal.
    var text: String {
        var lines = [
            "\(pairs) pairs of \(players) players, mean similarity \(similarity.text); "
                + (layer.map { "layer \($0)" } ?? "last layer"),
            "",
        ]
        lines += TextTable.lines(
            [["order of pixels", "deletion", "insertion", "passes", "seconds"]]
                + ways.map { row in
                    [
                        row.way.title, row.deletion.text, row.insertion.text,
                        row.passes.map { String(format: "%.0f", $0) } ?? "",
                        row.seconds.map { String(format: "%.2f", $0) } ?? "",
                    ]
                })
        lines += ["", "Score-CAM against these, pair by pair:"]
        for row in ways {
            guard let deletion = row.deletionDifference, let insertion = row.insertionDifference
            else { continue }
            lines.append(
                "  \(row.way.title): deletion \(Self.verdict(deletion, isLowerBetter: true)), "
                    + "insertion \(Self.verdict(insertion, isLowerBetter: false))")
        }
        if let fidelity {
            lines += ["", "rank correlation of reduced with plain maps  \(fidelity.text)"]
        }
        if !shares.isEmpty {
            lines += ["", "share of the map, and of the crop, on \(masked) crops with masks"]
            lines += TextTable.lines(
                shares.map { ["  " + $0.part, $0.mass.text, $0.area.text] })
        }
        return lines.joined(separator: "\n")
    }

    private static func verdict(_ figure: Figure, isLowerBetter: Bool) -> String {
        let number = String(format: "%+.3f", figure.mean)
        guard let interval = figure.interval else { return "\(number) (too few players to say)" }
        let isBelow = interval[1] < 0
        guard isBelow || interval[0] > 0 else { return "\(number) (no difference shown)" }
        return "\(number) (\(isBelow == isLowerBetter ? "better" : "worse"))"
    }
}
