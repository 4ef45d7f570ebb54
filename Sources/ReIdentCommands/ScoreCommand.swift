// `reident score`: the figures of distances that somebody else has computed.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentMetrics

/// Scores a file of distances.
struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Scores a matrix of distances: mAP, mINP, CMC.",
        discussion: """
            The file is an EvalAI submission (CSV: 0 and the gallery's ids, then a query's id and \
            its distances a line), or safetensors with `distances` [Q, G], `query_ids`, \
            `gallery_ids` and, where known, `query_cameras`, `gallery_cameras`. Re-ranking needs \
            `query_distances` [Q, Q] and `gallery_distances` [G, G]. Distances are taken as they \
            are; re-ranking squares them.
            """)

    @Argument(help: "A .csv or .safetensors file.")
    var file: String

    @OptionGroup var reranking: RerankingOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let settings = try reranking.settings()
        let distances = try LabelledDistances.read(file)
        let report = try distances.report(reranking: settings)
        try output.print(report, text: report.text)
    }
}
