// A folder for one test, removed when the test is over.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A fresh folder that is deleted with this object.
public final class TemporaryFolder: Sendable {
    /// The folder's path.
    public let path: String

    /// Creates a new, empty folder below the system's temporary folder.
    public init() throws {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "reident-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in the folder.
    public func file(_ name: String) -> String { "\(path)/\(name)" }
}
