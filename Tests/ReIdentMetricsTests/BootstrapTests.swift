// Bootstrap intervals: width from theory, groups kept whole, one identity.
//
// SPDX-License-Identifier: MIT

import Testing

@testable import ReIdentMetrics

@Suite("Bootstrap intervals")
struct BootstrapTests {
    @Test("the interval of a mean of coin tosses is as wide as theory says")
    func widthOfMean() throws {
        let values = (0..<400).map { Double($0 % 2) }
        let interval = try #require(
            Bootstrap(draws: 1_000, seed: 3)
                .intervals(of: ["x": values], groups: (0..<400).map { Int32($0) })["x"])
        // Standard error of 400 tosses: 0.025; 1.96 of them each side.
        #expect(abs(interval.lowerBound - 0.451) < 0.008)
        #expect(abs(interval.upperBound - 0.549) < 0.008)
    }

    @Test("queries of one player move together, so fewer players give a wider interval")
    func groupsAreKeptWhole() throws {
        let values = (0..<400).map { Double($0 / 20 % 2) }
        let bootstrap = Bootstrap(draws: 1_000, seed: 3)
        let single = try #require(
            bootstrap.intervals(of: ["x": values], groups: (0..<400).map { Int32($0) })["x"])
        let grouped = try #require(
            bootstrap.intervals(of: ["x": values], groups: (0..<400).map { Int32($0 / 20) })["x"])
        let ratio =
            (grouped.upperBound - grouped.lowerBound) / (single.upperBound - single.lowerBound)
        // 20 players instead of 400 queries: wider by the root of 20, 4.47.
        #expect(ratio > 3.5 && ratio < 5.5)
    }

    @Test("one player has no interval")
    func onePlayer() {
        let intervals = Bootstrap(draws: 100, seed: 1)
            .intervals(of: ["x": [0, 1, 1]], groups: [4, 4, 4])
        #expect(intervals.isEmpty)
    }
}
