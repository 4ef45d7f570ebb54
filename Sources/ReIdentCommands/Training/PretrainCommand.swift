// `reident pretrain`: trains images and captions towards one another.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentData
import ReIdentImages
import ReIdentTraining

/// Trains a model on images and their captions.
struct PretrainCommand: AsyncParsableCommand, SavesWhenInterrupted {
    static let configuration = CommandConfiguration(
        commandName: "pretrain",
        abstract: "Trains a model on images and their captions, from scratch or from a package.",
        discussion: """
            Takes the training images of DATASET that have a caption in manifest.csv. Writes \
            RUN/steps.jsonl and RUN/epochs.jsonl, RUN/curves.html (a page of curves, kept up to \
            date), the packages RUN/last and RUN/best, and RUN/state, from which --resume goes \
            on. Ctrl-C finishes the step and saves.
            """)

    @OptionGroup var data: DatasetOptions

    @Option(
        help: """
            Train a new model of this architecture: a name of `reident models list`, or an \
            open_clip configuration (.json) with a text side.
            """)
    var arch: String?

    @Option(help: "Go on from this model package instead; it needs a text side.")
    var model: String?

    @Option(
        help: """
            The most tokens of the vocabulary that a new model learns from the captions, 514 or \
            more. (default: 1024)
            """)
    var vocabularySize: Int?

    @Option(help: "A vocabulary for the new model instead: a merges.txt, or CLIP's.")
    var vocabulary: String?

    @OptionGroup var newModel: StartOptions

    @Option(help: "The run folder to write.") var out: String
    @OptionGroup var recipe: PretrainingOptions
    @OptionGroup(title: "Augmentation") var augmentation: AugmentationOptions

    @Option(
        help: """
            What RUN/best is chosen on: a share of the training players, 0 for none, or `test` \
            for the test part. (default: a tenth of the players, where there are enough)
            """)
    var validation: ValidationArgument?

    @Flag(help: "Go on from RUN/state.") var resume = false
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (arch == nil) != (model == nil) else {
            throw ValidationError(
                "Give --arch for a new model, or --model to go on from a package; not both.")
        }
        guard model == nil || (vocabulary == nil && vocabularySize == nil) else {
            throw ValidationError(
                "The package of --model has its vocabulary; leave out --vocabulary and "
                    + "--vocabulary-size.")
        }
        guard model == nil || (newModel.residualGain == nil && newModel.preprocess == nil) else {
            throw ValidationError(
                "The package of --model has its weights and its preprocessing; leave out "
                    + "--residual-gain and --preprocess.")
        }
        guard vocabulary == nil || vocabularySize == nil else {
            throw ValidationError(
                "Give --vocabulary or --vocabulary-size, not both: a file decides its size.")
        }
    }

    func run() async throws {
        var options = recipe.options(seed: data.splitting.seed)
        options.augmentation = augmentation.augmentation
        try options.validate()
        let start = try start()
        let dataset = try data.open()
        output.note(dataset.summary)
        let training = Pretraining(
            start: start, dataset: dataset, options: options,
            validation: validation?.choice ?? .automatic, runPath: out,
            residualGain: newModel.residualGain,
            preprocessing: newModel.preprocess ?? .letterbox)
        let display = TrainingDisplay(output, run: out)
        defer { display.finish() }
        try await training.run(resumes: resume, force: force.isGiven) { display.show($0) }
        let summary = try RunSummary(of: out)
        try output.print(summary, text: summary.text)
    }

    private func start() throws -> Pretraining.Start {
        if let model { return .package(try ModelPackage.open(model)) }
        let architecture = try Architecture.resolve(arch ?? "")
        try newModel.check(architecture)
        guard let vocabulary else {
            return .new(architecture, .learned(tokenCount: vocabularySize ?? 1_024))
        }
        return .new(architecture, .file(try VocabularyFile(path: vocabulary)))
    }
}
