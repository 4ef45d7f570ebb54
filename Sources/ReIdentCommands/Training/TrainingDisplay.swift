// What a person sees of a training: a meter with loss and rate, a line an epoch, the page of
// curves, and the end.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTraining

/// Shows the events of one training on standard error and in the run folder.
struct TrainingDisplay: Sendable {
    private let output: OutputOptions
    private let meter: ProgressMeter
    private let curves: TrainingCurves

    init(_ output: OutputOptions, run: String) {
        self.output = output
        curves = TrainingCurves(run: run, output)
        meter = output.meter("Training", unit: "steps")
    }

    func show(_ event: TrainingEvent) {
        switch event {
        case .step(let record, let total, _):
            let detail = String(
                format: "epoch %d, loss %.4f, learning rate %.2g", record.epoch, record.loss,
                record.learningRate)
            meter.update(record.step, of: total, detail: detail)
        case .epoch(let record): output.note(Self.line(of: record))
        case .note(let text): output.note(text)
        }
        curves.update(by: event)
    }

    /// The training is over, at its end or before.
    func finish() { curves.finish() }

    /// For example `Epoch 2: loss 1.2034, mAP 56.1 %, rank-1 76.2 % (validation)`.
    static func line(of record: EpochRecord) -> String {
        var parts: [String] = []
        if let loss = record.meanLoss { parts.append(String(format: "loss %.4f", loss)) }
        if let precision = record.meanAveragePrecision {
            parts.append(String(format: "mAP %.1f %%", 100 * precision))
        }
        if let rank = record.rankOne { parts.append(String(format: "rank-1 %.1f %%", 100 * rank)) }
        if let share = record.imageToText, let captions = record.captions {
            parts.append(
                String(format: "image to caption %.1f %% of %d", 100 * share, captions))
        }
        if let share = record.textToImage {
            parts.append(String(format: "caption to image %.1f %%", 100 * share))
        }
        let place = record.measuredOn.map { " (\($0))" } ?? ""
        let title = record.epoch == 0 ? "Before training" : "Epoch \(record.epoch)"
        let figures = parts.isEmpty ? "nothing to validate on" : parts.joined(separator: ", ")
        return "\(title): \(figures)\(place)"
    }
}

/// What a finished run came to.
struct RunSummary: Encodable {
    let run: String
    let steps: Int
    let epochs: [EpochRecord]
    let last: String
    let best: String

    init(of run: String) throws {
        let records = try TrainingLogs(run: run)
        self.run = run
        steps = records.steps.last?.step ?? 0
        epochs = records.epochs
        last = "\(run)/last"
        best = "\(run)/best"
    }

    var text: String {
        (epochs.map(TrainingDisplay.line) + ["\(steps) steps. The best package: \(best)"])
            .joined(separator: "\n")
    }
}
