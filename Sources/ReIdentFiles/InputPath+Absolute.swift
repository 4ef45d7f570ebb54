// Paths that mean the same from every folder.
//
// SPDX-License-Identifier: MIT

import Foundation

extension InputPath {
    /// A path from the root, without `.` and `..`; symbolic links stay as they are.
    ///
    /// Nothing needs to be there.
    ///
    /// - Parameter path: Absolute, or relative to the current folder.
    /// - Returns: For example `/data/match/7.png` for `../7.png` in `/data/match/crops`.
    public static func absolute(_ path: String) -> String {
        let whole =
            path.hasPrefix("/")
            ? path : FileManager.default.currentDirectoryPath + "/" + path
        var steps: [Substring] = []
        for step in whole.split(separator: "/") where step != "." {
            if step == ".." {
                _ = steps.popLast()
            } else {
                steps.append(step)
            }
        }
        return "/" + steps.joined(separator: "/")
    }

    /// A path with all symbolic links followed, or the path itself if nothing is there.
    public static func canonical(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
