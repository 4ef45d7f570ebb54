// Maps of which some channels are scored: how near they say they are, and who is scored next.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentSaliency

@Suite("Maps of some scores")
struct MapEstimateTests {
    private static let side = 4

    /// Channels by chance on a grid whose first column is padding, and what a function of their
    /// masks gives.
    private static func channels(
        _ count: Int, _ score: ([Float]) -> Double
    ) -> (masks: ActivationMasks, isShown: [Bool], scores: [Float]) {
        var generator = SeededGenerator(seed: 3)
        let cells = side * side
        let masks = ActivationMasks(
            channels: count, side: side,
            activations: (0..<count * cells).map { _ in Float(generator.uniform() - 0.4) })
        let scores = (0..<count).map { Float(score(masks.masks(of: [$0]))) }
        return (masks, (0..<cells).map { $0 % side > 0 }, scores)
    }

    @Test("with every score known the map is the plain one, and says so")
    func complete() {
        let (masks, isShown, scores) = Self.channels(20) { Double($0[5]) - Double($0[2]) }
        var estimate = MapEstimate(of: masks, showing: isShown)
        estimate.learn(Array((0..<20).reversed()), scores: scores.reversed())
        let weights = scores.map { exp(Double($0)) }
        let sum = weights.reduce(0, +)
        let values = masks.combined(weights.map { $0 / sum }).map { max(0, $0) }
        let largest = zip(values, isShown).map { $1 ? $0 : 0 }.max() ?? 0
        #expect(estimate.correlation == 1)
        for (cell, value) in estimate.map.values.enumerated() {
            #expect(abs(value - (isShown[cell] ? values[cell] / largest : 0)) < 1e-6)
        }
    }

    @Test("scores that cannot be predicted make a map less sure than scores that can")
    func sureness() {
        let smooth = Self.channels(200) { 0.5 * Double($0[5] + $0[6]) }
        var generator = SeededGenerator(seed: 9)
        let chance = Self.channels(200) { _ in 3 * generator.uniform() }
        let found = [smooth, chance].map { masks, isShown, scores in
            var estimate = MapEstimate(of: masks, showing: isShown)
            let known = estimate.representatives(40)
            estimate.learn(known, scores: known.map { scores[$0] })
            let few = estimate.correlation
            let more = estimate.strongestUnknown(140)
            #expect(more.count == 140 && Set(more).isDisjoint(with: known))
            estimate.learn(more, scores: more.map { scores[$0] })
            #expect(estimate.correlation > few && estimate.correlation <= 1)
            return few
        }
        #expect(found[0] > 0.95 && found[1] < 0.9, "\(found)")
    }

    @Test("a map far from any light is surely dark, one that is nearly lit is not")
    func dark() {
        let found = [Float(-4), -0.5].map { level -> Double in
            let (masks, isShown, _) = Self.channels(200) { _ in 0 }
            let darker = ActivationMasks(
                channels: 200, side: Self.side, activations: masks.activations.map { $0 + level })
            var generator = SeededGenerator(seed: 9)
            var estimate = MapEstimate(of: darker, showing: isShown)
            let known = estimate.representatives(40)
            estimate.learn(known, scores: known.map { _ in Float(6 * generator.uniform()) })
            #expect(estimate.map.values.allSatisfy { $0 == 0 })
            return estimate.correlation
        }
        #expect(found[0] > 0.97 && found[1] < found[0], "\(found)")
    }

    @Test("too few known scores promise nothing")
    func few() {
        let (masks, isShown, scores) = Self.channels(20) { Double($0[5]) }
        var estimate = MapEstimate(of: masks, showing: isShown)
        estimate.learn([3], scores: [scores[3]])
        #expect(estimate.correlation == 0)
    }

    @Test("of the unknown channels the strongest on the crop are next")
    func strongest() {
        // What the second channel has, it has on padding.
        let masks = ActivationMasks(
            channels: 4, side: 2, activations: [0, 1, 0, 2, 9, 1, -9, 1, 0, 3, 0, 9, 0, 5, 0, 1])
        var estimate = MapEstimate(of: masks, showing: [false, true, false, true])
        #expect(estimate.strongestUnknown(2) == [2, 3])
        estimate.learn([2], scores: [0.5])
        #expect(estimate.strongestUnknown(2) == [0, 3])
        #expect(estimate.strongestUnknown(9) == [0, 1, 3])
    }

    @Test("channels are planned by shares, and more only where a map is not sure enough")
    func plan() {
        let needed = ScoredChannels.needed(first: 0.25, correlation: 0.9)
        #expect(needed.first(of: 80) == 20 && needed.first(of: 2) == 1)
        #expect(needed.more(of: 80, known: 20, correlation: 0.8) == 10)
        #expect(needed.more(of: 80, known: 75, correlation: 0.8) == 5)
        #expect(needed.more(of: 80, known: 20, correlation: 0.9) == 0)
        let some = ScoredChannels.needed(first: 0.25, most: 0.5, correlation: 0.9)
        #expect(some.more(of: 80, known: 35, correlation: 0.8) == 5)
        #expect(some.more(of: 80, known: 40, correlation: 0.8) == 0)
        #expect(ScoredChannels.groups(9).first(of: 80) == 9)
        #expect(ScoredChannels.groups(0).first(of: 80) == 1)
        #expect(ScoredChannels.groups(90).first(of: 80) == 80)
        #expect(ScoredChannels.groups(9).more(of: 80, known: 9, correlation: 0) == 0)
        #expect(ScoredChannels.all.first(of: 80) == 80)
    }
}
