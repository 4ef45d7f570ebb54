// The page of curves in a run folder, written anew while the training runs.
//
// SPDX-License-Identifier: MIT

import Dispatch
import Foundation
import ReIdentFiles
import ReIdentReports
import ReIdentTraining
import Synchronization

/// Keeps `RUN/curves.html` up to date.
final class TrainingCurves: Sendable {
    /// Seconds between two writings, at least.
    private static let interval = 20.0

    private let run: String
    private let output: OutputOptions
    private let state = Mutex(State())

    private struct State {
        var written: DispatchTime?
        var total = 0
        var hasFailed = false
    }

    init(run: String, _ output: OutputOptions) { (self.run, self.output) = (run, output) }

    /// Writes the page if it is time, and after each epoch in any case.
    func update(by event: TrainingEvent) {
        let total: Int? = state.withLock { state in
            let now = DispatchTime.now()
            switch event {
            case .step(_, let total, _):
                state.total = total
                let waited = state.written.map {
                    Double(now.uptimeNanoseconds - $0.uptimeNanoseconds) / 1e9
                }
                if let waited, waited < Self.interval { return nil }
            case .epoch: break
            case .note: return nil
            }
            state.written = now
            return state.total
        }
        if let total { write(total: total) }
    }

    /// Writes the page of a training that has ended: it does not load itself again.
    func finish() { write(total: nil) }

    /// A page that cannot be written is no reason to end a training; it is said once.
    private func write(total: Int?) {
        do {
            let logs = try TrainingLogs(run: run)
            guard !logs.steps.isEmpty || !logs.epochs.isEmpty else { return }
            let name = URL(filePath: run).lastPathComponent
            let page = TrainingPage(run: name, logs: logs, total: total)
            try OutputFile.write(
                page.html, to: "\(run)/\(TrainingPage.fileName)", force: true)
        } catch {
            let isFirst = state.withLock { state in
                defer { state.hasFailed = true }
                return !state.hasFailed
            }
            if isFirst { output.note("The page of curves is not written: \(error)") }
        }
    }
}
