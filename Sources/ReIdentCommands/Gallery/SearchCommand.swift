// `reident search`: the images of a folder that are most like a query.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentFiles
import ReIdentImages

/// Searches a folder.
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Finds the images of a folder that show the player of a query.",
        discussion: """
            All images of the gallery are searched, whatever part of a data set they belong to. \
            Where the folder is a data set, matches come with its identities. A query that lies \
            in the gallery is not among its own matches.
            """)

    @Argument(help: "Images, and folders of images, to search for.")
    var queries: [String]

    @Option(help: "The folder to search in.")
    var gallery: String

    @OptionGroup var model: ModelOption

    @Option(name: [.customShort("k"), .long], help: "Matches for each query.")
    var count = 10

    @OptionGroup var encoding: EncoderOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try requireRange("-k", count, 1...1_000_000)
    }

    func run() async throws {
        let package = try model.open()
        let (queryPaths, skipped) = try ImageListing.gather(queries)
        guard !queryPaths.isEmpty else {
            throw ReIdentError.noImages(place: queries.joined(separator: ", "), skipped: skipped)
        }
        let folder = try GalleryFolder(path: gallery)
        let encoder = try await encoding.encoder(of: package, output: output)
        let searched = Gallery(
            try await embed(folder.paths, with: encoder, activity: "Embedding the gallery"),
            identities: folder.identities)
        let embedded = try await embed(queryPaths, with: encoder, activity: "Embedding the queries")
        let results = try queryPaths.indices.map { row in
            let own = folder.copies(of: queryPaths[row])
            let matches = try searched.matches(
                of: embedded.selecting([row]), count: count + own.count)
            return SearchResult(
                query: queryPaths[row],
                matches: Array(matches[0].filter { !own.contains($0.path) }.prefix(count)))
        }
        try output.print(results, text: results.map(\.text).joined(separator: "\n\n"))
    }

    private func embed(
        _ paths: [String], with encoder: PlayerEncoder, activity: String
    ) async throws -> Embeddings {
        let meter = output.meter(activity)
        let outcome = try await encoder.embed(paths.map { ImageSource(.file($0)) }) {
            meter.update($0, of: $1)
        }
        meter.finish()
        return outcome.embeddings
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

/// The images of a folder, with identities where it is a data set.
private struct GalleryFolder {
    let paths: [String]
    let identities: [String?]
    /// For each file, whatever path leads to it, the gallery's paths of it.
    private let pathsOfFile: [String: [String]]

    init(path: String) throws {
        let listing = try ImageListing(folder: path)
        guard !listing.images.isEmpty else {
            throw ReIdentError.noImages(place: path, skipped: listing.skipped.count)
        }
        let prefix = path.hasSuffix("/") ? path : path + "/"
        let known = try Self.knownIdentities(in: path, hasManifest: listing.hasManifest)
        paths = listing.images.map { prefix + $0 }
        identities = listing.images.map { known[$0] }
        pathsOfFile = Dictionary(grouping: paths, by: Self.canonical)
    }

    /// The gallery's paths of a file.
    func copies(of path: String) -> [String] { pathsOfFile[Self.canonical(path)] ?? [] }

    /// Players by relative path; none where the folder is no data set.
    private static func knownIdentities(
        in path: String, hasManifest: Bool
    ) throws -> [String: String] {
        let read = Result { () throws(DataError) in try Dataset(path: path) }
        if case .failure = read, !hasManifest { return [:] }  // any folder can be searched
        let dataset = try read.get()
        let known = dataset.images.filter { $0.isLabelled && !$0.isDistractor }
        return Dictionary(known.map { ($0.path, $0.identity) }, uniquingKeysWith: { $1 })
    }

    /// A file's path with all symbolic links followed.
    private static func canonical(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

extension ImageListing {
    /// Whether the folder claims to be a data set by a manifest.
    fileprivate var hasManifest: Bool { skipped.contains("manifest.csv") }
}
