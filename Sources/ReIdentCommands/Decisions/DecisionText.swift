// What a person reads of a calibration and of what it is worth.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentMetrics
import ReIdentReports

/// A calibration in lines.
struct DecisionText {
    private let calibration: DecisionCalibration

    init(_ calibration: DecisionCalibration) { self.calibration = calibration }

    var text: String {
        let c = calibration
        var lines = [
            "\(c.crops) crops of \(c.players) players: \(c.genuinePairs) pairs of one player, "
                + "\(c.impostorPairs) of two",
            "",
            "false matches   similar from            misses, of pairs of one player",
        ]
        for threshold in c.thresholds {
            let rate = Percent.text(threshold.falseMatchRate)
            guard let similarity = threshold.similarity, let missed = threshold.falseNonMatchRate
            else {
                lines.append("\(Self.padded(rate, 13))   not enough pairs of two players")
                continue
            }
            let from =
                String(format: "%.3f", similarity)
                + Self.interval(threshold.similarityInterval) { String(format: "%.3f", $0) }
            let misses =
                Percent.text(missed)
                + Self.interval(threshold.falseNonMatchInterval) { Percent.text($0) }
            let columns = [Self.padded(rate, 13), Self.padded(from, 22, left: true), misses]
            lines.append(columns.joined(separator: "   "))
        }
        lines += [
            "",
            "equal error rate      \(Percent.text(c.equalErrorRate))"
                + Self.interval(c.equalErrorInterval) { Percent.text($0) }
                + ", at \(String(format: "%.3f", c.equalErrorSimilarity))",
        ]
        if let cost = c.cost {
            lines.append(
                "cost (Cllr)           \(String(format: "%.3f", cost)) bits on players left out of "
                    + "the fit; 1 is what knowing nothing costs")
        }
        lines.append("probabilities         \(form), prior \(Self.number(c.prior))")
        if let rule = c.openSet {
            lines += [
                "",
                "A search among \(rule.players) players names somebody from "
                    + "\(String(format: "%.3f", rule.accepts)) on: for "
                    + "\(Percent.text(rule.falsePositiveRate)) of players who are not there;",
                "\(Percent.text(rule.falseNegativeRate)) of those who are there are not named. "
                    + "Below \(String(format: "%.3f", rule.rejects)) it says unknown.",
            ]
        } else {
            lines += ["", "Not enough players for a rule about players who are not in a gallery."]
        }
        return lines.joined(separator: "\n")
    }

    private var form: String {
        if case .isotonic = calibration.pair { "isotonic" } else { "logistic" }
    }

    static func number(_ value: Double) -> String { String(format: "%g", value) }

    static func interval(_ bounds: [Double]?, _ format: (Double) -> String) -> String {
        guard let bounds, bounds.count == 2 else { return "" }
        return " (\(format(bounds[0])) to \(format(bounds[1])))"
    }

    static func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? text + space : space + text
    }
}

/// What a calibration is worth elsewhere, in lines.
struct DecisionCheckText {
    let check: DecisionCheck
    let calibration: DecisionCalibration

    var text: String {
        var lines = [
            "\(check.players) players: \(check.genuinePairs) pairs of one player, "
                + "\(check.impostorPairs) of two",
            "calibration error     \(String(format: "%.3f", check.calibrationError)) "
                + "(prior \(DecisionText.number(calibration.prior)))",
            "cost (Cllr)           \(String(format: "%.3f", check.cost)) bits; calibrated here "
                + "it would be \(String(format: "%.3f", check.leastCost))",
            "equal error rate      \(Percent.text(check.equalErrorRate))",
            "",
            "false matches wished   found      misses",
        ]
        for rate in check.rates {
            lines.append(
                [
                    DecisionText.padded(Percent.text(rate.wished), 20),
                    DecisionText.padded(Percent.text(rate.falseMatchRate), 8),
                    DecisionText.padded(Percent.text(rate.falseNonMatchRate), 9),
                ].joined(separator: "  "))
        }
        if let search = check.search {
            lines += [
                "",
                "Searches among \(search.players) players: somebody is named for "
                    + "\(Percent.text(search.falsePositiveRate)) of players who are not "
                    + "there,",
                "\(Percent.text(search.falseNegativeRate)) of those who are there are not "
                    + "named (\(Percent.text(search.wronglyUnknown)) are called unknown), "
                    + "\(Percent.text(search.unsure)) of all are unsure;",
                "calibration error of best matches "
                    + "\(String(format: "%.3f", search.calibrationError)).",
            ]
        }
        lines += [
            "",
            "Similarities of two players lie \(String(format: "%.2f", check.shift)) from those of "
                + "the calibration (0 to 1; up to "
                + "\(String(format: "%.2f", check.largestUsualShift)) is usual).",
        ]
        if let outside = check.outside, let usual = check.largestUsualOutside {
            lines.append(
                "\(Percent.text(outside)) of how embeddings differ lies outside of what those of "
                    + "the calibration span (up to \(Percent.text(usual)) is usual).")
        }
        if check.isOtherFootage { lines.append("This footage is another. Calibrate on it.") }
        return lines.joined(separator: "\n")
    }
}
