// What has arrived of a file so far, beside the place it will have, with a note of where it came
// from, so that a later run of the program can go on with it.
//
// SPDX-License-Identifier: MIT

import Foundation

/// The file `NAME.partial`, locked by this process.
final class PartialFile {
    /// Where the bytes came from, kept in `NAME.partial.json`.
    struct Origin: Codable, Equatable {
        var address: String
        /// The server's mark of this version of the file.
        var validator: String?
        /// The digest that the whole file is to have.
        var digest: PublishedDigest?
        /// The whole file's size in bytes.
        var total: Int64?
    }

    /// Its path.
    let path: String
    /// The bytes it holds.
    private(set) var count: Int64
    /// Where they came from; nil if there are none or it is not known.
    private(set) var origin: Origin?

    private let notePath: String
    private var descriptor: Int32

    /// Opens or creates the partial file of a destination.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`, also if another process is writing it.
    init(for destination: String) throws(FileError) {
        path = destination + ".partial"
        notePath = path + ".json"
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0o666)
        guard descriptor >= 0 else { throw Output.writeFailure(path) }
        count = 0
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
            close(descriptor)
            descriptor = -1
            throw .cannotWrite(
                path, "is being written by another process. Wait for it, or choose another --out.")
        }
        var status = stat()
        if fstat(descriptor, &status) == 0 { count = Int64(status.st_size) }
        origin = FileManager.default.contents(atPath: notePath)
            .flatMap { try? JSONDecoder().decode(Origin.self, from: $0) }
        if origin == nil, count > 0 { try restart() }
    }

    deinit { leave() }

    /// Notes where the bytes that come now are from.
    func begin(_ origin: Origin) throws(FileError) {
        guard origin != self.origin else { return }
        self.origin = origin
        guard let note = try? JSONEncoder().encode(origin) else { return }
        try OutputFile.write(Array(note), to: notePath, force: true)
    }

    /// Drops all bytes.
    func restart() throws(FileError) {
        // What is no file, such as a device, has no length to be cut.
        guard ftruncate(descriptor, 0) == 0 || errno == EINVAL else {
            throw Output.writeFailure(path)
        }
        count = 0
        origin = nil
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`, for example when the disk is full.
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let written = write(descriptor, part.baseAddress, part.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw Output.writeFailure(path)
            }
            count += Int64(written)
            rest = rest.dropFirst(written)
        }
    }

    /// How many bytes the file system still takes; nil if it does not say.
    var freeBytes: Int64? {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0, status.f_frsize > 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
    }

    /// Puts the whole file in its place.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`; the partial file is kept then.
    func finish(at destination: String, force: Bool) throws(FileError) {
        try Output.synchronize(descriptor, path: path)
        if !force { try Output.requireFree(destination) }
        guard rename(path, destination) == 0 else { throw Output.writeFailure(destination) }
        unlink(notePath)
        close(descriptor)
        descriptor = -1
        Output.synchronizeFolder(Output.parentFolder(of: destination))
    }

    /// Removes it, so that the next run begins anew.
    func remove() {
        guard descriptor >= 0 else { return }
        unlink(path)
        unlink(notePath)
        close(descriptor)
        descriptor = -1
    }

    /// Keeps what is there for a later run; nothing is kept of nothing.
    func leave() {
        guard descriptor >= 0 else { return }
        guard count > 0 else { return remove() }
        fsync(descriptor)
        close(descriptor)
        descriptor = -1
    }
}
