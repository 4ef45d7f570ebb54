// `reident search`: the images of a folder or an index that are most like a query.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentFiles
import ReIdentImages
import ReIdentIndex
import ReIdentMetrics
import ReIdentReports

/// Searches a folder or an index.
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Finds the images of a folder or an index that show the player of a query.",
        discussion: """
            All images of the gallery are searched, whatever part of a data set they belong to. \
            Where the folder is a data set, matches come with its identities. A query that lies \
            in the gallery is not among its own matches. With --text the images are searched \
            for words; texts and images then meet in the model's projected embedding, whichever \
            the package's own is.
            """)

    @Argument(help: "Images, and folders of images, to search for.")
    var queries: [String] = []

    @Option(
        help: """
            Words to search for in the place of images, for example "player in a white shirt \
            with number 5"; may be given several times.
            """)
    var text: [String] = []

    @Option(help: "The folder to search in, or an index that `index build` wrote.")
    var gallery: String

    @OptionGroup var model: ModelOption

    @Option(name: [.customShort("k"), .long], help: "Matches for each query.")
    var count = 10

    @Option(
        help: """
            Which queries show one player and are decided together: none, or those of a folder. \
            They are compared with the players of the gallery, all crops of each together.
            """)
    var vote = QueryVoting.none

    @Option(
        help: """
            A PNG to write: up to 10 queries and their first 10 matches, with similarities and \
            players; right and wrong ones are framed where the query is in the gallery.
            """)
    var sheet: String?

    @Flag(help: "Compare with all images of an index, also where it has a graph.")
    var exact = false

    @Option(
        help: """
            Candidates that a search by an index's graph keeps for each query: more find more of \
            what an exact search finds, and take longer.
            """)
    var effort = ApproximateSearch.usualEffort

    @Flag(help: "Leave out images that cannot be read; they are named.")
    var skipBad = false

    @OptionGroup var encoding: EncoderOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try requireRange("-k", count, 1...1_000_000)
        try requireRange("--effort", effort, 1...1_000_000)
        guard vote == .none || (text.isEmpty && sheet == nil) else {
            throw ValidationError("--vote is for images, and draws no --sheet.")
        }
        guard queries.isEmpty != text.isEmpty else {
            throw ValidationError(
                "Name images to search for, or words with --text; not both at once.")
        }
    }

    func run() async throws {
        if !text.isEmpty { return try await searchTexts() }
        let package = try model.open()
        let (queryPaths, skipped) = try ImageListing.gather(queries)
        guard !queryPaths.isEmpty else {
            throw ReIdentError.noImages(place: queries.joined(separator: ", "), skipped: skipped)
        }
        let picture = sheet.map { SearchSheet(path: $0, force: force.isGiven) }
        if let picture { try OutputFile.check(picture.path, force: force.isGiven) }
        let (searched, encoder) = try await openGallery(package)
        let embedded = try await encoder.embed(
            paths: queryPaths, skipsBad: skipBad, activity: "Embedding the queries", output: output)
        warn(of: embedded.bad)
        warnOfQuality(embedded)
        let pathsOfFile = Dictionary(grouping: searched.paths, by: InputPath.canonical)
        let identityOfPath = Dictionary(
            zip(searched.paths, searched.identities), uniquingKeysWith: { $1 })
        if vote == .folder {
            return try reportTogether(
                embedded, in: searched, pathsOfFile: pathsOfFile,
                try decisions(of: encoder, in: searched))
        }
        let owns = embedded.embeddings.paths.map { pathsOfFile[InputPath.canonical($0)] ?? [] }
        let matches = try searched.matches(
            of: embedded.embeddings, count: count + (owns.map(\.count).max() ?? 0))
        let found = embedded.embeddings.paths.enumerated().map { row, path in
            let own = owns[row]
            let identities: [String] = own.compactMap { (name: String) -> String? in
                guard let identity = identityOfPath[name] else { return nil }
                return identity
            }
            return SearchSheet.Result(
                query: path, identity: identities.first,
                matches: Array(matches[row].filter { !own.contains($0.path) }.prefix(count)))
        }
        try report(found, picture, package, try decisions(of: encoder, in: searched))
    }

    /// Draws and prints what was found.
    ///
    /// - Parameters:
    ///   - found: The queries and their matches.
    ///   - picture: The picture to be drawn; nil for none.
    ///   - package: The model.
    ///   - decisions: What similarities mean; nil for texts, and where nothing is known.
    /// - Throws: `FileError`, `ImageError`, or `CancellationError`.
    func report(
        _ found: [SearchSheet.Result], _ picture: SearchSheet?, _ package: ModelPackage,
        _ decisions: DecisionCalibration? = nil
    ) throws {
        try Task.checkCancellation()
        try picture?.write(
            found, decisions: decisions, gallery: gallery, model: package.path, output: output)
        let results = found.map {
            SearchResult(query: $0.query, matches: $0.matches, decisions: decisions)
        }
        try output.print(results, text: results.map(\.text).joined(separator: "\n\n"))
    }

    /// What similarities mean here, where the package says so; warns where it does not, or where
    /// the gallery looks as if it were other footage.
    func decisions(
        of encoder: PlayerEncoder, in gallery: Gallery
    ) throws -> DecisionCalibration? {
        let decisions: DecisionCalibration
        do {
            guard let known = try encoder.decisions() else {
                output.note(
                    "The package is not calibrated, so it is not said who is the same player; "
                        + "`reident calibrate` learns that.")
                return nil
            }
            decisions = known
        } catch let error as ReIdentError {
            output.warn(error.description)
            return nil
        }
        if gallery.paths.count >= 20 { try warnOfOtherFootage(gallery, decisions) }
        return decisions
    }

    /// Warns where images differ from one another otherwise than those of the calibration.
    private func warnOfOtherFootage(
        _ gallery: Gallery, _ decisions: DecisionCalibration
    ) throws {
        let shift = decisions.shift(of: try gallery.randomSimilarities())
        let outside = try decisions.span.flatMap { try gallery.shareOutside($0) } ?? 0
        let players = Set(gallery.identities.compactMap(\.self)).count
        let usual = decisions.span?.largestUsualOutside(players: players) ?? 1
        let sign: String
        if shift > decisions.largestUsualShift {
            sign =
                "similarities lie \(String(format: "%.2f", shift)) of 0 to 1 from its, up to "
                + "\(String(format: "%.2f", decisions.largestUsualShift)) is usual"
        } else if outside > usual {
            sign =
                "\(Percent.text(outside)) of how they differ is foreign to it, up to "
                + "\(Percent.text(usual)) is usual"
        } else {
            return
        }
        output.warn(
            "The images of the gallery differ from one another otherwise than those the package "
                + "was calibrated on (\(sign)), so probabilities may be wrong. Calibrate on such "
                + "images.")
    }

    /// The gallery with its embeddings, and the encoder that made them.
    func openGallery(
        _ package: ModelPackage
    ) async throws -> (Gallery, PlayerEncoder) {
        guard try InputPath.kind(of: gallery) == .folder else {
            let index = try VectorIndex.open(gallery)
            guard index.count > 0 else {
                throw ReIdentError.noImages(place: gallery, skipped: 0)
            }
            let encoder = try await encoding.encoder(
                of: package, matching: index.origin, path: gallery, output: output)
            // Players are decided by all their crops, so that search compares with all anyway.
            let isExact = exact || vote == .folder
            let graph = isExact ? nil : try IndexGraph(of: gallery).open(for: index, effort: effort)
            if graph != nil {
                output.note(
                    "\(gallery): searched by its graph, which finds nearly all of the most "
                        + "similar images; --exact compares with all.")
            }
            return (Gallery(index, searchedBy: graph), encoder)
        }
        let folder = try GalleryFolder(path: gallery)
        let encoder = try await encoding.encoder(of: package, output: output)
        let embedded = try await encoder.embed(
            paths: folder.paths, skipsBad: skipBad, activity: "Embedding the gallery",
            output: output)
        warn(of: embedded.bad)
        return (
            Gallery(
                embedded.embeddings, identities: embedded.positions.map { folder.identities[$0] }),
            encoder
        )
    }

    /// Queries that nobody should expect much of, and why.
    private func warnOfQuality(_ embedded: EmbeddedImages) {
        let paths = embedded.embeddings.paths
        let remarks = ImageSource.seen(paths.map { ImageSource(path: $0) }) {
            ImageQuality($0).remarks
        }
        let poor = paths.indices.compactMap { place -> (String, [String])? in
            guard var reasons = try? remarks[place].get().map(\.rawValue) else { return nil }
            let other = embedded.secondPlayers?[place] ?? 0
            if other > PlayerEncoder.surelySecondPlayer {
                reasons.append("another player in it")
            }
            return reasons.isEmpty ? nil : (paths[place], reasons)
        }
        for (path, remarks) in poor.prefix(10) {
            let reasons = remarks.joined(separator: ", ")
            output.warn("\(path): a poor picture (\(reasons)), so what is found may be wrong.")
        }
        if poor.count > 10 { output.warn("\(poor.count - 10) more queries are poor pictures.") }
    }

    private func warn(of images: [BadImage]) {
        for image in images { output.warn("left out: \(image.reason)") }
    }
}

/// What was found for one query.
private struct SearchResult: Encodable {
    let query: String
    let matches: [Match]
    let decisions: DecisionCalibration?

    private enum CodingKeys: String, CodingKey { case query, matches, decision, probability }

    /// A match with the probability that it shows the query's player.
    private struct JudgedMatch: Encodable {
        let match: Match
        let probability: Double

        private enum CodingKeys: String, CodingKey { case probability }

        func encode(to encoder: any Encoder) throws {
            try match.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(probability, forKey: .probability)
        }
    }

    /// What is said of the best match, and how probable it is that it is right.
    private var verdict: (decision: DecisionCalibration.Decision, probability: Double)? {
        guard let best = matches.first, let decisions,
            let decision = decisions.decision(onBest: best.similarity),
            let probability = decisions.probability(ofBest: best.similarity)
        else { return nil }
        return (decision, probability)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(query, forKey: .query)
        guard let decisions else { return try container.encode(matches, forKey: .matches) }
        try container.encode(
            matches.map {
                JudgedMatch(match: $0, probability: decisions.probability(of: $0.similarity))
            }, forKey: .matches)
        try container.encode(verdict?.decision, forKey: .decision)
        try container.encode(verdict?.probability, forKey: .probability)
    }

    var text: String {
        let rows = matches.enumerated().map { rank, match in
            let probability = decisions.map {
                String(format: "%5.1f %%  ", 100 * $0.probability(of: match.similarity))
            }
            return [
                "  \(rank + 1)", String(format: "%.4f", match.similarity), probability ?? "",
                match.identity ?? "-", match.path,
            ]
        }
        let width = rows.map { $0[3].count }.max() ?? 0
        let said = verdict.map { verdict in
            let percent = String(format: "%.0f %%", 100 * verdict.probability)
            switch verdict.decision {
            case .same: return ": the same player as the first match (\(percent))"
            case .unsure: return ": unsure, perhaps the first match (\(percent))"
            case .unknown: return ": unknown here (\(percent) for the first match)"
            }
        }
        return
            (["\(query)\(said ?? "")"]
            + rows.map { row in
                let space = String(repeating: " ", count: width - row[3].count)
                return "\(row[0])  \(row[1])  \(row[2])\(row[3])\(space)  \(row[4])"
            }).joined(separator: "\n")
    }
}
