// A loop over all cores for work that is split by index and shares nothing.
//
// SPDX-License-Identifier: MIT

import Dispatch

/// Runs `body` for every index of `0 ..< count`, on all cores, and returns when all are done.
///
/// Indices are handed out in contiguous chunks, so `body` may be small.
///
/// - Parameters:
///   - count: How many indices; 0 does nothing.
///   - chunk: How many neighbouring indices one core takes at a time.
///   - body: Called once for each index, in any order, from several threads.
public func parallelForEach(
    count: Int, chunk: Int = 1, _ body: @Sendable (_ index: Int) -> Void
) {
    guard count > 0 else { return }
    let chunks = (count + chunk - 1) / chunk
    DispatchQueue.concurrentPerform(iterations: chunks) { position in
        for index in position * chunk..<min(count, (position + 1) * chunk) { body(index) }
    }
}
