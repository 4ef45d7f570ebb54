// `reident report`: a page that a person can judge a model by, or new footage.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentFiles
import ReIdentImages
import ReIdentMetrics
import ReIdentReports
import ReIdentSaliency

/// Writes a report.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Writes a page to judge a model by, or crops that nobody has labelled.",
        discussion: """
            One file that needs no network: figures with intervals, curves, thresholds, what is \
            found best and worst and why, and what blur and few pixels cost. --compare puts a \
            second package beside the first.

            With --pilot, crops without labels instead: how good they are, how many are copies, \
            into which groups the model parts them, and what to change in filming or cropping.
            """)

    @Argument(help: DatasetOptions.datasetHelp)
    var dataset: String?

    @OptionGroup var splitting: SplittingOptions

    @Option(help: "A folder of crops that nobody has labelled, in place of a data set.")
    var pilot: String?

    @OptionGroup var model: ModelOption

    @Option(help: "A second package, to be compared.")
    var compare: String?

    @Option(help: "The part to report on.")
    var split = Split.test

    @Option(help: "The folder to write, with index.html.")
    var out: String

    @Option(help: "How many of the worst searches are explained by Score-CAM.")
    var explain = 2

    @Flag(help: "Leave out what blur and few pixels cost, which takes most of the time.")
    var quick = false

    @OptionGroup var encoding: EncoderOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    /// How images are worsened.
    private static let blurs = [0.0, 1, 2, 3, 4]
    private static let heights = [128, 96, 64, 48, 32, 24]
    /// Queries that are worsened at most: the first of so many players.
    private static let worsenedPlayers = 100

    func validate() throws {
        try requireRange("--explain", explain, 0...20)
        guard (dataset == nil) != (pilot == nil) else {
            throw ValidationError(
                "Name either a data set, or with --pilot a folder of crops without labels.")
        }
        if pilot != nil, compare != nil {
            throw ValidationError("--compare needs a data set: without labels nothing is right.")
        }
    }

    func run() async throws {
        try OutputFolder.check(out, force: force.isGiven, replacingOnlyWith: ["index.html"])
        if let pilot {
            try await PilotReport(folder: pilot, command: self).run()
        } else if let dataset {
            try await report(on: splitting.open(dataset))
        }
    }

    private func report(on dataset: Dataset) async throws {
        let retrieval = try dataset.retrieval(in: split)
        guard retrieval.isLabelled else {
            throw ReIdentError.unlabelled(place: "\(dataset.root), part '\(split.rawValue)'")
        }
        guard retrieval.hasMatch else {
            throw MetricsError.noValidQuery(
                queries: retrieval.queries.count, gallery: retrieval.gallery.count)
        }
        let packages = [model.path] + (compare.map { [$0] } ?? [])
        var models: [ModelFigures] = []
        for path in packages {
            let package = try ModelPackage.open(path)
            output.warnOfTrained(
                retrieval.queries + retrieval.gallery, by: package,
                consequence: "the page says nothing about unseen players")
            models.append(try await figures(of: package, retrieval, dataset))
        }
        output.note("Drawing.")
        let pictures = try await pictures(of: models[0])
        let page = ReportPage(dataset: dataset.root, models: models, pictures: pictures)
        let path = try write(page.html())
        let reports = models.map { RetrievalReport($0.scores) }
        try output.print(
            Summary(page: path, models: packages, figures: reports), text: path)
    }

    /// Writes the page.
    ///
    /// - Returns: Its path.
    func write(_ page: String) throws -> String {
        try Task.checkCancellation()
        let folder = try OutputFolder(
            path: out, force: force.isGiven, replacingOnlyWith: ["index.html"])
        try folder.files.write(Array(page.utf8), to: "index.html")
        try folder.finish()
        return "\(out)/index.html"
    }

    private struct Summary: Encodable {
        let page: String
        let models: [String]
        let figures: [RetrievalReport]
    }

    // MARK: Figures

    private func figures(
        of package: ModelPackage, _ retrieval: Retrieval, _ dataset: Dataset
    ) async throws -> ModelFigures {
        let encoder = try await encoding.encoder(of: package, output: output)
        let embedded = try await embed(retrieval, by: encoder, "Embedding")
        var figures = try ModelFigures(
            name: package.path, embedded: embedded, decisions: try decisions(of: encoder),
            settings: try settings(package, encoder, dataset))
        guard !quick else { return figures }
        let some = Self.some(of: retrieval)
        for blur in Self.blurs {
            var degradation = ImageDegradation()
            if blur > 0 { degradation.blur = .gaussian(sigma: blur) }
            figures.blurred.append(
                .init(
                    value: blur,
                    meanAveragePrecision: try await precision(
                        of: some, by: encoder, degradation, "Blur \(blur)")))
        }
        for height in Self.heights {
            var degradation = ImageDegradation()
            degradation.height = height
            figures.small.append(
                .init(
                    value: Double(height),
                    meanAveragePrecision: try await precision(
                        of: some, by: encoder, degradation, "\(height) rows")))
        }
        return figures
    }

    /// The package's calibration; nil, with a warning, where it does not fit.
    func decisions(of encoder: PlayerEncoder) throws -> DecisionCalibration? {
        do {
            return try encoder.decisions()
        } catch let error as ReIdentError {
            output.warn(error.description)
            return nil
        }
    }

    private func embed(
        _ retrieval: Retrieval, by encoder: PlayerEncoder, _ activity: String,
        _ degradation: ImageDegradation = ImageDegradation()
    ) async throws -> EmbeddedRetrieval {
        let meter = output.meter(activity)
        defer { meter.finish() }
        return try await RetrievalSet(retrieval).embedded(by: encoder, degradation: degradation) {
            meter.update($0, of: $1)
        }
    }

    private func precision(
        of retrieval: Retrieval, by encoder: PlayerEncoder, _ degradation: ImageDegradation,
        _ activity: String
    ) async throws -> Double {
        let embedded = try await embed(retrieval, by: encoder, activity, degradation)
        var evaluation = RetrievalEvaluation()
        evaluation.bootstrapDraws = 0
        evaluation.singleShotDraws = 0
        return try embedded.scores(evaluation: evaluation).meanAveragePrecision
    }

    /// The images of the first players: enough to see what worse images cost.
    private static func some(of retrieval: Retrieval) -> Retrieval {
        var players: Set<String> = []
        for query in retrieval.queries where players.count < worsenedPlayers {
            players.insert(query.identity)
        }
        let part = Retrieval(
            queries: retrieval.queries.filter { players.contains($0.identity) },
            gallery: retrieval.gallery.filter { players.contains($0.identity) })
        return part.hasMatch ? part : retrieval
    }

    private func settings(
        _ package: ModelPackage, _ encoder: PlayerEncoder, _ dataset: Dataset
    ) throws -> [(name: String, value: String)] {
        let part = "\(dataset.root), part \(split.rawValue), seed \(splitting.seed)"
        return try settings(package, encoder, of: ("data set", part))
    }

    /// What is needed to repeat the page.
    func settings(
        _ package: ModelPackage, _ encoder: PlayerEncoder, of data: (name: String, value: String)
    ) throws -> [(name: String, value: String)] {
        let arguments = CommandLine.arguments.dropFirst().joined(separator: " ")
        let metadata = try encoder.metadata().sorted { $0.key < $1.key }
        return [
            ("command", "reident \(arguments)"), ("version", ProgramVersion.text), data,
            ("package", package.path), ("architecture", package.settings.architecture),
        ] + metadata.map { ($0.key.replacing("_", with: " "), $0.value) }
            + [("calibrated on", package.settings.decisions?.data ?? "nothing")]
    }

    // MARK: Pictures

    private func pictures(of model: ModelFigures) async throws -> [PagePicture] {
        let chosen = EvaluationSheets(of: model.embedded, scores: model.scores, count: 6)
        var pictures: [PagePicture] = []
        for (title, queries) in [("Found best", chosen.best), ("Found worst", chosen.worst)]
        where !queries.isEmpty {
            let sheet = try chosen.sheet(of: queries, title: title, subtitle: "")
            let words = queries.map {
                "player \($0.identity), average precision "
                    + "\(Int((100 * $0.averagePrecision).rounded())) %"
            }
            pictures.append(
                .init(
                    image: try sheet.drawn(), title: title,
                    summary: "Searches with the images most like them: "
                        + words.joined(separator: "; ") + "."))
        }
        guard explain > 0, !chosen.worst.isEmpty else { return pictures }
        return pictures + (try await explanations(of: chosen.worst.prefix(explain), model))
    }

    /// What the first wrong match of the worst searches was based on.
    private func explanations(
        of queries: ArraySlice<EvaluationSheets.Query>, _ model: ModelFigures
    ) async throws -> [PagePicture] {
        let package = try ModelPackage.open(model.name)
        var options = ScoreCAM.Options()
        options.device = encoding.device
        options.reduce(for: package.configuration.vision)
        // Explained is what the page's similarities were computed with.
        options.precision = encoding.precision.precision
        options.tokens = encoding.tokens
        let explainer = try await ScoreCAM(package, options: options)
        var pictures: [PagePicture] = []
        let meter = output.meter("Explaining", unit: "searches")
        for (place, query) in queries.enumerated() {
            meter.update(place, of: queries.count)
            let ranking = try model.embedded.ranking(ofQuery: query.row, count: 1)
            guard let first = ranking.first, !first.isRight else { continue }
            let crops = try ExplainedCrops(
                query: (
                    query.path,
                    ImageSource(model.embedded.retrieval.queries[query.row].source)
                ), gallery: (first.image.path, ImageSource(first.image.source)),
                package: package, preprocessing: encoding.preprocess, tokens: encoding.tokens)
            let explanation = try await crops.explained(by: explainer)
            let similarity = String(format: "%.3f", explanation.similarity)
            let sheet = crops.sheet(
                of: explanation, title: "Taken for another player, similarity \(similarity)",
                lines: ["query: player \(query.identity); found first: \(first.image.identity)"])
            pictures.append(
                .init(
                    image: try sheet.drawn(), title: "Why player \(query.identity) was missed",
                    summary: "Score-CAM of the query and of the image of player "
                        + "\(first.image.identity) that was found first instead."))
        }
        meter.finish()
        return pictures
    }
}
