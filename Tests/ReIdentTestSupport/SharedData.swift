// Where tests find real crops and reference outputs that are not part of the project.
//
// SPDX-License-Identifier: MIT

public import Foundation
public import Testing

/// The folder of real data beside the project, `../shared/data`.
///
/// It is not distributed. A test that needs it is declared
/// `.enabled(if: SharedData.has("market1501-mini"), SharedData.reason)` and is skipped elsewhere.
public enum SharedData {
    /// The root of the project, found from this file.
    public static let projectRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folder itself; it need not exist.
    public static let root = projectRoot.deletingLastPathComponent().appending(path: "shared/data")

    /// Why a test without the folder is skipped.
    public static let reason: Comment =
        "needs real data in ../shared/data, which is not distributed"

    /// Whether the named folder is there.
    public static func has(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: folder).path)
    }

    /// The path of a file or folder in it.
    public static func path(_ name: String) -> String {
        root.appending(path: name).path
    }
}
