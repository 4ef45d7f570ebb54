// Measuring how often something can be done in a second.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Repeats work and takes the median of its rates.
struct Stopwatch: Sendable {
    /// How many rates the median is taken of, at least 1.
    let repeats: Int
    /// How long each is measured, at least one run.
    let seconds: Double

    /// Runs a second, in each of the repeats; two runs before them are not counted.
    ///
    /// - Throws: What the work throws, or `CancellationError`.
    func rates(
        isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Void
    ) async throws -> [Double] {
        for _ in 0..<2 { try await work() }
        let clock = ContinuousClock()
        var rates: [Double] = []
        for _ in 0..<max(1, repeats) {
            let start = clock.now
            var runs = 0
            var elapsed = 0.0
            while runs == 0 || elapsed < seconds {
                try Task.checkCancellation()
                try await work()
                runs += 1
                elapsed = start.duration(to: clock.now).seconds
            }
            rates.append(Double(runs) / elapsed)
        }
        return rates
    }
}

/// The middle of some values; of an even number the mean of the middle two.
func median(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "no values have no median")
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
