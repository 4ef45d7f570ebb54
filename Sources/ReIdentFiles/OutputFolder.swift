// Folders that appear whole or not at all: filled under a hidden name beside the destination,
// synchronised, then put in its place.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A folder being filled, which appears at its destination only when `finish()` is called.
///
/// If it is let go before that, nothing remains, and an existing folder is untouched.
public final class OutputFolder {
    /// The destination as the caller named it.
    public let path: String
    /// The hidden folder to put files into until `finish()`.
    public let staging: String

    private let destination: String
    private let force: Bool
    private var isOpen = true

    /// Checks that a folder can be written at `path`, before work is spent on its contents.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - force: Whether an existing folder may be replaced.
    ///   - marks: Names of which an existing folder must hold at least one to be replaced, so that
    ///     `--force` and a wrong path do not remove a home folder; none means no such rule.
    /// - Throws: `FileError` of kind `cannotWrite`: it exists and `force` is not given, it is not
    ///   a folder that may be replaced, or its parent folder is missing or not writable.
    public static func check(
        _ path: String, force: Bool, replacingOnlyWith marks: [String] = []
    ) throws(FileError) {
        try Output.check(path, force: force)
        guard force, InputPath.exists(path) else { return }
        let destination = Output.resolved(path)
        var status = stat()
        guard stat(destination, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .cannotWrite(path, "is a file, and a folder is to be written. Name another.")
        }
        let held = (try? FileManager.default.contentsOfDirectory(atPath: destination)) ?? []
        guard marks.isEmpty || held.isEmpty || held.contains(where: marks.contains) else {
            throw .cannotWrite(
                path,
                "holds other things (\(held.sorted().prefix(3).joined(separator: ", "))) and none "
                    + "of \(marks.joined(separator: ", ")), so --force does not replace it. "
                    + "Name another folder or remove it yourself.")
        }
    }

    /// Begins a folder.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - force: Whether an existing folder may be replaced.
    ///   - marks: As in `check(_:force:replacingOnlyWith:)`.
    /// - Throws: `FileError` of kind `cannotWrite`, as `check(_:force:replacingOnlyWith:)` does.
    public init(
        path: String, force: Bool = false, replacingOnlyWith marks: [String] = []
    ) throws(FileError) {
        try Self.check(path, force: force, replacingOnlyWith: marks)
        self.path = path
        self.force = force
        destination = Output.resolved(path)
        Output.removeRemains(of: destination)
        staging = Output.stagingPath(for: destination)
        guard mkdir(staging, 0o777) == 0 else { throw Output.writeFailure(path) }
        UnfinishedOutputs.add(staging)
    }

    deinit { discard() }

    /// The hidden path of a file in the folder.
    public func file(_ name: String) -> String { "\(staging)/\(name)" }

    /// Puts the folder in its place; what was there before is removed afterwards.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`; what was there before is then still there.
    public func finish() throws(FileError) {
        precondition(isOpen, "the folder is finished")
        defer { if !isOpen { UnfinishedOutputs.remove(staging) } }
        do {
            try synchronizeContents()
            // Somebody may have put a folder there during the work.
            if !force { try Output.requireFree(destination) }
        } catch {
            discard()
            throw error
        }
        if InputPath.exists(destination) {
            guard exchange(staging, destination) else { return try replaceInSteps() }
            // What was there is now under the hidden name.
            try? FileManager.default.removeItem(atPath: staging)
        } else {
            guard rename(staging, destination) == 0 else {
                let failure = Output.writeFailure(path)
                discard()
                throw failure
            }
        }
        isOpen = false
        Output.synchronizeFolder(Output.parentFolder(of: destination))
    }

    /// Gives the folder up, so that nothing remains of it; after `finish()` this does nothing.
    public func discard() {
        guard isOpen else { return }
        isOpen = false
        try? FileManager.default.removeItem(atPath: staging)
        UnfinishedOutputs.remove(staging)
    }

    /// Swaps two folders in one step of the system, where it has such a step.
    private func exchange(_ first: String, _ second: String) -> Bool {
        #if canImport(Darwin)
            return renamex_np(first, second, UInt32(RENAME_SWAP)) == 0
        #else
            // Swift's view of the C library leaves out `renameat2`, an extension of Linux.
            typealias Rename =
                @convention(c) (
                    Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
                ) -> Int32
            guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "renameat2") else { return false }
            let rename = unsafeBitCast(symbol, to: Rename.self)
            let exchangeFlag: UInt32 = 2  // RENAME_EXCHANGE
            return rename(AT_FDCWD, first, AT_FDCWD, second, exchangeFlag) == 0
        #endif
    }

    /// Replaces the old folder by two renamings, on file systems that cannot exchange folders.
    private func replaceInSteps() throws(FileError) {
        let old = Output.stagingPath(for: destination)
        guard rename(destination, old) == 0 else {
            let failure = Output.writeFailure(path)
            discard()
            throw failure
        }
        guard rename(staging, destination) == 0 else {
            let failure = Output.writeFailure(path)
            rename(old, destination)
            discard()
            throw failure
        }
        isOpen = false
        try? FileManager.default.removeItem(atPath: old)
        Output.synchronizeFolder(Output.parentFolder(of: destination))
    }

    private func synchronizeContents() throws(FileError) {
        let names = FileManager.default.enumerator(atPath: staging)?.compactMap { $0 as? String }
        for name in names ?? [] {
            let descriptor = open("\(staging)/\(name)", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            try Output.synchronize(descriptor, path: path)
        }
        Output.synchronizeFolder(staging)
    }
}
