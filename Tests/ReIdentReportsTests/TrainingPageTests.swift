// The page of curves: what it shows of which logs.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTestSupport
import ReIdentTraining
import Testing

@testable import ReIdentReports

@Suite("The page of curves")
struct TrainingPageTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func logs(steps: [String], epochs: [String]) throws -> TrainingLogs {
        let run = folder.path
        try steps.joined(separator: "\n").write(
            toFile: "\(run)/steps.jsonl", atomically: true, encoding: .utf8)
        try epochs.joined(separator: "\n").write(
            toFile: "\(run)/epochs.jsonl", atomically: true, encoding: .utf8)
        return try TrainingLogs(run: run)
    }

    private func step(_ number: Int, _ loss: Double, more: String = "") -> String {
        """
        {"step": \(number), "epoch": \(number > 5 ? 2 : 1), "loss": \(loss), \
        "learning_rate": 0.001\(more)}
        """
    }

    @Test("a run with players and gradients has a plot of each, and says where it stands")
    func players() throws {
        let logs = try logs(
            steps: (1...10).map {
                step($0, 4 / Double($0), more: ", \"gradient_norm\": \(1.5 * Double($0))")
            },
            epochs: [
                #"{"epoch": 0, "step": 0, "mAP": 0.1, "rank1": 0.2, "measured_on": "test"}"#,
                #"{"epoch": 1, "step": 5, "loss": 2, "mAP": 0.4, "rank1": 0.5, "seconds": 10}"#,
                #"{"epoch": 2, "step": 10, "loss": 1, "mAP": 0.3, "rank1": 0.4, "seconds": 5}"#,
            ])
        let page = TrainingPage(run: "a<b", logs: logs, total: 20)
        #expect(
            page.plots.map(\.title) == [
                "Loss", "Players found again (test)", "Norm of all gradients", "Learning rate",
                "Speed",
            ])
        #expect(page.plots[4].series[0].points == [.init(5, 0.5), .init(10, 1)])
        #expect(page.html.contains("<b>10 of 20</b> steps"))
        #expect(page.html.contains("after epoch 1."))
        #expect(page.html.contains("http-equiv=\"refresh\""))
        #expect(page.html.contains("Training of a&lt;b"))
        #expect(page.html.contains("rank-1, %") && !page.html.contains("image to caption"))
    }

    @Test("a run of captions shows how they are told apart, and at its end no longer reloads")
    func captions() throws {
        let logs = try logs(
            steps: (1...4).map { step($0, 3, more: ", \"text_loss\": 2, \"logit_scale\": 14") },
            epochs: [
                #"{"epoch": 1, "step": 4, "image_to_text": 0.25, "text_to_image": 0.5}"#
            ])
        let page = TrainingPage(run: "run", logs: logs, total: nil)
        #expect(
            page.plots.map(\.title)
                == ["Loss", "Captions told apart (validation)", "Learning rate"])
        #expect(page.plots[0].series.count == 3)
        #expect(page.html.contains("25.0") && !page.html.contains("http-equiv"))
    }

    @Test("before the first step there is a page all the same")
    func empty() throws {
        let page = TrainingPage(
            run: "run", logs: try logs(steps: [], epochs: []), total: 100)
        #expect(page.plots.isEmpty)
        #expect(page.html.contains("No step is done yet."))
    }
}
