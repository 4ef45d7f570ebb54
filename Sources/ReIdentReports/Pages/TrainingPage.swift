// The page of curves in a run folder.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentTraining

/// What a training came to so far: loss, learning rate, speed, gradients and what validation says.
public struct TrainingPage: Sendable {
    /// The page's name in a run folder.
    public static let fileName = TrainingLogs.pageName

    private let run: String
    private let logs: TrainingLogs
    private let total: Int?

    /// Creates the page.
    ///
    /// - Parameters:
    ///   - run: The run's name, for the heading.
    ///   - logs: What the run wrote.
    ///   - total: Steps of the whole training while it runs; nil once it has ended.
    public init(run: String, logs: TrainingLogs, total: Int?) {
        (self.run, self.logs, self.total) = (run, logs, total)
    }

    /// The page.
    ///
    /// While the training runs it loads itself again twice a minute.
    public var html: String {
        let plots = plots.map { "\(Page.figure)\($0.svg())</figure>" }
        let body = """
            <p>\(standing)</p>
            <div class="plots">
            \(plots.joined(separator: "\n"))
            </div>
            \(epochTable)
            """
        return Page(
            title: "Training of \(run)", body: body, refreshInterval: total == nil ? nil : 30
        ).html
    }

    /// The plots, those first that say most.
    public var plots: [Plot] {
        [loss, players, captions, gradients, learningRate, speed].compactMap { $0 }
    }

    // MARK: Words

    private var standing: String {
        guard let last = logs.steps.last else { return "No step is done yet." }
        let done = "<b>\(last.step)\(total.map { " of \($0)" } ?? "")</b> steps"
        let state = total == nil ? "The training has ended after" : "The training is at"
        var sentence =
            "\(state) \(done), in epoch \(last.epoch). Loss "
            + "\(Self.number(recentLoss)) (mean of the last \(recent.count) steps)."
        let trained = logs.epochs.filter { $0.epoch > 0 }
        let best = trained.max { Self.score($0) < Self.score($1) }
        if let best, Self.score(best) > 0 {
            sentence += " Best on \(best.measuredOn ?? "validation") after epoch \(best.epoch)."
        }
        return sentence
    }

    private var recent: ArraySlice<StepRecord> { logs.steps.suffix(50) }
    private var recentLoss: Double {
        recent.reduce(0) { $0 + Double($1.loss) } / Double(max(1, recent.count))
    }

    private static func score(_ record: EpochRecord) -> Double {
        record.meanAveragePrecision ?? record.imageToText ?? 0
    }

    private static func number(_ value: Double) -> String { String(format: "%.4g", value) }

    private var epochTable: String {
        guard !logs.epochs.isEmpty else { return "" }
        let hasPlayers = logs.epochs.contains { $0.meanAveragePrecision != nil }
        let hasCaptions = logs.epochs.contains { $0.imageToText != nil }
        func cell(_ value: Double?, percent: Bool = true) -> String {
            let text = value.map { percent ? String(format: "%.1f", 100 * $0) : Self.number($0) }
            return "<td>\(text ?? "")</td>"
        }
        let rows = logs.epochs.map { record in
            "<tr><th scope=\"row\">\(record.epoch == 0 ? "start" : String(record.epoch))</th>"
                + "<td>\(record.step)</td>" + cell(record.meanLoss, percent: false)
                + (hasPlayers ? cell(record.meanAveragePrecision) + cell(record.rankOne) : "")
                + (hasCaptions ? cell(record.imageToText) + cell(record.textToImage) : "")
                + cell(record.seconds, percent: false) + "</tr>"
        }
        let heads =
            ["epoch", "steps", "mean loss"] + (hasPlayers ? ["mAP, %", "rank-1, %"] : [])
            + (hasCaptions ? ["image to caption, %", "caption to image, %"] : []) + ["seconds"]
        return """
            <h2>Epochs</h2>
            <table>
            <thead><tr>\(heads.map { "<th scope=\"col\">\($0)</th>" }.joined())</tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            """
    }

    // MARK: Plots

    private func steps(_ value: (StepRecord) -> Double?) -> [Plot.Point] {
        logs.steps.compactMap { record in value(record).map { .init(Double(record.step), $0) } }
    }

    private func epochs(_ value: (EpochRecord) -> Double?) -> [Plot.Point] {
        logs.epochs.compactMap { record in value(record).map { .init(Double(record.step), $0) } }
    }

    private var loss: Plot? {
        let all = steps { Double($0.loss) }
        guard let first = all.first, let last = all.last else { return nil }
        var series = [
            Plot.Series("a step", all, as: .trace, color: 0),
            Plot.Series("mean around it", Self.smoothed(all), color: 0),
        ]
        let text = steps { $0.textLoss.map(Double.init) }
        if !text.isEmpty {
            series.append(Plot.Series("image to caption", Self.smoothed(text), color: 1))
        }
        return Plot(
            title: "Loss",
            summary: "Loss from \(Self.number(first.y)) at the first step to "
                + "\(Self.number(last.y)) at step \(Int(last.x)).",
            x: PlotAxis("steps"), y: PlotAxis("loss"), series: series)
    }

    private var players: Plot? {
        let precision = epochs(\.meanAveragePrecision)
        guard let last = precision.last else { return nil }
        return Plot(
            title: "Players found again (\(measuredOn))",
            summary: "mAP is \(Self.number(100 * last.y)) percent after step \(Int(last.x)).",
            x: PlotAxis("steps"), y: PlotAxis("%", format: .percent),
            series: [
                Plot.Series("mAP", precision, as: .dots),
                Plot.Series("rank-1", epochs(\.rankOne), as: .dots),
            ])
    }

    private var captions: Plot? {
        let found = epochs(\.imageToText)
        guard let last = found.last else { return nil }
        return Plot(
            title: "Captions told apart (\(measuredOn))",
            summary: "The nearest caption is the image's own for \(Self.number(100 * last.y)) "
                + "percent of images after step \(Int(last.x)).",
            x: PlotAxis("steps"), y: PlotAxis("%", format: .percent),
            series: [
                Plot.Series("image to caption", found, as: .dots),
                Plot.Series("caption to image", epochs(\.textToImage), as: .dots),
            ])
    }

    private var gradients: Plot? {
        let norms = steps(\.gradientNorm).filter { $0.y > 0 }
        guard let last = norms.last else { return nil }
        return Plot(
            title: "Norm of all gradients",
            summary: "The norm is \(Self.number(last.y)) at step \(Int(last.x)).",
            x: PlotAxis("steps"), y: PlotAxis("norm", scale: .logarithmic),
            series: [
                Plot.Series("a step", norms, as: .trace, color: 0),
                Plot.Series("mean around it", Self.smoothed(norms), color: 0),
            ])
    }

    private var learningRate: Plot? {
        let rates = steps(\.learningRate)
        guard let last = rates.last else { return nil }
        return Plot(
            title: "Learning rate",
            summary: "The rate is \(Self.number(last.y)) at step \(Int(last.x)).",
            x: PlotAxis("steps"), y: PlotAxis("learning rate"), series: [Plot.Series("", rates)])
    }

    /// Steps a second of each epoch: single steps vary with what else the machine does.
    private var speed: Plot? {
        var points: [Plot.Point] = []
        var before = 0
        for record in logs.epochs {
            if let seconds = record.seconds, seconds > 0, record.step > before {
                points.append(
                    .init(Double(record.step), Double(record.step - before) / seconds))
            }
            before = record.step
        }
        guard let last = points.last else { return nil }
        return Plot(
            title: "Speed",
            summary: "\(Self.number(last.y)) steps a second in the last epoch.",
            x: PlotAxis("steps"), y: PlotAxis("steps a second"),
            series: [Plot.Series("", points, as: .dots)])
    }

    private var measuredOn: String { logs.epochs.compactMap(\.measuredOn).last ?? "validation" }

    /// Each point's mean with its neighbours: a fortieth of all to either side.
    private static func smoothed(_ points: [Plot.Point]) -> [Plot.Point] {
        let reach = points.count / 40
        guard reach > 0 else { return points }
        var sums = [0.0]
        for point in points { sums.append(sums[sums.count - 1] + point.y) }
        return points.indices.map { index in
            let (low, high) = (max(0, index - reach), min(points.count, index + reach + 1))
            return .init(points[index].x, (sums[high] - sums[low]) / Double(high - low))
        }
    }
}
