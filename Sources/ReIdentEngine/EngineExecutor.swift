// The one thread that computes. LibTorch's OpenMP pool belongs to the thread that first entered
// it: jobs that moved between the threads of a queue would each start a pool of their own.
//
// SPDX-License-Identifier: MIT

import Foundation

/// Runs the jobs of every actor that uses the engine, one after another, on a thread of its own.
///
/// An actor joins by returning `EngineExecutor.shared.asUnownedSerialExecutor()` from
/// `unownedExecutor`. A forward pass of seconds then blocks none of Swift's own threads.
// SAFETY: `jobs` is read and written with `condition` locked; all else is constant.
public final class EngineExecutor: SerialExecutor, @unchecked Sendable {
    /// The executor of the process.
    public static let shared = EngineExecutor()

    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []

    private init() {
        let thread = Thread { [self] in
            Thread.current.name = "ReIdent engine"  // only a running thread takes a name
            while true { next().runSynchronously(on: asUnownedSerialExecutor()) }
        }
        thread.stackSize = 16 << 20  // backward passes of deep models recurse
        thread.start()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            jobs.append(job)
            condition.signal()
        }
    }

    private func next() -> UnownedJob {
        condition.withLock {
            while jobs.isEmpty { condition.wait() }
            return jobs.removeFirst()
        }
    }
}

/// The isolation of everything that holds tensors.
///
/// Tensors are not `Sendable`: whatever is marked `@EngineActor` may hold and use them.
@globalActor
public actor EngineActor {
    /// The actor of the process.
    public static let shared = EngineActor()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        EngineExecutor.shared.asUnownedSerialExecutor()
    }
}
