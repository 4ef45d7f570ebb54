// The logs of a training, read.
//
// SPDX-License-Identifier: MIT

/// What `steps.jsonl` and `epochs.jsonl` of a run folder say.
public struct TrainingLogs: Sendable {
    /// Name of the page of curves in a run folder.
    public static let pageName = "curves.html"

    /// One record a batch.
    public let steps: [StepRecord]
    /// One record an evaluation.
    public let epochs: [EpochRecord]

    /// Reads the logs; files that are not there count as empty, a torn last line is left out.
    ///
    /// - Parameter run: The run folder.
    /// - Throws: `FileError` if a file cannot be read.
    public init(run: String) throws {
        let folder = RunFolder(path: run)
        steps = try folder.steps()
        epochs = try folder.epochs()
    }
}
