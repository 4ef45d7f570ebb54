// Files that appear whole or not at all: written under a hidden name beside the destination,
// synchronised, then renamed.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A file being written, which appears at its destination only when `finish()` is called.
///
/// If it is let go before that, nothing remains. A destination that is a pipe or a device, for
/// example `/dev/stdout`, is written directly.
public final class OutputFile {
    /// The destination as the caller named it.
    public let path: String

    private static let bufferSize = 1 << 20
    private let destination: String
    private let staging: String?
    private let force: Bool
    private var descriptor: Int32
    private var buffer: [UInt8] = []

    /// Checks that a file can be written at `path`, before work is spent on its contents.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `FileError` of kind `cannotWrite`: it exists and `force` is not given, it is a
    ///   folder, or its parent folder is missing or not writable.
    public static func check(_ path: String, force: Bool) throws(FileError) {
        if isStream(path) { return }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw .cannotWrite(path, "is a folder, and a file is to be written. Name another.")
        }
        try Output.check(path, force: force)
    }

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `FileError` of kind `cannotWrite`, as `check(_:force:)` does.
    public init(path: String, force: Bool = false) throws(FileError) {
        try Self.check(path, force: force)
        self.path = path
        self.force = force
        destination = Output.resolved(path)
        staging = Self.isStream(path) ? nil : Output.stagingPath(for: destination)
        if staging != nil { Output.removeRemains(of: destination) }
        let flags = O_WRONLY | O_CLOEXEC | (staging == nil ? 0 : O_CREAT | O_EXCL)
        descriptor = open(staging ?? path, flags, 0o666)
        guard descriptor >= 0 else { throw Output.writeFailure(path) }
        if let staging { UnfinishedOutputs.add(staging) }
    }

    deinit { discard() }

    /// Writes a whole file in one call.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`.
    public static func write(
        _ text: String, to path: String, force: Bool = false
    ) throws(FileError) {
        try write(Array(text.utf8), to: path, force: force)
    }

    /// Writes a whole file in one call.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`.
    public static func write(
        _ bytes: [UInt8], to path: String, force: Bool = false
    ) throws(FileError) {
        let file = try OutputFile(path: path, force: force)
        try file.write(bytes)
        try file.finish()
    }

    /// Appends bytes; small pieces are collected before they are written.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`, for example when the disk is full.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        precondition(descriptor >= 0, "the file is finished")
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count >= Self.bufferSize {
            try writeThrough(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    /// Appends bytes.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        // `withUnsafeBytes` of arrays does not carry the type of an error; `Result` does.
        try bytes.withUnsafeBytes { raw in
            Result { () throws(FileError) in try write(raw) }
        }.get()
    }

    /// Appends a text as UTF-8.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`.
    public func write(_ text: String) throws(FileError) {
        try write(Array(text.utf8))
    }

    /// Completes the file and puts it in its place.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`; nothing is left behind then.
    public func finish() throws(FileError) {
        precondition(descriptor >= 0, "the file is finished")
        do {
            try flush()
            try Output.synchronize(descriptor, path: path)
            // Somebody may have put a file there during the work.
            if staging != nil, !force { try Output.requireFree(destination) }
        } catch {
            discard()
            throw error
        }
        let closed = close(descriptor)
        descriptor = -1
        guard let staging else { return }
        defer { UnfinishedOutputs.remove(staging) }
        guard closed == 0, rename(staging, destination) == 0 else {
            let failure = Output.writeFailure(path)
            unlink(staging)
            throw failure
        }
        Output.synchronizeFolder(Output.parentFolder(of: destination))
    }

    /// Gives the file up, so that nothing remains of it; after `finish()` this does nothing.
    public func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        guard let staging else { return }
        unlink(staging)
        UnfinishedOutputs.remove(staging)
    }

    private func flush() throws(FileError) {
        try buffer.withUnsafeBytes { raw in
            Result { () throws(FileError) in try writeThrough(raw) }
        }.get()
        buffer.removeAll(keepingCapacity: true)
    }

    private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try Output.write(bytes, to: descriptor, path: path)
    }

    /// Whether the path leads to a pipe, terminal or device instead of a file or folder.
    static func isStream(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        let type = status.st_mode & S_IFMT
        return type != S_IFREG && type != S_IFDIR
    }
}
