// Bytes that wait on the disk until the file they belong to can be written, so that memory need not
// hold them.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A file without a name, beside an output that is still being made.
///
/// It takes room on the disk and is gone when it is let go, however the program ends.
public final class SpillFile {
    /// What errors name: the output, or the folder for temporary files.
    private let place: String
    private let descriptor: Int32

    /// Begins an empty one.
    ///
    /// - Parameter path: The output it is for: it lies in the same folder, or, where that is a pipe
    ///   or a device, in the folder for temporary files (TMPDIR).
    /// - Throws: `FileError` of kind `cannotWrite`, which names the output, or that folder.
    public init(for path: String) throws(FileError) {
        let hidden: String
        if OutputFile.isStream(path) {
            place = FileManager.default.temporaryDirectory.path
            hidden = Output.stagingPath(for: place + "/reident-output")
        } else {
            place = path
            hidden = Output.stagingPath(for: Output.resolved(path))
        }
        descriptor = open(hidden, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Output.writeFailure(place) }
        unlink(hidden)
    }

    deinit { close(descriptor) }

    /// Adds bytes at the end.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`, for example when the disk is full.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try Output.write(bytes, to: descriptor, path: place)
    }

    /// Everything that was added, read from the disk piece by piece where it is used.
    ///
    /// - Throws: `FileError` of kind `inputNotFound` if it cannot be mapped.
    public func bytes() throws(FileError) -> MappedBytes {
        let file = try MappedFile(descriptor: descriptor, path: place)
        return file.bytes(in: 0..<file.count)
    }
}
