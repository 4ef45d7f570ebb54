// What was read from one crop, or from several of one player.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A shirt number that was read, or why none was.
public struct NumberReading: Sendable, Equatable {
    /// What became of the reading.
    public enum Decision: String, Sendable, Codable {
        /// A number was read.
        case number
        /// No number is to be seen.
        case noNumber = "no number"
        /// A number is likelier than none, but not as sure as was asked for.
        case unsure
    }

    /// A number and how likely it is.
    public struct Candidate: Sendable, Equatable, Codable {
        /// The number as written on the shirt.
        public let number: String
        /// Its probability, 0...1.
        public let probability: Double
    }

    /// What became of it.
    public let decision: Decision
    /// The number, where one was read.
    public let number: String?
    /// How likely the answer is: of the likeliest number, also where that is not sure enough; of no
    /// number, where none is to be seen.
    public let confidence: Double
    /// How likely it is that a number can be seen at all.
    public let visibility: Double
    /// The likeliest numbers, the best first.
    public let candidates: [Candidate]

    /// Decides.
    ///
    /// - Parameters:
    ///   - probabilities: Of `NumberPrompts.numbers` in their order, and of no number; sum 1.
    ///   - threshold: How likely a number has to be.
    ///   - count: How many candidates are listed.
    public init(probabilities: [Double], threshold: Double = 0, candidates count: Int = 5) {
        let numbers = NumberPrompts.numbers
        precondition(probabilities.count == numbers.count + 1, "a probability for each answer")
        let none = probabilities[numbers.count]
        // Equal ones stay in the order of the numbers.
        let order = numbers.indices.sorted {
            (probabilities[$0], $1) > (probabilities[$1], $0)
        }
        let best = order[0]
        visibility = 1 - none
        candidates = order.prefix(count).map {
            Candidate(number: numbers[$0], probability: probabilities[$0])
        }
        if none >= probabilities[best] {
            (decision, number, confidence) = (.noNumber, nil, none)
        } else if probabilities[best] < threshold {
            (decision, number, confidence) = (.unsure, nil, probabilities[best])
        } else {
            (decision, number, confidence) = (.number, numbers[best], probabilities[best])
        }
    }
}

/// Several crops of one player as one.
public enum NumberVote {
    /// What crops of one player say together.
    ///
    /// Crops on which no number is likelier than any number are left out. The others' probabilities
    /// are multiplied, each to the power 1/√n: crops of one player come from the same shirt under
    /// the same light and repeat each other's mistakes, so n of them count as √n.
    ///
    /// - Parameter crops: At least one; each the probabilities of all answers.
    /// - Returns: The probabilities of all answers together, and how many crops were legible; where
    ///   none is, the mean of all.
    public static func combined(_ crops: [[Double]]) -> (probabilities: [Double], legible: Int) {
        precondition(!crops.isEmpty, "a vote needs a crop")
        let width = crops[0].count
        let legible = crops.filter { crop in
            crop[width - 1] < crop.dropLast().max() ?? 0
        }
        guard !legible.isEmpty else {
            let mean = (0..<width).map { answer in
                crops.reduce(0) { $0 + $1[answer] } / Double(crops.count)
            }
            return (mean, 0)
        }
        let power = 1 / Double(legible.count).squareRoot()
        var logarithms = [Double](repeating: 0, count: width)
        for crop in legible {
            // One crop that is wrong for certain must not outvote all others.
            for answer in 0..<width { logarithms[answer] += log(max(crop[answer], 1e-4)) * power }
        }
        let largest = logarithms.max() ?? 0
        let weights = logarithms.map { exp($0 - largest) }
        let sum = weights.reduce(0, +)
        return (weights.map { $0 / sum }, legible.count)
    }
}
