// `reident search`: the images of a folder or an index that are most like a query.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentFiles
import ReIdentIndex

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
            A PNG to write: up to 10 queries and their first 10 matches, with similarities and \
            players; right and wrong ones are framed where the query is in the gallery.
            """)
    var sheet: String?

    @Flag(help: "Leave out images that cannot be read; they are named.")
    var skipBad = false

    @OptionGroup var encoding: EncoderOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try requireRange("-k", count, 1...1_000_000)
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
        let pathsOfFile = Dictionary(grouping: searched.paths, by: InputPath.canonical)
        let identityOfPath = Dictionary(
            zip(searched.paths, searched.identities), uniquingKeysWith: { $1 })
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
        try report(found, picture, package)
    }

    /// Draws and prints what was found.
    func report(
        _ found: [SearchSheet.Result], _ picture: SearchSheet?, _ package: ModelPackage
    ) throws {
        try Task.checkCancellation()
        try picture?.write(found, gallery: gallery, model: package.path, output: output)
        let results = found.map { SearchResult(query: $0.query, matches: $0.matches) }
        try output.print(results, text: results.map(\.text).joined(separator: "\n\n"))
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
            return (Gallery(index), encoder)
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

    private func warn(of images: [BadImage]) {
        for image in images { output.warn("left out: \(image.reason)") }
    }
}

/// What was found for one query.
private struct SearchResult: Encodable {
    let query: String
    let matches: [Match]

    var text: String {
        let rows = matches.enumerated().map { rank, match in
            [
                "  \(rank + 1)", String(format: "%.4f", match.similarity), match.identity ?? "-",
                match.path,
            ]
        }
        let width = rows.map { $0[2].count }.max() ?? 0
        return
            ([query]
            + rows.map { row in
                let space = String(repeating: " ", count: width - row[2].count)
                return "\(row[0])  \(row[1])  \(row[2])\(space)  \(row[3])"
            }).joined(separator: "\n")
    }
}
