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
            to the other crop. The plain map takes a forward pass a channel; --reduced takes \
            about a tenth of the time and comes near it.
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

    @Flag(
        help: """
            About a tenth of the time: scores of a sixth of a transformer's channels, or of up to \
            half where a map needs them, in 8-bit integers, or of a tenth of another encoder's; \
            the others' are predicted.
            """)
    var reduced = false

    @Option(help: "The number format of the computation. (default: fp32, reduced as it says)")
    var precision: EmbeddingPrecision?

    @OptionGroup var computing: ComputingOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let groups { try requireRange("--groups", groups, 1...1_000_000) }
        if reduced, groups != nil {
            throw ValidationError("--reduced chooses how many groups: leave --groups out.")
        }
    }

    func run() async throws {
        try OutputFile.check(out, force: force.isGiven)
        let package = try model.open()
        let crops = try ExplainedCrops(
            query: (query, ImageSource(path: query)),
            gallery: (gallery, ImageSource(path: gallery)),
            package: package)
        var options = ScoreCAM.Options()
        options.layer = layer
        if let groups { options.scored = .groups(groups) }
        options.batchSize = computing.batchSize
        options.device = computing.device
        if reduced { options.reduce(for: package.configuration.vision) }
        if let precision { options.precision = precision.precision }
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
                    + "\(explanation.passes) passes for twice \(explanation.channels) channels"
            ])
        try OutputFile.write(
            ImageEncoder.png(sheet.drawn()), to: out, force: force.isGiven)
        try output.print(
            explanation, text: "similarity \(similarity), \(explanation.passes) passes: \(out)")
    }
}
