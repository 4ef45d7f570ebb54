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
    /// - Throws: `FileError` of kind `inputNotFound` if nothing is there, it cannot be reached, or
    ///   it is a pipe, a socket or a device: reading those could wait for ever, and files are
    ///   mapped.
    public static func kind(of path: String) throws(FileError) -> InputPath {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .unreadable(path, code: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFREG: return .file
        default:
            throw FileError(
                kind: .inputNotFound, path: path,
                problem: "is a pipe or a device, and a file or folder is needed here. Save what it "
                    + "gives as a file and name that.")
        }
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
