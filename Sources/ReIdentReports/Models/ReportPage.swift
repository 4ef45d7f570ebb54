// The page to judge a model by: headline figures, curves, what is found best and worst, where it
// fails, and how to repeat it.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentImages
import ReIdentMetrics

/// A report of one model, or of two side by side, on one data set.
public struct ReportPage: Sendable {
    private let dataset: String
    private let models: [ModelFigures]
    private let pictures: [PagePicture]

    /// Creates the page.
    ///
    /// - Parameters:
    ///   - dataset: What the data set is called.
    ///   - models: One model, or two to be compared; the first is what sheets are of.
    ///   - pictures: Sheets and explanations of the first model.
    public init(dataset: String, models: [ModelFigures], pictures: [PagePicture]) {
        precondition(!models.isEmpty, "a report of nothing")
        (self.dataset, self.models, self.pictures) = (dataset, models, pictures)
    }

    /// The page, one file.
    ///
    /// - Throws: `ImageError` if a picture cannot be encoded, `MetricsError` if the task was
    ///   cancelled.
    public func html() throws -> String {
        let plots = ModelPlots(models: models)
        let body = """
            <p>\(subject)</p>
            <section>
            <h2>In short</h2>
            \(sentences.map { "<p>\($0)</p>" }.joined(separator: "\n"))
            \(headline)
            </section>
            <section>
            <h2>Finding players</h2>
            \(Page.plots([plots.matching, plots.precision]))
            </section>
            <section>
            <h2>Deciding who is the same</h2>
            \(decisions)
            \(Page.plots(models.compactMap(plots.histogram) + [plots.tradeOff].compactMap { $0 }))
            </section>
            \(try pictures.map(Page.section).joined(separator: "\n"))
            <section>
            <h2>Where it is better and worse</h2>
            \(Page.plots(plots.worsened))
            \(models.map(circumstances).joined(separator: "\n"))
            </section>
            <section>
            <h2>Players on a plane</h2>
            \(Page.plots(try models.compactMap(plots.map)))
            </section>
            <section>
            <h2>To repeat this</h2>
            \(models.map(settings).joined(separator: "\n"))
            </section>
            """
        return Page(title: "How well players are found", body: body).html
    }

    // MARK: Words

    private var subject: String {
        let names = models.map { "<b>\($0.name.escapedForHTML)</b>" }
        let scores = models[0].scores
        let dropped = scores.droppedQueries.count
        return "Model \(names.joined(separator: " and ")) on <b>\(dataset.escapedForHTML)</b>: "
            + "\(scores.queryCount) searches among \(scores.galleryCount) images"
            + (dropped > 0
                ? "; \(dropped) of them have nothing to find and are not counted." : ".")
    }

    private var sentences: [String] {
        models.map { model in
            let rank = model.scores.cumulativeMatching[.market1501]?[1] ?? 0
            let interval = model.scores.intervals["rank1"]
            let name = models.count == 1 ? "" : "\(model.shortName.escapedForHTML): "
            var text =
                "\(name)Of 100 searches, the first image found shows the right player in "
                + "<b>\(Int((100 * rank).rounded()))</b>"
            if let interval {
                text +=
                    " (with other players it might be "
                    + "\(Int((100 * interval.lowerBound).rounded())) to "
                    + "\(Int((100 * interval.upperBound).rounded())))"
            }
            return text + ". Over all of a player's images, mAP is "
                + "<b>\(Percent.text(model.scores.meanAveragePrecision))</b>."
        }
    }

    // MARK: Tables

    private var headline: String {
        let names =
            [("mAP", "mAP"), ("mINP", "mINP")] + [1, 5, 10].map { ("rank-\($0)", "rank\($0)") }
        let rows = names.map { label, key in
            [label]
                + models.flatMap { model -> [String] in
                    let scores = model.scores
                    let value: Double? =
                        switch key {
                        case "mAP": scores.meanAveragePrecision
                        case "mINP": scores.meanInverseNegativePenalty
                        default:
                            Int(key.dropFirst(4)).flatMap {
                                scores.cumulativeMatching[.market1501]?[$0]
                            }
                        }
                    let interval = scores.intervals[key].map {
                        Percent.text($0.lowerBound) + " to "
                            + Percent.text($0.upperBound)
                    }
                    return [value.map(Percent.text) ?? "", interval ?? ""]
                }
        }
        let heads =
            ["figure"]
            + models.flatMap { model in
                models.count == 1 ? ["value", "95% interval"] : [model.shortName, "95% interval"]
            }
        return Page.table(heads, rows)
    }

    private var decisions: String {
        models.map { model in
            let name = models.count == 1 ? "" : "\(model.shortName): "
            guard let decisions = model.decisions else {
                return "<p>\(name.escapedForHTML)The package is not calibrated, so no similarity "
                    + "is known from which on it is the same player. "
                    + "<code>reident calibrate</code> learns it.</p>"
            }
            let rows = decisions.thresholds.map { threshold in
                [
                    Percent.text(threshold.falseMatchRate),
                    threshold.similarity.map { String(format: "%.3f", $0) } ?? "not enough pairs",
                    threshold.falseNonMatchRate.map(Percent.text) ?? "",
                ]
            }
            return Page.table(
                ["false matches", "similar from", "misses"], rows,
                caption: "\(name)calibrated on \(decisions.players) players; equal error rate "
                    + Percent.text(decisions.equalErrorRate))
        }.joined(separator: "\n")
    }

    private func circumstances(_ model: ModelFigures) -> String {
        let name = models.count == 1 ? "" : "\(model.shortName): "
        var parts: [String] = []
        let cameras = model.byCamera
        if cameras.count > 1, cameras.count <= 40 {
            parts.append(
                Page.table(
                    ["camera", "searches", "mAP"],
                    cameras.map {
                        [$0.camera, "\($0.queries)", Percent.text($0.meanAveragePrecision)]
                    }, caption: "\(name)by the camera of the query"))
        }
        let quality = model.quality
        let groups = quality.bins + quality.remarks + (quality.good.map { [$0] } ?? [])
        if !groups.isEmpty {
            parts.append(
                Page.table(
                    ["queries", "searches", "mAP"],
                    groups.map {
                        [
                            Self.title(of: $0), "\($0.queries)",
                            Percent.text($0.meanAveragePrecision),
                        ]
                    }, caption: "\(name)by the quality of the query's picture"))
        }
        return parts.joined(separator: "\n")
    }

    private static func title(of group: QueryQuality.Group) -> String {
        guard let range = group.range else {
            return group.name == "good" ? "nothing wrong" : group.name
        }
        return group.name == "height"
            ? "\(Int(range[0])) to \(Int(range[1])) rows"
            : String(format: "blur %.2f to %.2f", range[0], range[1])
    }

    private func settings(_ model: ModelFigures) -> String {
        Page.table(["", ""], model.settings.map { [$0.name, $0.value] }, isText: true)
    }
}
