// `reident distances`: a data set's distances by one or several models, for a competition or for
// `reident score`.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentFiles
import ReIdentMetrics

/// Writes distances.
struct DistancesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distances",
        abstract: "Writes the distances of a data set's queries to its gallery.",
        usage: "reident distances <dataset> --model <package> ... --out <file> [<options>]",
        discussion: """
            Distances are squared Euclidean ones of unit vectors, 0 to 4. Of several models the \
            mean is written, after each was re-ranked where that is asked for. The ending of the \
            file decides its form: .csv is an EvalAI submission; .safetensors also holds what \
            `reident score --rerank` needs, if the gallery is not too large for it.
            """)

    @Argument(help: DatasetOptions.datasetHelp)
    var dataset: String?

    @OptionGroup var splitting: SplittingOptions

    @Option(
        name: .customLong("model"), parsing: .upToNextOption,
        help: "Model packages; the option may also be repeated.")
    var models: [String]

    @Option(help: "The part whose distances are written.")
    var split = Split.test

    @OptionGroup var reranking: RerankingOptions

    @Option(help: "The file to write: .csv or .safetensors.")
    var out: String

    @OptionGroup var encoding: EncoderOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    /// Largest gallery whose own distances are written beside the queries': 400 MB of them.
    private static let largestGallery = 10_000

    mutating func validate() throws {
        // `--model A DATASET`: the option has taken the argument.
        if dataset == nil, models.count > 1 { dataset = models.removeLast() }
        guard dataset != nil else { throw ValidationError("Missing expected argument '<dataset>'") }
        guard [".csv", ".safetensors"].contains(where: out.lowercased().hasSuffix) else {
            throw ValidationError(
                "--out is '\(out)'; its name must end in .csv or .safetensors, which decides its "
                    + "form.")
        }
    }

    func run() async throws {
        let data = try splitting.open(dataset ?? "")
        data.notes.forEach(output.note)
        let retrieval = try data.retrieval(in: split)
        let settings = try reranking.settings()
        let packages = try models.map { path in try ModelPackage.open(path) }
        try OutputFile.check(out, force: force.isGiven)
        var members: [LabelledDistances] = []
        for (index, package) in packages.enumerated() {
            let place = packages.count > 1 ? " (model \(index + 1) of \(packages.count))" : ""
            let encoder = try await encoding.encoder(of: package, output: output)
            let meter = output.meter("Embedding\(place)")
            let embedded = try await RetrievalSet(retrieval).embedded(by: encoder) {
                meter.update($0, of: $1)
            }
            meter.finish()
            if settings != nil { output.note("Re-ranking\(place).") }
            members.append(
                try embedded.labelledDistances(reranking: settings, source: package.path))
        }
        var distances = try LabelledDistances.mean(of: members)
        // Of distances that are not re-ranked yet, what re-ranking needs goes into the file, too.
        let queries = members.compactMap(\.queryDistances)
        let gallery = members.compactMap(\.galleryDistances)
        if queries.count == members.count, gallery.count == members.count,
            retrieval.gallery.count <= Self.largestGallery
        {
            distances.queryDistances = try MeanDistances(queries)
            distances.galleryDistances = try MeanDistances(gallery)
        }
        try Task.checkCancellation()
        output.note("Writing \(out).")
        try distances.write(to: out, force: force.isGiven)
        let report = Report(
            queries: retrieval.queries.count, gallery: retrieval.gallery.count, models: models,
            reranked: settings != nil, out: out)
        try output.print(report, text: report.text)
    }
}

/// What was written.
private struct Report: Encodable {
    let queries: Int
    let gallery: Int
    let models: [String]
    let reranked: Bool
    let out: String

    var text: String {
        "\(queries) x \(gallery) distances\(reranked ? ", re-ranked" : "")"
            + "\(models.count > 1 ? ", mean of \(models.count) models" : ""): \(out)"
    }
}
