// `reident evaluate`: how well a model finds players again.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentImages
import ReIdentMetrics

/// Evaluates a model on a data set.
struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures how well a model finds players again: mAP, mINP, CMC.",
        discussion: """
            Images of the query's player by the query's camera are left out of its gallery. A \
            query with no match left is not counted, and said. Intervals are 95% bootstrap \
            intervals over players. --sheets writes pictures of the best and worst queries and a \
            page that shows them.
            """)

    @OptionGroup var dataset: DatasetOptions
    @OptionGroup var model: ModelOption

    @Option(help: "The part to evaluate on.")
    var split = Split.test

    @Option(help: "A folder to write: sheets of the best and worst queries, and a page.")
    var sheets: String?

    @Option(
        help: """
            Worsen query and gallery images first, for example blur=2,height=48,jpeg=20: a \
            Gaussian blur, in pixels of a crop 128 tall; scaled down to so many rows, and up \
            again; JPEG quality.
            """, transform: DegradationArgument.init(parsing:))
    var degrade: DegradationArgument?

    @OptionGroup var reranking: RerankingOptions
    @OptionGroup var encoding: EncoderOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let data = try dataset.open()
        if output.json { data.notes.forEach(output.note) }  // the text says them anyway
        let retrieval = try data.retrieval(in: split)
        guard retrieval.isLabelled else {
            throw ReIdentError.unlabelled(place: "\(data.root), part '\(split.rawValue)'")
        }
        guard retrieval.hasMatch else {  // known before hours of embedding are spent
            throw MetricsError.noValidQuery(
                queries: retrieval.queries.count, gallery: retrieval.gallery.count)
        }
        let settings = try reranking.settings()
        let folder = sheets.map { SheetsFolder(path: $0, force: force.isGiven) }
        try folder?.check()
        let package = try model.open()
        output.warnOfTrained(
            retrieval.queries + retrieval.gallery, by: package,
            consequence: "these figures say nothing about unseen players")
        let encoder = try await encoding.encoder(of: package, output: output)
        let meter = output.meter("Embedding")
        let embedded = try await RetrievalSet(retrieval).embedded(
            by: encoder, degradation: degrade?.degradation ?? ImageDegradation()
        ) {
            meter.update($0, of: $1)
        }
        meter.finish()
        let scores = try embedded.scores()
        let reranked = try settings.map { settings in
            output.note("Re-ranking.")
            return try embedded.scores(of: embedded.reranked(settings))
        }
        if let folder {
            output.note("Drawing sheets.")
            try folder.write(
                embedded, scores: scores, dataset: data.root, model: package.path)
        }
        let report = RetrievalReport(scores, reranked: reranked)
        let quality = embedded.queryQuality(scores)
        let remark = degrade.map {
            "\nQuery and gallery images were worsened first: \($0.text).\n"
        }
        try output.print(
            EvaluationReport(report: report, quality: quality, degradation: degrade),
            text: "\(data.summary)\n\(remark ?? "")\n\(report.text)"
                + "\n\n\(QualityText(quality).text)")
    }
}

/// The documented object with the quality of queries, or with how images were worsened.
private struct EvaluationReport: Encodable {
    let report: RetrievalReport
    let quality: QueryQuality
    let degradation: DegradationArgument?

    enum CodingKeys: String, CodingKey {
        case degradation = "degraded"
        case quality = "query_quality"
    }

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(quality, forKey: .quality)
        try container.encodeIfPresent(degradation, forKey: .degradation)
    }
}
