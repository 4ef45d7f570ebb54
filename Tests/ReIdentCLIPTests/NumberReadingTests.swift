// Decisions, votes, scores and calibration of number reading.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentFoundation
import Testing

@Suite("Number reading")
struct NumberReadingTests {
    /// Probabilities of the given answers, by number or `none`; the rest is spread over all.
    private func probabilities(_ given: [String: Double]) -> [Double] {
        let names = NumberPrompts.numbers + ["none"]
        let rest = (1 - given.values.reduce(0, +)) / Double(names.count)
        return names.map { (given[$0] ?? 0) + rest }
    }

    @Test("the likeliest answer decides, and 00 is not 0")
    func decides() {
        let read = NumberReading(probabilities: probabilities(["00": 0.7, "0": 0.2]))
        #expect(read.decision == .number)
        #expect(read.number == "00")
        #expect(read.candidates.map(\.number).prefix(2) == ["00", "0"])
        #expect(read.candidates.count == 5)
        #expect(abs(read.confidence - 0.7) < 0.01)
        let hidden = NumberReading(probabilities: probabilities(["none": 0.5, "7": 0.4]))
        #expect(hidden.decision == .noNumber)
        #expect(hidden.number == nil)
        #expect(abs(hidden.visibility - 0.5) < 0.01)
        let doubtful = NumberReading(probabilities: probabilities(["7": 0.6]), threshold: 0.9)
        #expect(doubtful.decision == .unsure)
        #expect(doubtful.number == nil)
        #expect(doubtful.candidates.first?.number == "7")
    }

    @Test("crops of one player are surer together, and illegible ones do not count")
    func votes() {
        let crop = probabilities(["23": 0.5, "28": 0.3])
        let hidden = probabilities(["none": 0.9])
        let (together, legible) = NumberVote.combined([crop, hidden, crop, crop])
        #expect(legible == 3)
        let read = NumberReading(probabilities: together)
        #expect(read.number == "23")
        #expect(read.confidence > NumberReading(probabilities: crop).confidence)
        #expect(abs(together.reduce(0, +) - 1) < 1e-12)
        let nothing = NumberVote.combined([hidden, hidden])
        #expect(nothing.legible == 0)
        #expect(NumberReading(probabilities: nothing.probabilities).decision == .noNumber)
        // One crop alone says what it says.
        let alone = NumberVote.combined([crop]).probabilities
        #expect(zip(alone, crop).allSatisfy { abs($0 - $1) < 1e-3 })
    }

    @Test("one crop that is wrong for certain does not outvote three")
    func certainMistake() {
        let right = probabilities(["4": 0.8])
        let wrong = probabilities(["9": 0.999_999])
        let vote = NumberVote.combined([right, right, wrong, right])
        #expect(NumberReading(probabilities: vote.probabilities).number == "4")
    }

    /// Crops whose answers are drawn from known probabilities of their logits.
    private func examples(
        _ count: Int, factor: Double, bias: Double, seed: UInt64
    ) -> [NumberCalibration.Example] {
        var generator = SeededGenerator(seed: seed)
        func uniform() -> Double { Double(generator.next() >> 11) * 0x1p-53 }
        return (0..<count).map { _ in
            var logits = (0...NumberPrompts.numbers.count).map { _ in 6 * uniform() }
            logits[Int(uniform() * 101)] += 12 * uniform()
            var scaled = logits.map { exp(factor * $0) }
            scaled[scaled.count - 1] *= exp(bias)
            var place = uniform() * scaled.reduce(0, +)
            let answer = scaled.firstIndex { weight in
                place -= weight
                return place <= 0
            }
            return .init(logits: logits, answer: answer ?? 0)
        }
    }

    @Test("calibration finds the factor and bias that answers were drawn with, and helps on others")
    func calibrates() {
        let fitted = NumberCalibration(
            fitting: examples(800, factor: 0.5, bias: 3, seed: 1), data: "d", prompts: "p")
        #expect(abs(fitted.factor - 0.5) < 0.06)
        #expect(abs(fitted.bias - 3) < 0.4)
        let others = examples(1500, factor: 0.5, bias: 3, seed: 2)
        func error(_ calibration: NumberCalibration?) -> Double {
            NumberScore(
                others.map {
                    .init(
                        probabilities: NumberCalibration.probabilities(of: $0.logits, calibration),
                        answer: $0.answer)
                }
            ).calibrationError
        }
        #expect(error(nil) > 0.2)
        #expect(error(fitted) < 0.05)
    }

    @Test("a threshold keeps its precision, and what cannot be reached is nil")
    func thresholds() {
        let fitted = NumberCalibration(
            fitting: examples(800, factor: 0.5, bias: 0, seed: 3), data: "d", prompts: "p")
        #expect(fitted.points.count <= 64 && fitted.points.count > 10)
        #expect(fitted.points.map(\.confidence) == fitted.points.map(\.confidence).sorted(by: >))
        let threshold = fitted.threshold(forPrecision: 0.8)
        #expect(threshold != nil)
        if let threshold {
            let outcomes = examples(1500, factor: 0.5, bias: 0, seed: 4).map {
                NumberScore.Outcome(
                    probabilities: fitted.probabilities(of: $0.logits), answer: $0.answer)
            }
            let answered = outcomes.map {
                (NumberReading(probabilities: $0.probabilities, threshold: threshold), $0.answer)
            }.filter { $0.0.number != nil }
            let right = answered.count {
                $0.1 < 101 && NumberPrompts.numbers[$0.1] == $0.0.number
            }
            #expect(answered.count > 30)
            #expect(Double(right) / Double(answered.count) > 0.7)
        }
        #expect(fitted.threshold(forPrecision: 1.01) == nil)
    }

    @Test("few crops, all read right, still give a finite calibration")
    func separable() {
        var logits = [Double](repeating: 0, count: 102)
        logits[5] = 20
        let fitted = NumberCalibration(
            fitting: [.init(logits: logits, answer: 5)], data: "d", prompts: "p")
        #expect(fitted.factor.isFinite && fitted.bias.isFinite && fitted.factor > 0)
    }

    @Test("a score counts what is read, what is missed, and what is read where nothing is")
    func scores() {
        let none = NumberPrompts.numbers.count
        let score = NumberScore([
            .init(probabilities: probabilities(["7": 0.9]), answer: 7),
            .init(probabilities: probabilities(["8": 0.4]), answer: 7),
            .init(probabilities: probabilities(["9": 0.3, "none": 0.6]), answer: 9),
            .init(probabilities: probabilities(["9": 0.8]), answer: none),
            .init(probabilities: probabilities(["none": 0.8]), answer: none),
        ])
        #expect(score.visible == 3)
        #expect(score.right == 2)
        #expect(score.falseReads == 1)
        let surest = score.right(ofSurest: 1 / 3)
        #expect(surest.right == 1 && surest.answered == 1)
        #expect(score.points(atMost: 10).map(\.precision) == [1, 0.5, 1.0 / 3])
        #expect(score.points(atMost: 10).last?.answered == 0.6)
    }
}
