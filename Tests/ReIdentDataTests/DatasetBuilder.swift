// Makes small data sets for tests, as folders or as zip archives; images are never decoded here, so
// a few bytes stand for each.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentData
import ReIdentFoundation
import ReIdentTestSupport
import Testing

/// A data set for one test.
struct DatasetBuilder {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Where the data set lies.
    var path: String { folder.file("data") }

    /// Adds files with the bytes of their own path.
    func add(_ paths: [String]) throws {
        for path in paths { try add(path, path) }
    }

    /// Adds one file.
    func add(_ path: String, _ contents: String) throws {
        let url = URL(filePath: "\(self.path)/\(path)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(contents.utf8).write(to: url)
    }

    /// Reads the data set.
    func read(_ options: Dataset.Options = .init()) throws -> Dataset {
        try Dataset(path: path, options: options)
    }

    /// Writes the given files as an archive and reads that.
    func readZip(_ paths: [String], contents: [String: String] = [:]) throws -> Dataset {
        var zip = StoredZip()
        for path in paths { zip.add(path, Array((contents[path] ?? path).utf8)) }
        try zip.write(to: folder.file("data.zip"))
        return try Dataset(path: folder.file("data.zip"))
    }
}

/// Expects `body` to throw a `DataError` of the kind, whose sentence contains every given part.
func expectFailure(
    _ kind: FailureKind, saying parts: String..., sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as DataError {
        #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
        for part in parts {
            #expect(
                error.description.contains(part), "'\(error)' lacks '\(part)'",
                sourceLocation: sourceLocation)
        }
    } catch {
        Issue.record("another error: \(error)", sourceLocation: sourceLocation)
    }
}
