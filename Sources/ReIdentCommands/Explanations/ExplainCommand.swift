// `reident explain`: what the similarity of two crops was based on.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentFiles
import ReIdentImages
import ReIdentSaliency

/// Explains a similarity by Score-CAM.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows which parts of two crops made them alike to a model.",
        discussion: """
            Score-CAM: each channel of a layer masks a crop, and counts by how alike the rest is \
            to the other crop. The plain map takes a forward pass a channel; --groups \
            takes one for each of so many groups of alike channels.
            """)

    @Argument(help: "The first crop.")
    var query: String

    @Argument(help: "The crop it is compared with.")
    var gallery: String

    @OptionGroup var model: ModelOption

    @Option(help: "The picture to write: a PNG.")
    var out: String

    @Option(
        help: """
            The transformer's block whose input is looked at, or the ResNet's stage; from 0. \
            (default: the last)
            """)
    var layer: Int?

    @Option(
        help: """
            Score one channel of each of so many groups of alike ones, and predict the others' \
            scores: a tenth of the channels takes a tenth of the time. (default: each channel by \
            itself)
            """)
    var groups: Int?

    @Option(help: "The number format of the computation.")
    var precision = EmbeddingPrecision.fp32

    @OptionGroup var computing: ComputingOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let groups { try requireRange("--groups", groups, 1...1_000_000) }
    }

    func run() async throws {
        try OutputFile.check(out, force: force.isGiven)
        let package = try model.open()
        let crops = try ExplainedCrops(
            query: (query, ImageSource(path: query)),
            gallery: (gallery, ImageSource(path: gallery)),
            preprocessing: package.settings.preprocessing, side: package.configuration.imageSize)
        var options = ScoreCAM.Options()
        options.layer = layer
        options.groups = groups
        options.precision = precision.precision
        options.batchSize = computing.batchSize
        options.device = computing.device
        let meter = output.meter("Explaining", unit: "passes")
        let explainer = try await ScoreCAM(package, options: options)
        let explanation = try await crops.explained(by: explainer) { meter.update($0, of: $1) }
        meter.finish()
        try Task.checkCancellation()
        let similarity = String(format: "%.3f", explanation.similarity)
        let sheet = crops.sheet(
            of: explanation, title: "Similarity \(similarity)",
            lines: [
                "Score-CAM of \(package.path), \(layer.map { "layer \($0)" } ?? "last layer"), "
                    + (groups.map { "channels in \($0) groups" } ?? "each channel by itself")
            ])
        try OutputFile.write(
            ImageEncoder.png(sheet.drawn()), to: out, force: force.isGiven)
        try output.print(
            explanation, text: "similarity \(similarity), \(explanation.passes) passes: \(out)")
    }
}
