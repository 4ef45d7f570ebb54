// Contrastive pretraining on images and their captions, from scratch or from a package.
// Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021.
//
// SPDX-License-Identifier: MIT

import ReIdent
public import ReIdentCLIP
public import ReIdentData
import ReIdentEngine
import ReIdentFiles
import ReIdentFoundation
public import ReIdentImages

/// What to pretrain, on what, and where to.
public struct Pretraining: Sendable {
    /// What a new model reads captions by.
    public enum VocabularyChoice: Sendable {
        /// Merges learned from the training captions, at most so many tokens.
        case learned(tokenCount: Int)
        /// A file of merges.
        case file(VocabularyFile)
    }

    /// What training begins with.
    public enum Start: Sendable {
        /// Random numbers by the options' seed. The vocabulary decides how many tokens the text
        /// side knows, whatever the architecture says.
        case new(Architecture, VocabularyChoice)
        /// A package with a text side and a vocabulary.
        case package(ModelPackage)
    }

    /// What training begins with.
    public var start: Start
    /// The images; those without a caption are left out.
    public var dataset: Dataset
    /// How to train.
    public var options: TrainingOptions
    /// What the best model is chosen on: captions are looked for among those of its images.
    public var validation: ValidationChoice
    /// The folder that is written.
    public var runPath: String
    /// What each block of a new ResNet adds to its input is multiplied by this; nil is open_clip's
    /// 0, see `ModelPackage.create`.
    public var residualGain: Float?
    /// How images become a new model's square.
    public var preprocessing: Preprocessing

    /// A pretraining that has not begun.
    public init(
        start: Start, dataset: Dataset, options: TrainingOptions = .pretraining,
        validation: ValidationChoice = .automatic, runPath: String, residualGain: Float? = nil,
        preprocessing: Preprocessing = .letterbox
    ) {
        self.start = start
        self.dataset = dataset
        self.options = options
        self.validation = validation
        self.runPath = runPath
        self.residualGain = residualGain
        self.preprocessing = preprocessing
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
        if case .new(_, .learned(let count)) = start, count < VocabularyFile.smallestTokenCount {
            throw TrainingError.invalidOption(
                option: "--vocabulary-size",
                expected: "at least \(VocabularyFile.smallestTokenCount): the 256 bytes inside and "
                    + "at the end of words, and the start and end of a text")
        }
        try requireImagesForNorms()
        if !resumes { try RunFolder.check(runPath, force: force) }
        try Engine.load()
        try await job(report: report).run(
            in: runPath, resumes: resumes, force: force, report: report)
    }

    /// Refuses chunks of one image where batch norms need several: a variance over one is none, and
    /// the running statistics would be no numbers from the first step on.
    private func requireImagesForNorms() throws(TrainingError) {
        let vision =
            switch start {
            case .new(let architecture, _): architecture.configuration.vision
            case .package(let package): package.configuration.vision
            }
        guard vision.hasBatchNorms, let size = options.chunkSize else { return }
        let chunks = GradientCache.chunks(of: options.batchSize, size: size)
        guard chunks.contains(where: { $0.count < 2 }) else { return }
        throw .invalidOption(
            option: "--chunk-size",
            expected: "at least \(options.batchSize.isMultiple(of: 2) ? 2 : 3) for batches of "
                + "\(options.batchSize) and a ResNet, whose batch norms take mean and variance "
                + "over the images of a chunk")
    }

    private func job(report: (TrainingEvent) -> Void) throws -> TrainingJob {
        let split = try captionedSplit()
        if split.skipped > 0 {
            report(
                .note("\(split.skipped) training images have no caption and are left out."))
        }
        let (package, vocabulary) = try startPackage(captions: split.training, report: report)
        guard let sizes = package.configuration.text, package.hasProjection else {
            throw TrainingError.noTextSide(
                model: package.path,
                problem: "the package has no text side or no projection to where texts are")
        }
        let tokenizer = Tokenizer(
            try vocabulary.vocabulary(tokenCount: sizes.vocabularySize),
            contextLength: sizes.contextLength)
        let captions = CaptionTable(split.training, tokenizer: tokenizer)
        captions.notes.forEach { report(.note($0)) }
        var options = options
        // Never by probability 0 and never for want of any: one training, so one saved state.
        if options.augmentation?.isNone == true { options.augmentation = nil }
        options.tokens = package.settings.tokens
        let validated = CaptionValidation(
            name: validation == .testPart ? "test" : "validation", images: split.validation,
            tokenizer: tokenizer)
        if validated == nil { try explainMissingValidation(report: report) }
        var job = TrainingJob(
            name: dataset.root, package: package, options: options, images: split.training,
            batches: .captions, captions: captions, vocabulary: vocabulary,
            numbers: try package.numberFiles(), validation: validated)
        if case .new = start {
            job.otherStart = "--arch, --seed, --residual-gain or the vocabulary is another"
        }
        _ = try job.plan()  // says now that there is no batch
        return job
    }

    /// Says that nothing is validated on, or refuses it where it was asked for.
    private func explainMissingValidation(
        report: (TrainingEvent) -> Void
    ) throws(TrainingError) {
        switch validation {
        case .none, .share(0): break
        case .automatic:
            report(
                .note(
                    "There are too few players with captions to keep some aside for validation: "
                        + "the last epoch's package is also the best."))
        case .share, .testPart:
            throw .invalidOption(
                option: "--validation",
                expected: "images with at least two different captions, and those it names have "
                    + "fewer")
        }
    }

    /// The package to start from, and what reads its captions.
    private func startPackage(
        captions: [PlayerImage], report: (TrainingEvent) -> Void
    ) throws -> (ModelPackage, VocabularyFile) {
        switch start {
        case .package(let package):
            _ = try package.tokenizer()  // says what is missing
            guard let vocabulary = try package.vocabularyFile() else {
                throw PackageError.vocabularyMissing(package: package.path)
            }
            return (package, vocabulary)
        case .new(let architecture, let choice):
            var configuration = architecture.configuration
            guard configuration.text != nil else {
                throw TrainingError.noTextSide(
                    model: architecture.name,
                    problem: "the architecture has no text side ('text_cfg')")
            }
            let vocabulary =
                switch choice {
                case .file(let file): file
                case .learned(let tokenCount):
                    VocabularyFile.learned(
                        from: captions.compactMap(\.caption), tokenCount: tokenCount)
                }
            let count = try vocabulary.vocabulary().tokenCount
            configuration.text?.vocabularySize = count
            report(.note("The vocabulary has \(count) tokens."))
            let sized = Architecture(name: architecture.name, configuration: configuration)
            return (try created(sized, vocabulary), vocabulary)
        }
    }

    /// A new model, in memory mapped from a folder that is gone already.
    private func created(
        _ architecture: Architecture, _ vocabulary: VocabularyFile
    ) throws -> ModelPackage {
        let folder = try OutputFolder(path: "\(runPath).start", force: true)
        defer { folder.discard() }
        return try ModelPackage.create(
            architecture, seed: options.seed, at: folder.file("package"), vocabulary: vocabulary,
            residualGain: residualGain, preprocessing: preprocessing
        ).selecting(.projected)
    }
}
