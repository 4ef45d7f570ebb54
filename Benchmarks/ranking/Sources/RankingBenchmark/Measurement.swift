// Clocks, and parts of a set of queries.
//
// SPDX-License-Identifier: MIT

import ReIdentIndex
import ReIdentMetrics

/// How long something takes, in seconds.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let duration = ContinuousClock.now - start
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

extension EmbeddingMatrix {
    /// Some rows, from the first on.
    func some(_ count: Int, from first: Int) throws -> EmbeddingMatrix {
        let values = try withValues { all in
            Array(all[first * dimension..<(first + count) * dimension])
        }
        return try EmbeddingMatrix(values: values, count: count, dimension: dimension)
    }
}

/// How many of the rows that one search found another one finds, 0...1.
func recall(_ found: [[Neighbor]], of exact: [[Neighbor]]) -> Double {
    let shared = zip(found, exact).map { found, exact in
        Set(found.map(\.row)).intersection(exact.map(\.row)).count
    }
    return Double(shared.reduce(0, +)) / Double(exact.map(\.count).reduce(0, +))
}
