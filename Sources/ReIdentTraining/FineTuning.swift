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
        try await job(report: report).run(
            in: runPath, resumes: resumes, force: force, report: report)
    }

    private func job(report: (TrainingEvent) -> Void) throws -> TrainingJob {
        var images = dataset.train
        var batches = TrainingJob.Batches.pairs
        var validation: PlayerValidation?
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
            batches = .listed(try PairsFile(path: pairsPath, images: images).batches.map(\.pairs))
        } else if let split = try split(report: report) {
            images = split.training
            validation = PlayerValidation(name: "validation", retrieval: split.validation)
        }
        if self.validation == .testPart {
            validation = PlayerValidation(
                name: "test", retrieval: try dataset.retrieval(in: .test))
            report(
                .note(
                    "The best model is chosen on the test part, so its figures there are no "
                        + "longer those of unseen players; the package says so."))
        }
        var options = options
        // Never by probability 0 and never for want of any: one training, so one saved state.
        if options.augmentation?.isNone == true { options.augmentation = nil }
        if options.textWeight == 0 { options.textWeight = nil }
        var captions: CaptionTable?
        if options.textWeight != nil {
            let tokenizer = try captionTokenizer()
            captions = try self.captions(of: images, tokenizer, report: report)
            if let players = validation?.retrieval {
                validation?.captions = CaptionValidation(
                    name: "validation", images: players.queries + players.gallery,
                    tokenizer: tokenizer)
            }
        }
        let job = TrainingJob(
            name: dataset.root, package: package, options: options, images: images,
            batches: batches, captions: captions, vocabulary: try package.vocabularyFile(),
            numbers: try package.numberFiles(), validation: validation)
        _ = try job.plan()  // says now, not after the first evaluation, that there is no batch
        return job
    }

    /// What reads captions for the package's text side.
    private func captionTokenizer() throws -> Tokenizer {
        guard package.hasTextSide, package.hasProjection else {
            throw TrainingError.noTextSide(
                model: package.path,
                problem: "the package has no text side or no projection to where texts are")
        }
        return try package.tokenizer()
    }

    private func captions(
        of images: [PlayerImage], _ tokenizer: Tokenizer, report: (TrainingEvent) -> Void
    ) throws -> CaptionTable {
        let captions = CaptionTable(images, tokenizer: tokenizer)
        guard !captions.tokens.isEmpty else {
            throw TrainingError.noCaptions(dataset: dataset.root)
        }
        captions.notes.forEach { report(.note($0)) }
        return captions
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
