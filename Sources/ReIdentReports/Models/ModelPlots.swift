// The plots of a report, with one model or two.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentData
import ReIdentMetrics

/// Draws the figures of models.
struct ModelPlots {
    let models: [ModelFigures]

    /// What lines are called: nothing where there is one model alone.
    private func label(_ model: ModelFigures) -> String {
        models.count == 1 ? "" : model.shortName
    }

    /// CMC by the Market-1501 rule.
    var matching: Plot {
        let first = models[0].curves.matching.first ?? 0
        return Plot(
            title: "How soon the right player is found (CMC)",
            summary: "The first image found is right for \(Percent.text(first)) of searches.",
            x: PlotAxis("rank of the first right image", range: 1...20),
            y: PlotAxis("% of searches", format: .percent, range: 0...1),
            series: models.map { model in
                Plot.Series(
                    label(model),
                    model.curves.matching.prefix(20).enumerated().map {
                        .init(Double($0 + 1), $1)
                    }, as: .dots)
            })
    }

    /// Precision at each recall.
    var precision: Plot {
        Plot(
            title: "Precision and recall",
            summary: "Mean precision at each share of a player's images found; the area is about "
                + "the mAP, \(Percent.text(models[0].scores.meanAveragePrecision)).",
            x: PlotAxis("% of the player's images found (recall)", format: .percent, range: 0...1),
            y: PlotAxis("% right among them (precision)", format: .percent, range: 0...1),
            series: models.map { model in
                Plot.Series(
                    label(model),
                    model.curves.precision.enumerated().map { .init(Double($0) / 100, $1) })
            })
    }

    /// False matches against misses, on the scales of normal quantiles.
    var tradeOff: Plot? {
        let curves = models.compactMap { model in model.verification.map { (model, $0) } }
        guard let first = curves.first else { return nil }
        let equal = first.1.equalErrorRate
        let rate = (equal.falseMatchRate + equal.falseNonMatchRate) / 2
        return Plot(
            title: "False matches and misses (DET)",
            summary: "At a threshold where both are alike, \(Percent.text(rate)) of pairs are "
                + "decided wrongly.",
            x: PlotAxis(
                "% false matches, of pairs of two players", scale: .normalDeviate,
                format: .percent, range: 0.0005...0.6),
            y: PlotAxis(
                "% misses, of pairs of one", scale: .normalDeviate, format: .percent,
                range: 0.0005...0.98),
            series: curves.map { model, curve in
                Plot.Series(
                    label(model),
                    curve.tradeOff(count: 200)
                        .filter { $0.falseMatchRate > 0 && $0.falseNonMatchRate > 0 }
                        .map { .init($0.falseMatchRate, $0.falseNonMatchRate) })
            })
    }

    /// Similarities of pairs of one player and of two, with the calibrated thresholds.
    func histogram(of model: ModelFigures) -> Plot? {
        guard let pairs = model.pairs else { return nil }
        let all = (pairs.genuine + pairs.impostor).map { Double($0.similarity) }
        let (low, high) = (all.min() ?? 0, max(all.max() ?? 1, (all.min() ?? 0) + 1e-3))
        let bins = 48
        func shares(_ list: [PairSimilarities.Pair]) -> [Plot.Point] {
            var counts = [Double](repeating: 0, count: bins)
            for pair in list {
                let place = (Double(pair.similarity) - low) / (high - low) * Double(bins)
                counts[min(bins - 1, max(0, Int(place)))] += 1
            }
            let width = (high - low) / Double(bins)
            return counts.enumerated().map {
                .init(low + Double($0) * width, $1 / Double(max(1, list.count)))
            } + [.init(high, 0)]
        }
        let rules = (model.decisions?.thresholds ?? []).compactMap { threshold in
            threshold.similarity.map {
                Plot.Rule(at: $0, "\(Percent.text(threshold.falseMatchRate)) false")
            }
        }
        return Plot(
            title: models.count == 1
                ? "Similarities of pairs" : "Similarities of pairs, \(model.shortName)",
            summary: "Pairs of one player and of two overlap where decisions are unsure. "
                + (rules.isEmpty
                    ? "The package is not calibrated: there are no thresholds."
                    : "Dashed lines are calibrated thresholds."),
            x: PlotAxis("similarity", range: low...high),
            y: PlotAxis("% of pairs", format: .percent),
            series: [
                Plot.Series("two players", shares(pairs.impostor), as: .bars, color: 1),
                Plot.Series("one player", shares(pairs.genuine), as: .bars, color: 0),
            ], rules: rules)
    }

    /// mAP of blurred images, and of images with few rows.
    var worsened: [Plot] {
        let plots: [(String, PlotAxis, KeyPath<ModelFigures, [ModelFigures.Worsened]>)] = [
            ("What blur costs", PlotAxis("blur, pixels of a crop 128 tall"), \.blurred),
            ("What few pixels cost", PlotAxis("rows a player has"), \.small),
        ]
        return plots.compactMap { title, axis, values in
            guard models.contains(where: { !$0[keyPath: values].isEmpty }) else { return nil }
            return Plot(
                title: title,
                summary: models.map { model in
                    model[keyPath: values].map {
                        "\(ModelPlots.number($0.value)): \(Percent.text($0.meanAveragePrecision))"
                    }.joined(separator: ", ")
                }.joined(separator: "; "),
                x: axis, y: PlotAxis("mAP, %", format: .percent),
                series: models.map { model in
                    Plot.Series(
                        label(model),
                        model[keyPath: values].map { .init($0.value, $0.meanAveragePrecision) },
                        as: .dots)
                })
        }
    }

    /// The crops of some players on a plane.
    func map(of model: ModelFigures) throws -> Plot? {
        let crops = model.embedded.distinctCrops()
        var rows: [String: [Int]] = [:]
        for (row, image) in crops.images.enumerated() {
            rows[image.identity, default: []].append(row)
        }
        // Those with most crops, of whom there is most to see; ties by name.
        let players = rows.sorted {
            $0.value.count == $1.value.count ? $0.key < $1.key : $0.value.count > $1.value.count
        }.prefix(PlotStyle.colorCount * 2)
        let chosen = players.flatMap { $0.value.prefix(40) }
        guard players.count > 1, chosen.count >= 8 else { return nil }
        let points = try PlaneMap(crops.embeddings.selecting(chosen).matrix()).points
        var start = 0
        let series = players.enumerated().map { place, player in
            let count = min(40, player.value.count)
            defer { start += count }
            return Plot.Series(
                player.key, points[start..<start + count].map { .init($0.x, $0.y) },
                as: place < PlotStyle.colorCount ? .scatter : .rings, color: place)
        }
        return Plot(
            title: "\(players.count) players on a plane"
                + (models.count == 1 ? "" : ", \(model.shortName)"),
            summary: "Each mark is a crop; crops that lie together are alike to the model "
                + "(t-SNE: only neighbourhoods mean something).",
            x: PlotAxis("", format: .hidden), y: PlotAxis("", format: .hidden), series: series)
    }

    static func number(_ value: Double) -> String { String(format: "%g", value) }
}

extension ModelFigures {
    /// The last part of the model's path.
    var shortName: String {
        let parts = name.split(separator: "/")
        // Packages of a run folder are all called best or last.
        let isGeneric = ["best", "last"].contains(parts.last ?? "")
        return parts.suffix(isGeneric ? 2 : 1).joined(separator: "/")
    }
}
