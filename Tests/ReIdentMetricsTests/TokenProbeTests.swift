// A probe of tokens: what it learns, how its area is counted, and what a package keeps.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import Testing

@testable import ReIdentMetrics

@Suite("Probes of tokens")
struct TokenProbeTests {
    /// Tokens of two layers: noise in the first; in the second one number says what is there.
    private func examples(players: Int, strength: Double, seed: UInt64) throws
        -> TokenProbe.Examples
    {
        var generator = SeededGenerator(seed: seed)
        var (noise, telling): ([Float], [Float]) = ([], [])
        var (labels, names): ([Bool], [String]) = ([], [])
        for player in 0..<players {
            for _ in 0..<6 {
                let label = generator.uniform() < 0.4
                for place in 0..<12 {
                    noise.append(Float(MadeUpPlayers.normal(&generator)))
                    let shift = place == 3 && label ? strength : 0
                    // Far from 0 and of very different spread, as activations are.
                    telling.append(
                        Float(
                            40 + pow(10, Double(place % 4) - 2)
                                * (MadeUpPlayers.normal(&generator) + shift)))
                }
                labels.append(label)
                names.append("\(player)")
            }
        }
        return TokenProbe.Examples(
            layers: [
                try EmbeddingMatrix(values: noise, count: labels.count, dimension: 12),
                try EmbeddingMatrix(values: telling, count: labels.count, dimension: 12),
            ], labels: labels, players: names)
    }

    @Test("finds the layer that tells, as well as can be, and says so of other players")
    func learning() throws {
        let known = try examples(players: 60, strength: 2, seed: 1)
        let probe = try TokenProbe(fitting: known, model: "m", seed: 1)
        #expect(probe.layer == 1)
        #expect(probe.crops == 360 && probe.positives == known.labels.count(where: \.self))
        // Two bells of deviation 1, 2 apart: the area is Φ(2 / √2) = 0.921.
        #expect(abs(probe.area - 0.921) < 0.04)
        let others = try examples(players: 60, strength: 2, seed: 2)
        let found = try #require(try probe.probabilities(others.layers[1]))
        #expect(abs(TokenProbe.area(found, others.labels) - 0.921) < 0.04)
        // Probabilities mean what they say: among those near 0.8 four of five show it.
        let sure = found.indices.filter { (0.65...0.95).contains(found[$0]) }
        let right = Double(sure.count { others.labels[$0] }) / Double(sure.count)
        #expect(sure.count > 30 && abs(right - 0.8) < 0.15)
        let kept = try JSONDecoder().decode(TokenProbe.self, from: JSONEncoder().encode(probe))
        let again = try #require(try kept.probabilities(others.layers[1]))
        #expect(zip(found, again).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test("where nothing tells, it says that it knows nothing")
    func nothing() throws {
        let probe = try TokenProbe(
            fitting: try examples(players: 60, strength: 0, seed: 3), model: "m", seed: 1)
        #expect(abs(probe.area - 0.5) < 0.12)
        let narrow = try EmbeddingMatrix(values: [1, 2], count: 1, dimension: 2)
        #expect(try probe.probabilities(narrow) == nil)
    }

    @Test("few crops of either kind are refused")
    func few() throws {
        let known = try examples(players: 4, strength: 2, seed: 1)
        #expect(throws: MetricsError.self) {
            try TokenProbe(fitting: known, model: "m", seed: 1)
        }
    }

    @Test("the area counts pairs in the right order, ties half")
    func area() {
        #expect(TokenProbe.area([1, 2, 3, 4], [false, false, true, true]) == 1)
        #expect(TokenProbe.area([1, 2, 3, 4], [true, false, true, false]) == 0.25)
        #expect(TokenProbe.area([1, 1, 1], [true, false, true]) == 0.5)
        #expect(TokenProbe.area([1, 2, 2, 3], [false, true, false, true]) == 0.875)
        #expect(TokenProbe.area([1, 2], [true, true]) == 0.5)
    }
}
