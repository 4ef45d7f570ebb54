// One writer at a time: a change reads the index, and nobody else may replace it before it is
// written back.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles

/// The right to change an index, among all processes of a machine that ask for it.
///
/// It is a lock of the system on the index file itself, so nothing is left behind when a process
/// is killed. A replaced index is another file: whoever waited for the old one begins again.
public final class IndexLock: Sendable {
    private let descriptor: Int32

    /// How long to wait between two attempts.
    private static let pause = Duration.milliseconds(20)

    /// Waits until nobody else changes the index.
    ///
    /// - Parameter path: The index, which exists.
    /// - Returns: The lock; letting it go gives the right back.
    /// - Throws: `IndexError.file` if the index cannot be opened; `CancellationError`.
    public static func acquired(for path: String) async throws -> IndexLock {
        while true {
            try Task.checkCancellation()
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw IndexError.file(FileError.unreadable(path, code: errno))
            }
            let lock = IndexLock(descriptor)
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                if lock.isOf(path) { return lock }
            } else if errno != EWOULDBLOCK {
                // A file system without locks: the last writer wins, and the file stays whole.
                return lock
            }
            withExtendedLifetime(lock) {}
            try await Task.sleep(for: pause)
        }
    }

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Whether the locked file is still what the path leads to.
    private func isOf(_ path: String) -> Bool {
        var own = stat()
        var current = stat()
        guard fstat(descriptor, &own) == 0, stat(path, &current) == 0 else { return false }
        return own.st_dev == current.st_dev && own.st_ino == current.st_ino
    }
}
