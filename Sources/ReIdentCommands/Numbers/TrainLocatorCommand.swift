// `reident train-locator`: teaches a package where on crops the number is.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentTraining

/// Learns to find numbers, or measures how well they are found.
struct TrainLocatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-locator",
        abstract: "Learns where on crops the shirt's number is, so that it is read from near.",
        discussion: """
            Takes crops whose manifest has the column `number_box`, as `synthesize` writes it, and \
            puts a small network into the package, which `read-number` looks through from then on. \
            Nothing else of the package changes, but confidences of reading have to be calibrated \
            again (`score-numbers --calibrate`). --check writes nothing: it measures the package's \
            on these crops.
            """)

    @OptionGroup var data: DatasetOptions
    @OptionGroup var model: ModelOption

    @Option(
        help: """
            The part whose crops are taken. (values: train, test, challenge; default: train, with \
            --check test)
            """)
    var split: Split?

    @Flag(help: "Measure how well the package finds the numbers of these crops instead.")
    var check = false

    @Option(help: "How often every crop is seen.") var epochs = NumberLocatorTraining().epochs
    @Option(help: "Crops of a step.") var batchSize = NumberLocatorTraining().batchSize
    @Option(name: .customLong("lr"), help: "The highest learning rate.")
    var learningRate = NumberLocatorTraining().learningRate

    @OptionGroup var output: OutputOptions

    func validate() throws {
        try requireRange("--epochs", epochs, 1...10_000)
        try requireRange("--batch-size", batchSize, 2...65_536)
        guard learningRate > 0, learningRate.isFinite else {
            throw ValidationError("--lr is \(learningRate); it must be above 0.")
        }
    }

    func run() async throws {
        let package = try model.open()
        let known = try package.numberLocator()
        if check, known == nil { throw ReIdentError.noNumberLocator(package: package.path) }
        let dataset = try data.open()
        let part = split ?? (check ? .test : .train)
        let loading = output.meter("Loading crops")
        let crops = try NumberLocatorCrops(
            dataset.images.filter { $0.split == part },
            dataset: "\(dataset.root) (\(part.rawValue))"
        ) { loading.update($0, of: $1) }
        loading.finish()
        if check, let known {
            let score = crops.score(of: known)
            return try output.print(score, text: "\(dataset.root)\n\(Self.text(score))")
        }
        var training = NumberLocatorTraining()
        (training.epochs, training.batchSize) = (epochs, batchSize)
        (training.learningRate, training.seed) = (learningRate, data.splitting.seed)
        let meter = output.meter("Learning to find numbers")
        let outcome = try await training.run(crops, dataset: dataset.root) { done, total, loss in
            meter.update(done, of: total, detail: "loss \(Self.text(Double(loss)))")
        }
        meter.finish()
        try Task.checkCancellation()
        try package.setNumberLocator(outcome.locator)
        if package.settings.numberReading != nil {
            output.warn(
                "confidences of reading are for crops looked at in another way. Run "
                    + "`reident score-numbers DATASET --model \(package.path) --calibrate`.")
        }
        try output.print(
            outcome.score,
            text: "Learned from \(outcome.crops) crops. On players that were kept aside:\n"
                + Self.text(outcome.score))
    }

    private static func text(_ value: Double) -> String { String(format: "%.3f", value) }

    private static func text(_ score: NumberLocatorScore) -> String {
        let share = String(format: "%.1f %%", 100 * Double(score.shown) / Double(score.crops))
        return """
            numbers in the part that is read  \(share)  \(score.shown) of \(score.crops)
            median distance of the middles    \(text(score.medianError)) of the number's longer side
            """
    }
}
