// The seeded generator: the published sequence, uniformity, and continuation from stored state.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import Testing

@Suite("Seeded generator")
struct SeededGeneratorTests {
    @Test("the same seed gives the same sequence, another stream another one")
    func isDeterminedBySeedAndStream() {
        var first = SeededGenerator(seed: 7)
        var second = SeededGenerator(seed: 7)
        var other = SeededGenerator(seed: 7, stream: 1)
        let values = (0..<100).map { _ in first.next() }
        #expect(values == (0..<100).map { _ in second.next() })
        #expect(values != (0..<100).map { _ in other.next() })
    }

    @Test("continues where it was stored")
    func continuesFromStoredState() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<17 { _ = generator.next() }
        var restored = try JSONDecoder().decode(
            SeededGenerator.self, from: JSONEncoder().encode(generator))
        #expect(restored.next() == generator.next())
    }

    @Test("draws every number below the bound about equally often", arguments: [2, 7, 100])
    func drawsEvenly(bound: Int) {
        var generator = SeededGenerator(seed: 11)
        var counts = [Int](repeating: 0, count: bound)
        let draws = 2_000 * bound
        for _ in 0..<draws { counts[generator.integer(below: bound)] += 1 }
        // 2,000 expected, standard deviation below 45: six of them are never reached by chance.
        #expect(counts.allSatisfy { abs($0 - 2_000) < 270 })
    }

    @Test("a shuffle keeps every element")
    func shuffleKeepsElements() {
        var generator = SeededGenerator(seed: 5)
        let shuffled = generator.shuffled(Array(0..<50))
        #expect(shuffled.sorted() == Array(0..<50))
        #expect(shuffled != Array(0..<50))
    }
}
