// Fine-tuning from a dataset, a package and options to a run folder: the module's front door.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
public import ReIdentCLIP
public import ReIdentData
import ReIdentEngine
import ReIdentFiles
import ReIdentImages

/// What to train, on what, and where to.
public struct FineTuning: Sendable {
    /// The players that the best model is chosen on.
    public enum ValidationChoice: Sendable, Equatable {
        /// A tenth of the training players, or none where there are too few.
        case automatic
        /// None: the last epoch's package is also the best.
        case none
        /// A share (0...1) of the training players, who are then not trained on.
        case share(Double)
        /// The dataset's test part. Its figures are no longer those of unseen players.
        case testPart
    }

    /// The package to start from.
    public var package: ModelPackage
    /// The images.
    public var dataset: Dataset
    /// A file of batches that are taken as they are; nil draws them.
    public var pairsPath: String?
    /// How to train.
    public var options: TrainingOptions
    /// What the best model is chosen on.
    public var validation: ValidationChoice
    /// The folder that is written.
    public var runPath: String

    /// A training that has not begun.
    public init(
        package: ModelPackage, dataset: Dataset, pairsPath: String? = nil,
        options: TrainingOptions = TrainingOptions(), validation: ValidationChoice = .automatic,
        runPath: String
    ) {
        self.package = package
        self.dataset = dataset
        self.pairsPath = pairsPath
        self.options = options
        self.validation = validation
        self.runPath = runPath
    }

    /// Trains to the end; when the task is cancelled, finishes the step and saves first.
    ///
    /// - Parameters:
    ///   - resumes: Whether to go on from the run folder's state.
    ///   - force: Whether an existing run folder may be replaced.
    ///   - report: Is told of steps, epochs and notes, from any thread.
    /// - Throws: `TrainingError`, `DataError`, `ImageError`, `PackageError`, `FileError` or
    ///   `EngineError`; `TrainingError.interrupted` after saving when the task was cancelled, or
    ///   `CancellationError` when that was before anything was written.
    public func run(
        resumes: Bool = false, force: Bool = false,
        report: @escaping @Sendable (TrainingEvent) -> Void = { _ in }
    ) async throws {
        try options.validate()
        if !resumes { try RunFolder.check(runPath, force: force) }
        try Engine.load()
        let job = try job(report: report)
        let run = RunFolder(path: runPath)
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

    private func job(report: (TrainingEvent) -> Void) throws -> TrainingJob {
        var images = dataset.train
        var batches: [[ImagePair]]?
        var validation: Validation?
        if let pairsPath {
            guard options.augmentation?.isNone ?? true else {
                throw TrainingError.invalidOption(
                    option: "--augment with --pairs",
                    expected: "to be none, since listed pairs are taken as they are")
            }
            if case .share = self.validation {
                throw TrainingError.invalidOption(
                    option: "--validation with --pairs",
                    expected: "`test` or 0, since listed pairs may show every player")
            }
            images = dataset.images
            batches = try PairsFile(path: pairsPath, images: images).batches.map(\.pairs)
        } else if let split = try split(report: report) {
            images = split.training
            validation = Validation(name: "validation", retrieval: split.validation)
        }
        if self.validation == .testPart {
            validation = Validation(name: "test", retrieval: try dataset.retrieval(in: .test))
            report(
                .note(
                    "The best model is chosen on the test part, so its figures there are no "
                        + "longer those of unseen players; the package says so."))
        }
        var options = options
        // Never by probability 0 and never for want of any: one training, so one saved state.
        if options.augmentation?.isNone == true { options.augmentation = nil }
        let job = TrainingJob(
            name: dataset.root, package: package, options: options, images: images,
            listedBatches: batches, validation: validation)
        _ = try job.plan()  // says now, not after the first evaluation, that there is no batch
        return job
    }

    private func split(report: (TrainingEvent) -> Void) throws -> ValidationSplit? {
        switch validation {
        case .none, .testPart: return nil
        case .share(let share):
            return share == 0
                ? nil : try dataset.validationSplit(share: share, seed: options.seed)
        case .automatic:
            let split = try? dataset.validationSplit(share: 0.1, seed: options.seed)
            let players = Set(split?.training.map(\.identity) ?? []).count
            guard let split, players >= options.batchSize else {
                report(
                    .note(
                        "There are too few training players to keep some aside for validation: "
                            + "the last epoch's package is also the best."))
                return nil
            }
            return split
        }
    }
}
