// `reident reproduce`: the paper's figures, from nothing to one table.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdentFiles

/// Reproduces the paper.
struct ReproduceCommand: AsyncParsableCommand, SavesWhenInterrupted {
    static let configuration = CommandConfiguration(
        commandName: "reproduce",
        abstract: "Reproduces the figures of CLIP-ReIdent, step by step, in one table.",
        discussion: """
            Fetches OpenAI's weights and SynergyReID, evaluates without training, fine-tunes once \
            a seed with the paper's recipe, evaluates with and without re-ranking, writes the \
            challenge's submissions and a table beside the paper's figures. Every step is a \
            command of this program and is printed; what is done is not repeated, so the same \
            command goes on after Ctrl-C or a failure. docs/REPRODUCE.md tells time and memory.
            """)

    @Argument(help: "ViT-L-14 or ViT-B-16.")
    var model: ReproducedModel

    @Option(help: "cpu, cuda, cuda:1 or mps.")
    var device = "cpu"

    @Option(help: "How many times it is fine-tuned, with the seeds 1, 2, ...")
    var seeds = 3

    @Option(help: "The folder for everything. (default: reproduction-MODEL)")
    var out: String?

    @Option(help: "The edition of SynergyReID, 2022 or 2023; the paper's is 2022.")
    var edition = ReproductionSettings.paperEdition

    @Option(help: "A file of weights, or a package, instead of fetching OpenAI's.")
    var weights: String?

    @Option(help: "A data set that is there already, instead of fetching it.")
    var data: String?

    @Option(help: "Passes over the training images; the recipe's by default.")
    var epochs = ReproductionSettings.recipeEpochs

    @Option(help: "Pairs in a batch; the recipe's by default.")
    var batchSize = ReproductionSettings.recipeBatchSize

    @Option(help: "Batches after which each training ends early, for a trial.")
    var maxSteps: Int?

    @Option(help: "Number format of training. (default: fp32, on CUDA fp16)")
    var precision: TrainingPrecision?

    @Flag(
        inversion: .prefixedNo,
        help: """
            Compute blocks again in the backward pass instead of keeping them: a third slower, in \
            much less memory. (default: for ViT-L-14 on the CPU)
            """)
    var gradientCheckpointing: Bool?

    @Flag(help: "Print the commands and do nothing.")
    var plan = false

    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try requireRange("--seeds", seeds, 1...1000)
        try requireRange("--edition", edition, 2022...2023)
        try requireRange("--epochs", epochs, 1...10_000)
        try requireRange("--batch-size", batchSize, 2...65_536)
        if let maxSteps { try requireRange("--max-steps", maxSteps, 1...1_000_000_000) }
    }

    func run() async throws {
        let settings = ReproductionSettings(
            model: model, edition: edition, weights: weights, data: data, epochs: epochs,
            batchSize: batchSize, maximumSteps: maxSteps, precision: precision?.rawValue)
        let folder = out ?? "reproduction-\(model.rawValue)"
        let steps = ReproductionPlan(
            settings: settings, folder: folder, seeds: seeds, device: device,
            usesCheckpointing: gradientCheckpointing
                ?? (model.needsMuchMemory && device == "cpu"),
            network: network.arguments)
        if plan {
            let commands = steps.steps.map(\.command)
            try output.print(commands, text: commands.joined(separator: "\n"))
            return
        }
        for path in [weights, data].compactMap({ $0 }) { _ = try InputPath.kind(of: path) }
        try settings.settle(in: folder)
        let runner = ReproductionRunner(plan: steps, output: output)
        try await runner.run()
        let table = try ReproductionTable(steps, results: runner.result)
        try write(table, to: folder)
        try output.print(table, text: table.markdown)
    }

    private func write(_ table: ReproductionTable, to folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try OutputFile.write(
            Array(try encoder.encode(table)), to: "\(folder)/table.json", force: true)
        try OutputFile.write(table.markdown + "\n", to: "\(folder)/table.md", force: true)
        output.note("The table is in \(folder)/table.md and table.json.")
    }
}
