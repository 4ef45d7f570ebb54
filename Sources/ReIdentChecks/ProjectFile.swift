// The files that are checked: those git tracks, or would track.
//
// SPDX-License-Identifier: MIT

public import Foundation

/// A text file of the project.
public struct ProjectFile: Sendable {
    /// Relative to the project, parts separated by `/`.
    public let path: String
    /// Its text.
    public let contents: String

    /// Creates a file for checking; it need not exist.
    public init(path: String, contents: String) {
        self.path = path
        self.contents = contents
    }

    /// Reads the text files below a folder that git tracks or would track.
    ///
    /// Without git, or outside a repository, all files but hidden folders' are read.
    ///
    /// - Parameter root: The folder of the project.
    /// - Returns: The files in the order of their paths, but for those that are not UTF-8 text.
    public static func all(in root: URL) -> [ProjectFile] {
        (trackedPaths(in: root) ?? walkedPaths(in: root)).sorted().compactMap { path in
            guard let data = try? Data(contentsOf: root.appending(path: path)), !data.contains(0),
                let contents = String(data: data, encoding: .utf8)
            else { return nil }
            return ProjectFile(path: path, contents: contents)
        }
    }

    private static func trackedPaths(in root: URL) -> [String]? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "git", "-C", root.path, "ls-files", "-z", "--cached", "--others", "--exclude-standard",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        // During a merge git lists a file once for each of its stages.
        return Array(Set(data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }))
    }

    private static func walkedPaths(in root: URL) -> [String] {
        guard let walker = FileManager.default.enumerator(atPath: root.path) else { return [] }
        var paths: [String] = []
        for case let path as String in walker {
            if (path as NSString).lastPathComponent.hasPrefix("."), !path.hasSuffix(".ci") {
                walker.skipDescendants()
            } else {
                paths.append(path)
            }
        }
        return paths
    }
}

extension ProjectFile {
    private var suffix: String { (path as NSString).pathExtension }

    var isSwift: Bool { suffix == "swift" }

    var isCFamily: Bool { ["c", "h", "cpp", "hpp", "cc", "m", "mm", "cu"].contains(suffix) }

    /// Files whose comments begin with `#`.
    var isScript: Bool {
        ["py", "sh"].contains(suffix) || ["Makefile", "CMakeLists.txt", "run"].contains(fileName)
    }

    private var fileName: String { (path as NSString).lastPathComponent }

    /// Files that tests read, which follow no rule of the sources.
    var isFixture: Bool { path.hasPrefix("Tests/") && path.contains("/Fixtures/") }

    /// The target that a file below Sources or Tests belongs to.
    var target: String? {
        let parts = path.split(separator: "/")
        guard parts.count > 2, parts[0] == "Sources" || parts[0] == "Tests" else { return nil }
        return String(parts[1])
    }
}
