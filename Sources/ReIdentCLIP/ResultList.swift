// A list that several threads fill, each its own places.
//
// SPDX-License-Identifier: MIT

import Foundation

/// One result for each index of a parallel loop.
// SAFETY: unchecked because of the array; every access holds the lock.
final class ResultList<Value: Sendable, Failure: Error>: @unchecked Sendable {
    private let lock = NSLock()
    private var results: [Result<Value, Failure>?]

    /// A list of `count` places, to be filled all.
    init(count: Int) { results = Array(repeating: nil, count: count) }

    /// Puts the result of one index into its place.
    func set(_ index: Int, _ result: Result<Value, Failure>) {
        lock.withLock { results[index] = result }
    }

    /// The results in the order of their indices.
    var values: [Result<Value, Failure>] { lock.withLock { results.compactMap { $0 } } }
}
