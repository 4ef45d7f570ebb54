// Many may read at a time, or one may write.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A lock of the system for readers and writers.
// SAFETY: the lock is made for use from any thread, and freed when nobody holds the object.
final class ReadersAndWriter: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)

    init() {
        let status = pthread_rwlock_init(lock, nil)
        precondition(status == 0, "there is memory for a lock")
    }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    func read<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_rwlock_rdlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        return try body()
    }

    func write<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_rwlock_wrlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        return try body()
    }
}
