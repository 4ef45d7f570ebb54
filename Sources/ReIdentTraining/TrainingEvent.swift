// What a training tells whoever watches it.
//
// SPDX-License-Identifier: MIT

/// What a training tells while it runs.
public enum TrainingEvent: Sendable {
    /// A batch is done; `total` counts those of the whole training, items are pairs or images.
    case step(StepRecord, total: Int, itemsPerSecond: Double)
    /// An epoch was evaluated, or the start.
    case epoch(EpochRecord)
    /// Something the user should know, in a sentence.
    case note(String)
}
