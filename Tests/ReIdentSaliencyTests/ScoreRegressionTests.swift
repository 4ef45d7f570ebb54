// Scores of channels that were not computed.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentSaliency

@Suite("Scores from other scores")
struct ScoreRegressionTests {
    private static let cells = 9

    /// Masks by chance and what a function of them gives.
    private static func masks(
        _ count: Int, _ score: ([Float]) -> Double
    ) -> (masks: [Float], scores: [Float]) {
        var generator = SeededGenerator(seed: 8)
        let masks = (0..<count * cells).map { _ in Float(generator.uniform()) }
        let scores = (0..<count).map { Float(score(Array(masks[$0 * cells..<($0 + 1) * cells]))) }
        return (masks, scores)
    }

    private static func found(_ masks: [Float], _ known: [Int], _ scores: [Float]) -> [Float] {
        var regression = ScoreRegression(masks: masks, cells: cells)
        regression.learn(known, scores: scores)
        return regression.prediction().scores
    }

    private static func correlation(_ a: [Float], _ b: [Float]) -> Double {
        func centred(_ values: [Float]) -> [Double] {
            let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
            return values.map { Double($0) - mean }
        }
        let (first, second) = (centred(a), centred(b))
        func product(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        }
        return product(first, second)
            / (product(first, first) * product(second, second)).squareRoot()
    }

    @Test("a linear score is found from a few masks, and known scores are kept")
    func linear() {
        let (masks, scores) = Self.masks(300) { mask in
            mask.enumerated().reduce(0.8) { $0 + 0.01 * Double($1.offset - 4) * Double($1.element) }
        }
        let known = stride(from: 0, to: 300, by: 10).map { $0 }
        let found = Self.found(masks, known, known.map { scores[$0] })
        #expect(found.count == 300)
        #expect(zip(found, scores).allSatisfy { abs($0 - $1) < Tolerance.singleOperation * 10 })
        #expect(known.allSatisfy { found[$0] == scores[$0] })
    }

    @Test("a curved score is followed, far better than by the nearest known mask")
    func curved() {
        let (masks, scores) = Self.masks(400) { mask in
            exp(-Double(mask[0] * mask[0] + mask[4])) + 0.3 * Double(mask[8] * mask[3])
        }
        let known = stride(from: 0, to: 400, by: 8).map { $0 }
        let found = Self.found(masks, known, known.map { scores[$0] })
        #expect(Self.correlation(found, scores) > 0.97)
    }

    @Test("the error of leaving one out is what predictions err by, and falls with more scores")
    func error() {
        let (masks, scores) = Self.masks(400) { mask in
            exp(-Double(mask[0] * mask[0] + mask[4])) + 0.3 * Double(mask[8] * mask[3])
        }
        var regression = ScoreRegression(masks: masks, cells: Self.cells)
        var errors: [Double] = []
        for start in [0, 50] {
            let known = (start..<start + 50).map { $0 }
            regression.learn(known, scores: known.map { scores[$0] })
            let prediction = regression.prediction()
            let unknown = (start + 50..<400).map { channel in
                Double(prediction.scores[channel] - scores[channel])
            }
            let found = unknown.reduce(0) { $0 + $1 * $1 } / Double(unknown.count)
            #expect((0.4...2.5).contains(prediction.error / found))
            errors.append(prediction.error)
        }
        #expect(errors[1] < errors[0])
    }

    @Test("masks that are all one, and a single known one, give the known score")
    func degenerate() {
        let level = [Float](repeating: 0.5, count: 4 * Self.cells)
        let found = Self.found(level, [0, 2], [0.25, 0.25])
        #expect(found.allSatisfy { abs($0 - 0.25) < Tolerance.singleOperation })
        let (masks, _) = Self.masks(5) { _ in 0 }
        let single = Self.found(masks, [3], [0.7])
        #expect(single.allSatisfy { abs($0 - 0.7) < Tolerance.singleOperation })
    }
}
