// The arithmetic and the wording of progress.
//
// SPDX-License-Identifier: MIT

import ReIdentTestSupport
import Testing

@testable import ReIdentCommands

@Suite("Progress")
struct ProgressTests {
    @Test("says what is done, how fast, and how long it takes")
    func line() {
        var estimate = ProgressEstimate()
        estimate.add(done: 100, total: 1000, at: 10)
        #expect(
            estimate.line(activity: "Embedding", unit: "images")
                == "Embedding: 100 of 1000 images, 10.0 images/s, 1 min 30 s left")
        estimate.add(done: 1000, total: 1000, at: 100)
        #expect(
            estimate.lastLine(activity: "Embedding", unit: "images", seconds: 100)
                == "Embedding: 1000 images in 1 min 40 s, 10.0 images/s")
    }

    @Test("follows a rate that changes, by what was done lately")
    func window() throws {
        var estimate = ProgressEstimate()
        for second in 1...100 { estimate.add(done: second, total: 10_000, at: Double(second)) }
        for second in 101...200 {
            estimate.add(done: 100 + 10 * (second - 100), total: 10_000, at: Double(second))
        }
        #expect(try #require(estimate.rate) == 10)
    }

    @Test("has no rate before anything is done")
    func noRate() {
        var estimate = ProgressEstimate()
        #expect(estimate.rate == nil)
        estimate.add(done: 0, total: 10, at: 5)
        #expect(estimate.line(activity: "Embedding", unit: "images") == "Embedding: 0 of 10 images")
    }

    @Test(
        "writes durations in their two largest units",
        arguments: [
            (0.4, "0.4 s"), (59.4, "59 s"), (90, "1 min 30 s"), (3700, "1 h 1 min"),
            (200_000, "2 d 7 h"), (Double.infinity, "a long time"),
        ])
    func durations(seconds: Double, text: String) {
        #expect(ProgressEstimate.duration(seconds) == text)
    }
}
