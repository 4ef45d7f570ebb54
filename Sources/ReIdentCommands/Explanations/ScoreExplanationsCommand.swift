// `reident score-explanations`: how far explanations of a model can be trusted.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentMetrics
import ReIdentSaliency

/// Measures Score-CAM on pairs of crops of the same players.
struct ScoreExplanationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score-explanations",
        abstract: "Measures how well Score-CAM tells what similarities were based on.",
        discussion: """
            Takes pairs of crops of one player. The first crop's pixels are taken away (deletion), \
            and given (insertion), a tenth at a time in the order of its map, and the similarity \
            to the second is watched: beside maps at random, boxes around the middle and, for \
            transformers, attention roll-out. With --reduced or --groups, how near reduced maps \
            come to the plain ones. Where the data set has masks (`synthesize --masks`), what \
            share of the maps lies on number, shirt, body and background.
            """)

    @Argument(help: "A data set with a part that is searched.")
    var dataset: String

    @OptionGroup var model: ModelOption

    @Option(help: "The part that the pairs come from.")
    var split = Split.test

    @Option(help: "Pairs at most, spread evenly over the queries.")
    var pairs = 200

    @Option(
        help: """
            The transformer's block whose input is looked at, or the ResNet's stage; from 0. \
            (default: the last)
            """)
    var layer: Int?

    @Option(help: "Measure maps of channels in so many groups, too.")
    var groups: Int?

    @Flag(help: "Measure maps as `explain --reduced` makes them, too.")
    var reduced = false

    @Option(help: "The number format of the computation.")
    var precision = EmbeddingPrecision.fp32

    @Option(
        help: """
            The number format of the maps of groups, which then are compared with plain ones in \
            another. (default: the plain ones')
            """)
    var groupsPrecision: EmbeddingPrecision?

    @OptionGroup var computing: ComputingOptions
    @OptionGroup var splitting: SplittingOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try requireRange("--pairs", pairs, 2...1_000_000)
        if let groups { try requireRange("--groups", groups, 1...1_000_000) }
        if reduced, groups != nil || groupsPrecision != nil {
            throw ValidationError("--reduced chooses groups and number format: leave them out.")
        }
    }

    func run() async throws {
        let package = try model.open()
        let data = try splitting.open(dataset)
        let chosen = ExplainedPair.chosen(
            from: try data.retrieval(in: split), masks: data.root, atMost: pairs)
        guard chosen.count > 1 else {
            throw MetricsError.noValidQuery(
                queries: data.queries(in: split).count, gallery: data.gallery(in: split).count)
        }
        var options = ScoreCAM.Options()
        options.layer = layer
        options.precision = precision.precision
        options.batchSize = computing.batchSize
        options.device = computing.device
        var fewer: ScoreCAM.Options?
        if reduced {
            fewer = options
            fewer?.reduce(for: package.configuration.vision)
        } else if let groups {
            fewer = options
            fewer?.scored = .groups(groups)
            fewer?.precision = (groupsPrecision ?? precision).precision
        }
        let trial = try await ExplanationTrial(package, options: options, reduced: fewer)
        let meter = output.meter("Explaining", unit: "pairs")
        var outcomes: [ExplanationTrial.Outcome] = []
        for (index, pair) in chosen.enumerated() {
            try Task.checkCancellation()
            outcomes.append(try await trial.outcome(of: pair, seed: UInt64(index)))
            meter.update(index + 1, of: chosen.count)
        }
        meter.finish()
        let report = ExplanationScores(outcomes, layer: layer)
        try output.print(report, text: report.text)
    }
}
