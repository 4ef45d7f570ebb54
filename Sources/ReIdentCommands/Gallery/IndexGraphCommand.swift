// `reident index graph`: builds the graph of an index that is there.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentFiles
import ReIdentIndex

/// Builds the graph of an index.
struct IndexGraphCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Builds the graph by which a large index is searched faster.",
        discussion: """
            The graph is the file INDEX.graph. Searches find nearly all that an exact one finds, \
            and `index add` and `index remove` keep it up to date. One that is there is replaced.
            """)

    @Argument(help: "The index.")
    var index: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        _ = try VectorIndex.open(index)
        let lock = try await IndexLock.acquired(for: index)
        defer { withExtendedLifetime(lock) {} }
        let contents = try VectorIndex.open(index)
        let graph = IndexGraph(of: index)
        try graph.build(for: contents, digest: contents.digest ?? "", output: output)
        let report = Report(
            images: contents.count, bytes: try MappedFile(path: graph.path).count,
            graph: graph.path, index: index)
        try output.print(report, text: "\(report.images) images linked: \(report.graph)")
    }

    /// What was built.
    private struct Report: Encodable {
        let images: Int
        let bytes: Int
        let graph: String
        let index: String
    }
}
