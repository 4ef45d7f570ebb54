// What files and folders that are written have in common: the checks before the work, the hidden
// name beside the destination, and the renaming at the end.
//
// SPDX-License-Identifier: MIT

import Foundation

/// Steps shared by `OutputFile` and `OutputFolder`.
enum Output {
    /// Checks that something can be written at `path`, before work is spent on it.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - force: Whether an existing one may be replaced.
    /// - Throws: `FileError` of kind `cannotWrite`.
    static func check(_ path: String, force: Bool) throws(FileError) {
        guard !path.isEmpty else {
            throw .cannotWrite("(empty)", "the output has no name. Name a file or folder.")
        }
        if !force { try requireFree(path) }
        let parent = parentFolder(of: path)
        var status = stat()
        guard stat(parent, &status) == 0 else {
            throw .cannotWrite(
                path, "the folder '\(parent)' it would be written to does not exist. Create it.")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw .cannotWrite(path, "'\(parent)' is not a folder, so nothing can be put into it.")
        }
        guard access(parent, W_OK | X_OK) == 0 else {
            throw .cannotWrite(
                path, "this user may not write to '\(parent)'. Change its permissions.")
        }
    }

    /// Makes sure that nothing is at a path that may not be replaced.
    static func requireFree(_ path: String) throws(FileError) {
        guard !InputPath.exists(path) else {
            throw .cannotWrite(path, "exists already. Pass --force to replace it.")
        }
    }

    /// The path without trailing slashes; a symbolic link is replaced by what it leads to.
    static func resolved(_ path: String) -> String {
        var trimmed = path
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let real = realpath(trimmed, nil) else { return trimmed }
        defer { free(real) }
        return String(cString: real)
    }

    /// The folder a path lies in; "." for a bare name.
    ///
    /// Foundation's `deletingLastPathComponent` ends the process where a name has one letter
    /// (Swift 6.3 on Linux).
    static func parentFolder(of path: String) -> String {
        let slash = UInt8(ascii: "/")
        var bytes = Array(path.utf8)[...]
        func trimSlashes() { while bytes.count > 1, bytes.last == slash { bytes.removeLast() } }
        trimSlashes()
        guard let end = bytes.lastIndex(of: slash) else { return "." }
        bytes = bytes[...end]
        trimSlashes()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A hidden name beside the destination that no other process or output uses.
    static func stagingPath(for destination: String) -> String {
        let name = (destination as NSString).lastPathComponent
        let unique = UUID().uuidString.prefix(8).lowercased()
        return parentFolder(of: destination) + "/.\(name).\(getpid())-\(unique).partial"
    }

    /// Removes what processes that were killed while writing this destination have left beside it.
    static func removeRemains(of destination: String) {
        let parent = parentFolder(of: destination)
        let prefix = ".\((destination as NSString).lastPathComponent)."
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        where name.hasPrefix(prefix) && name.hasSuffix(".partial") {
            let process = name.dropFirst(prefix.count).prefix { $0 != "-" }
            guard let number = pid_t(process), number > 0, kill(number, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
        }
    }

    /// Writes all bytes to an open file.
    ///
    /// - Throws: `FileError` of kind `cannotWrite` that names `path`; a part may be written then.
    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
    ) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            // One call writes at most 2^31 bytes on some systems.
            let written = Foundation.write(descriptor, part.baseAddress, min(part.count, 1 << 30))
            if written < 0 {
                if errno == EINTR { continue }
                throw writeFailure(path)
            }
            rest = rest.dropFirst(written)
        }
    }

    /// Makes what was written to an open file survive a power cut.
    static func synchronize(_ descriptor: Int32, path: String) throws(FileError) {
        // Pipes and devices cannot be synchronised and say EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS
        else { throw writeFailure(path) }
    }

    /// Makes the renaming inside a folder survive a power cut, where the system can.
    static func synchronizeFolder(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// The error for a failed system call while writing.
    static func writeFailure(_ path: String, code: Int32 = errno) -> FileError {
        switch code {
        case ENOSPC, EDQUOT:
            .cannotWrite(path, "the disk is full. Free some space and run again.")
        case EFBIG:
            .cannotWrite(
                path,
                "is larger than files may be here. Raise the limit (`ulimit -f`), or write to a "
                    + "file system that takes files of this size.")
        case EACCES, EPERM, EROFS:
            .cannotWrite(path, "this user may not write here. Change the permissions.")
        default:
            .cannotWrite(path, "cannot be written: \(FileError.systemReason(code)).")
        }
    }
}
