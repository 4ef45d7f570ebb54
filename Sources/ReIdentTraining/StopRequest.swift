// A wish to stop that leaves the choice of the moment to the training: a step is finished and the
// state saved, where a cancelled task would lose both.
//
// SPDX-License-Identifier: MIT

import Synchronization

/// Whether a training should stop, set from any thread.
final class StopRequest: Sendable {
    private struct State {
        var isRequested = false
        var interruptible: Task<Void, Never>?
    }

    private let state = Mutex(State())

    /// Whether it should stop at the next good moment.
    var isRequested: Bool { state.withLock { $0.isRequested } }

    /// Asks to stop, and cancels what may be interrupted at once.
    func request() {
        let task = state.withLock { state in
            state.isRequested = true
            return state.interruptible
        }
        task?.cancel()
    }

    /// Runs work that a request cancels at once, because nothing is lost by it.
    ///
    /// - Returns: What `body` returns, or nil if a request came before or while it ran.
    /// - Throws: What `body` throws.
    func interruptible<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        guard !isRequested else { return nil }
        let task = Task(operation: body)
        let canceller = Task<Void, Never> {
            await withTaskCancellationHandler {
                _ = await task.result
            } onCancel: {
                task.cancel()
            }
        }
        state.withLock { $0.interruptible = canceller }
        if isRequested { canceller.cancel() }  // it came just before
        defer { state.withLock { $0.interruptible = nil } }
        do {
            return try await task.value
        } catch is CancellationError where isRequested {
            return nil
        }
    }
}
