// `reident train`: fine-tunes a package's image encoder on a dataset.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentData
import ReIdentTraining

/// Fine-tunes an image encoder.
struct TrainCommand: AsyncParsableCommand, SavesWhenInterrupted {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Fine-tunes an image encoder on pairs of images of the same players.",
        discussion: """
            Writes RUN/steps.jsonl and RUN/epochs.jsonl, RUN/curves.html (a page of curves, kept \
            up to date), the packages RUN/last and RUN/best, and \
            RUN/state, from which --resume goes on. The defaults are CLIP-ReIdent's recipe for \
            vision transformers. Ctrl-C finishes the step and saves.
            """)

    @OptionGroup var data: DatasetOptions
    @OptionGroup var model: ModelOption
    @Option(help: "The run folder to write.") var out: String
    @OptionGroup var recipe: RecipeOptions
    @OptionGroup(title: "Augmentation") var augmentation: AugmentationOptions

    @Option(
        help: """
            What RUN/best is chosen on: a share of the training players, 0 for none, or `test` \
            for the test part. (default: a tenth of the players, where there are enough)
            """)
    var validation: ValidationArgument?

    @Option(
        help: """
            A file of batches that are taken as they are: columns step, query, gallery, paths \
            relative to the dataset. One epoch is the file.
            """)
    var pairs: String?

    @Flag(help: "Go on from RUN/state.") var resume = false
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let package = try model.open()
        var options = recipe.options(seed: data.splitting.seed, package: package)
        options.augmentation = augmentation.augmentation
        try options.validate()
        if package.settings.tokens != options.tokens {
            output.warn(
                "--tokens \(options.tokens.rawValue) overrides the package's "
                    + "'\(package.settings.tokens.rawValue)'.")
        }
        let dataset = try data.open()
        output.note(dataset.summary)
        let training = FineTuning(
            package: package, dataset: dataset, pairsPath: pairs, options: options,
            validation: validation?.choice ?? .automatic, runPath: out)
        let display = TrainingDisplay(output, run: out)
        defer { display.finish() }
        try await training.run(resumes: resume, force: force.isGiven) { display.show($0) }
        let summary = try RunSummary(of: out)
        try output.print(summary, text: summary.text)
    }
}
