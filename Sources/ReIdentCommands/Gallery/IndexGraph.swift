// The graph of an index on the command line: found beside it, built with progress, kept up to date.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentIndex

/// The graph that lies beside an index, if one does.
struct IndexGraph {
    let path: String
    private let index: String

    init(of index: String) {
        self.index = index
        path = ApproximateSearch.path(besideIndex: index)
    }

    /// Whether there is one.
    var isThere: Bool { FileManager.default.fileExists(atPath: path) }

    /// Reads it; nil if there is none.
    ///
    /// - Throws: `IndexError` for a damaged one, and for one of another state of the index.
    func open(
        for contents: VectorIndex, effort: Int = ApproximateSearch.usualEffort
    ) throws -> ApproximateSearch? {
        guard isThere else { return nil }
        return try ApproximateSearch.open(path, of: contents, at: index, effort: effort)
    }

    /// Builds and writes it; one that is there is replaced.
    ///
    /// - Throws: `IndexError`, also when the task was cancelled; `FileError`.
    func build(for contents: VectorIndex, digest: String, output: OutputOptions) throws {
        let meter = output.meter("Linking")
        let graph = try ApproximateSearch(contents.vectors) { meter.update($0, of: $1) }
        meter.finish()
        try graph.write(to: path, ofIndex: digest, force: true)
    }

    /// Makes a graph follow a change of its index; nothing is written yet.
    ///
    /// - Throws: `IndexError`, also when the task was cancelled.
    func follow(
        _ graph: ApproximateSearch, from old: VectorIndex, to new: VectorIndex,
        output: OutputOptions
    ) throws {
        let meter = output.meter("Linking")
        try graph.follow(new.vectors, rows: old.rows(in: new)) { meter.update($0, of: $1) }
        meter.finish()
    }

    /// Removes one that belonged to an index which was replaced.
    ///
    /// - Throws: `FileError` if the system refuses.
    func remove() throws {
        guard isThere else { return }
        guard unlink(path) == 0 else {
            throw FileError(
                kind: .cannotWrite, path: path,
                problem: "is the graph of an index that was replaced, and cannot be removed: "
                    + "\(String(cString: strerror(errno))). Remove it.")
        }
    }
}
