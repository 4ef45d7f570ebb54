// Questions to ask of a path that a user named as input, before anything is done with it.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

/// What a path that was named as input leads to, symbolic links followed.
public enum InputPath: Sendable, Equatable {
    /// A file.
    case file
    /// A folder.
    case folder

    /// Finds out what is at a path.
    ///
    /// - Throws: `FileError` of kind `inputNotFound` if nothing is there or it cannot be reached.
    public static func kind(of path: String) throws(FileError) -> InputPath {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .unreadable(path, code: errno) }
        return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
    }

    /// Makes sure that a path leads to a file.
    ///
    /// - Throws: `FileError` of kind `inputNotFound` if nothing is there, or a folder is.
    public static func requireFile(_ path: String) throws(FileError) {
        guard try kind(of: path) == .file else {
            throw FileError(
                kind: .inputNotFound, path: path,
                problem: "is a folder, and a file is needed here. Name the file itself.")
        }
    }

    /// Makes sure that a path leads to a folder.
    ///
    /// - Throws: `FileError` of kind `inputNotFound` if nothing is there, or a file is.
    public static func requireFolder(_ path: String) throws(FileError) {
        guard try kind(of: path) == .folder else {
            throw FileError(
                kind: .inputNotFound, path: path,
                problem: "is a file, and a folder is needed here. Name the folder itself.")
        }
    }

    /// Whether anything at all is at the path, a broken symbolic link included.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}
