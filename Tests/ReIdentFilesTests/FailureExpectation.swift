// Checks what an error of this module says.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import Testing

/// Expects `body` to throw a `FileError` of the kind, whose sentence contains every given part.
func expectFailure(
    _ kind: FailureKind, saying parts: String..., sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as FileError {
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

/// Writes a file for a test.
func write(_ bytes: [UInt8], to path: String) throws {
    try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(filePath: path))
}

/// Writes a text file for a test.
func write(_ text: String, to path: String) throws {
    try write(Array(text.utf8), to: path)
}
