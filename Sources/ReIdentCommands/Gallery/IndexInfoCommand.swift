// `reident index info`: what an index holds, after every check.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentFiles
import ReIdentIndex

/// Describes an index.
struct IndexInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Shows what an index holds and checks it.",
        discussion: "The checksum is verified, here and whenever an index is opened.")

    @Argument(help: "The index.")
    var index: String

    @Flag(help: "List the images, too.")
    var paths = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let contents = try VectorIndex.open(index)
        let graph = IndexGraph(of: index)
        let hasGraph = try graph.open(for: contents) != nil
        let report = Report(
            contents, path: index, bytes: try MappedFile(path: index).count,
            graph: hasGraph ? graph.path : nil, listsImages: paths)
        try output.print(report, text: report.text)
    }

    /// What an index holds.
    private struct Report: Encodable {
        struct Entry: Encodable {
            let path: String
            let identity: String?

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(path, forKey: .path)
                try container.encode(identity, forKey: .identity)  // writes null, not nothing
            }

            enum CodingKeys: CodingKey { case path, identity }
        }

        let path: String
        let images: Int
        let dimension: Int
        let identities: Int
        let unlabelled: Int
        let model: String
        let package: String
        let precision: String
        let preprocess: String
        let tokens: String
        let flipAverage: Bool
        let version: String
        let bytes: Int
        let graph: String?
        let entries: [Entry]?

        enum CodingKeys: String, CodingKey {
            case path, images, dimension, identities, unlabelled, model, package, precision
            case preprocess, tokens, version, bytes, graph, entries
            case flipAverage = "flip_average"
        }

        init(_ index: VectorIndex, path: String, bytes: Int, graph: String?, listsImages: Bool) {
            self.path = path
            images = index.count
            dimension = index.dimension
            identities = Set(index.entries.compactMap(\.identity)).count
            unlabelled = index.entries.count { $0.identity == nil }
            model = index.origin.model
            package = index.origin.package
            precision = index.origin.precision
            preprocess = index.origin.preprocess
            tokens = index.origin.tokens
            flipAverage = index.origin.flipAverage == "true"
            version = VectorIndex.version
            self.bytes = bytes
            self.graph = graph
            entries =
                listsImages
                ? index.entries.map { Entry(path: $0.path, identity: $0.identity) } : nil
        }

        var text: String {
            var rows = [
                ["images", "\(images) of \(dimension) numbers, \(bytes) bytes in all"],
                [
                    "players",
                    "\(identities)" + (unlabelled > 0 ? ", \(unlabelled) images of nobody" : ""),
                ],
                ["model", model], ["package", package],
                [
                    "made with",
                    "\(precision), \(preprocess), tokens \(tokens)"
                        + (flipAverage ? ", averaged with the mirror image" : ""),
                ], ["graph", graph ?? "none; searches are exact"],
                ["checked", "checksum and lengths of all vectors"],
            ].map { row in
                "  \(row[0])" + String(repeating: " ", count: 11 - row[0].count) + row[1]
            }
            rows.insert("\(path): an index, version \(version)", at: 0)
            rows += (entries ?? []).map { "\($0.path)  \($0.identity ?? "-")" }
            return rows.joined(separator: "\n")
        }
    }
}
