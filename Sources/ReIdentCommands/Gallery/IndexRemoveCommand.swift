// `reident index remove`: takes images out of an index.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentFiles
import ReIdentIndex

/// Removes images from an index.
struct IndexRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Takes images out of an index.",
        discussion: """
            The files themselves are left alone and need no longer exist. A path that the index \
            does not hold is an error, and nothing is removed then.
            """)

    @Argument(help: "The index.")
    var index: String

    @Argument(help: "Images, and folders of images, as they were added.")
    var paths: [String]

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let lock = try await IndexLock.acquired(for: index)
        defer { withExtendedLifetime(lock) {} }
        let old = try VectorIndex.open(index)
        let graph = IndexGraph(of: index)
        let links = try graph.open(for: old)
        var changed = old
        let removed = try changed.remove(paths.map(InputPath.absolute), source: index)
        if let links { try graph.follow(links, from: old, to: changed, output: output) }
        try Task.checkCancellation()
        let digest = try changed.write(to: index, force: true)
        try links?.write(to: graph.path, ofIndex: digest, force: true)
        let report = Report(removed: removed, images: changed.count, index: index)
        try output.print(report, text: "\(removed) images removed; \(report.images) left: \(index)")
    }

    /// What was removed.
    private struct Report: Encodable {
        let removed: Int
        let images: Int
        let index: String
    }
}
