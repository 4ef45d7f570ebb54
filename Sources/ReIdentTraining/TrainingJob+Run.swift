// Carrying out a training: on the engine's thread, with interruptions that finish the step first.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine

extension TrainingJob {
    /// Trains to the end; when the task is cancelled, finishes the step and saves first.
    ///
    /// - Parameters:
    ///   - path: The run folder.
    ///   - resumes: Whether to go on from its state.
    ///   - force: Whether an existing one may be replaced.
    ///   - report: Is told of steps, epochs and notes, from any thread.
    /// - Throws: `TrainingError.interrupted` after saving when the task was cancelled, or
    ///   `CancellationError` when that was before anything was written; what training throws.
    func run(
        in path: String, resumes: Bool, force: Bool,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws {
        if images.count > 5_000 { report(.note("Looking at the crops, to know copies later.")) }
        let job = try withFingerprints()
        let run = RunFolder(path: path)
        let stop = StopRequest()
        // Not a child task: cancelling it must not tear down the step in work.
        let training = Task { @EngineActor in
            let trainer = try Trainer(job, run: run, resumes: resumes, stop: stop, report: report)
            // Device, package and data are known to be good only now.
            if !resumes {
                if stop.isRequested { throw CancellationError() }  // there is nothing to save yet
                try run.create(force: force)
            }
            try await trainer.train()
        }
        try await withTaskCancellationHandler {
            try await training.value
        } onCancel: {
            stop.request()
        }
    }
}
