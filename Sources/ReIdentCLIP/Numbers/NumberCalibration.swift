// Making the probabilities of number reading true: a factor for all logits and a bias for "no
// number", fitted on crops with known numbers, and how precise answers are from some confidence on.
//
// After Guo et al., On Calibration of Modern Neural Networks, 2017 (temperature scaling). "No
// number" has few sentences and is another kind of answer than the numbers, so it has a bias of its
// own.
//
// SPDX-License-Identifier: MIT

import Foundation

/// What number reading learned from crops with known numbers.
public struct NumberCalibration: Sendable, Equatable, Codable {
    /// From some confidence on: how many crops are answered, and how many answers are right.
    public struct Point: Sendable, Equatable, Codable {
        /// The lowest confidence of the answers that count here.
        public let confidence: Double
        /// Answers with at least this confidence, as a share of all crops.
        public let answered: Double
        /// Right ones among them, 0...1.
        public let precision: Double
    }

    /// What logits are multiplied by.
    public let factor: Double
    /// What is added to the logit of no number, after the factor.
    public let bias: Double
    /// From high to low confidence.
    public let points: [Point]
    /// How many crops it was fitted on.
    public let crops: Int
    /// SHA-256 of the crops' paths and numbers.
    public let data: String
    /// SHA-256 of the sentences it holds for.
    public let prompts: String

    /// What leaves probabilities as CLIP gives them.
    static let identity = NumberCalibration(
        factor: 1, bias: 0, points: [], crops: 0, data: "", prompts: "")

    /// Probabilities of logits.
    ///
    /// - Parameter logits: Of the numbers, and of no number.
    /// - Returns: As many; sum 1.
    public func probabilities(of logits: [Double]) -> [Double] {
        var scaled = logits.map { $0 * factor }
        scaled[scaled.count - 1] += bias
        let largest = scaled.max() ?? 0
        let weights = scaled.map { exp($0 - largest) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// Probabilities of logits, as CLIP gives them where nothing was calibrated.
    public static func probabilities(
        of logits: [Double], _ calibration: NumberCalibration?
    ) -> [Double] {
        (calibration ?? .identity).probabilities(of: logits)
    }

    /// The lowest confidence from which on answers are as precise as is wished.
    ///
    /// - Parameter precision: Right answers among all, 0...1.
    /// - Returns: nil where no confidence is high enough for it.
    public func threshold(forPrecision precision: Double) -> Double? {
        points.last { $0.precision >= precision }?.confidence
    }

    /// The best precision there is, with the fewest answers.
    public var bestPrecision: Double { points.map(\.precision).max() ?? 0 }
}

extension NumberCalibration {
    /// One crop to learn from.
    public struct Example: Sendable {
        /// Of the numbers, and of no number.
        public let logits: [Double]
        /// Place of the right answer among them.
        public let answer: Int

        /// A crop and its right answer.
        public init(logits: [Double], answer: Int) {
            precondition(logits.indices.contains(answer), "an answer that is none")
            self.logits = logits
            self.answer = answer
        }
    }

    /// Fits factor and bias: the likeliest under the examples, by Newton's method.
    ///
    /// - Parameters:
    ///   - examples: At least one. The loss is convex in both, so there is one best pair; a small
    ///     pull towards factor 1 and bias 0 keeps them finite where examples are few or all right.
    ///   - data: A digest of where they come from.
    ///   - prompts: A digest of the sentences.
    public init(fitting examples: [Example], data: String, prompts: String) {
        precondition(!examples.isEmpty, "nothing to fit to")
        var (factor, bias) = (1.0, 0.0)
        let pull = 1e-3
        func loss(_ factor: Double, _ bias: Double) -> Double {
            let candidate = NumberCalibration(
                factor: factor, bias: bias, points: [], crops: 0, data: "", prompts: "")
            let sum = examples.reduce(0) {
                $0 - log(max(candidate.probabilities(of: $1.logits)[$1.answer], 1e-300))
            }
            return sum / Double(examples.count)
                + pull * ((factor - 1) * (factor - 1) + bias * bias) / 2
        }
        var best = loss(factor, bias)
        for _ in 0..<100 {
            let slope = Self.slope(examples, factor: factor, bias: bias, pull: pull)
            let determinant = slope.ff * slope.bb - slope.fb * slope.fb
            let step = (
                (slope.bb * slope.f - slope.fb * slope.b) / determinant,
                (slope.ff * slope.b - slope.fb * slope.f) / determinant
            )
            var length = 1.0
            var isBetter = false
            while length > 1e-6, !isBetter {
                let (f, b) = (factor - length * step.0, bias - length * step.1)
                let value = f > 0 ? loss(f, b) : .infinity
                if value < best {
                    (factor, bias, isBetter) = (f, b, true)
                    best = value
                } else {
                    length /= 2
                }
            }
            guard isBetter, abs(step.0) + abs(step.1) > 1e-9 else { break }
        }
        let fitted = NumberCalibration(
            factor: factor, bias: bias, points: [], crops: 0, data: "", prompts: "")
        let outcomes = examples.map { example in
            NumberScore.Outcome(
                probabilities: fitted.probabilities(of: example.logits), answer: example.answer)
        }
        self.init(
            factor: factor, bias: bias, points: NumberScore(outcomes).points(atMost: 64),
            crops: examples.count, data: data, prompts: prompts)
    }

    /// First and second derivatives of the mean loss.
    private static func slope(
        _ examples: [Example], factor: Double, bias: Double, pull: Double
    ) -> (f: Double, b: Double, ff: Double, fb: Double, bb: Double) {
        let current = NumberCalibration(
            factor: factor, bias: bias, points: [], crops: 0, data: "", prompts: "")
        var (f, b, ff, fb, bb) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for example in examples {
            let p = current.probabilities(of: example.logits)
            let none = p.count - 1
            let mean = zip(p, example.logits).reduce(0) { $0 + $1.0 * $1.1 }
            let square = zip(p, example.logits).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
            f += mean - example.logits[example.answer]
            b += p[none] - (example.answer == none ? 1 : 0)
            ff += square - mean * mean
            fb += p[none] * (example.logits[none] - mean)
            bb += p[none] * (1 - p[none])
        }
        let count = Double(examples.count)
        return (
            f / count + pull * (factor - 1), b / count + pull * bias, ff / count + pull,
            fb / count, bb / count + pull
        )
    }
}
