// How well numbers are read, on crops whose number is known.
//
// SPDX-License-Identifier: MIT

/// What was read on crops with known numbers, and how right it was.
public struct NumberScore: Sendable {
    /// One crop.
    public struct Outcome: Sendable {
        /// Of the numbers, and of no number; sum 1.
        public let probabilities: [Double]
        /// Place of the right answer.
        public let answer: Int

        /// A crop's probabilities and its right answer.
        public init(probabilities: [Double], answer: Int) {
            self.probabilities = probabilities
            self.answer = answer
        }

        /// Place of "no number".
        var none: Int { probabilities.count - 1 }
        /// Whether a number can be seen.
        var isVisible: Bool { answer != none }
        /// Place and probability of the likeliest number.
        var best: (place: Int, probability: Double) {
            var best = (place: 0, probability: probabilities[0])
            for place in 1..<none where probabilities[place] > best.probability {
                best = (place, probabilities[place])
            }
            return best
        }
        /// Whether a number is likelier than none.
        var isAnswered: Bool { best.probability > probabilities[none] }
    }

    /// The crops.
    public let outcomes: [Outcome]

    /// A score of crops.
    public init(_ outcomes: [Outcome]) {
        self.outcomes = outcomes
    }

    /// Crops with a number to be seen.
    public var visible: Int { outcomes.count(where: \.isVisible) }

    /// Crops with a number whose likeliest number is the right one, whether or not "no number" is
    /// likelier still.
    public var right: Int { outcomes.count { $0.isVisible && $0.best.place == $0.answer } }

    /// Crops without a number on which one was read.
    public var falseReads: Int { outcomes.count { !$0.isVisible && $0.isAnswered } }

    /// Among the crops with a number, the share that is read right of those it is surest of.
    ///
    /// - Parameter share: How many are answered, 0...1.
    /// - Returns: Right ones and answered ones.
    public func right(ofSurest share: Double) -> (right: Int, answered: Int) {
        let surest = outcomes.filter(\.isVisible)
            .sorted { $0.best.probability > $1.best.probability }
        let answered = Int((share * Double(surest.count)).rounded())
        return (surest.prefix(answered).count { $0.best.place == $0.answer }, answered)
    }

    /// Expected calibration error: how far confidence and correctness of the likeliest answer lie
    /// apart, in the mean over crops, by 15 equally wide steps of confidence (Guo et al., 2017).
    public var calibrationError: Double {
        guard !outcomes.isEmpty else { return 0 }
        var bins = [(confidence: Double, right: Double)](repeating: (0, 0), count: 15)
        for outcome in outcomes {
            let confidence = outcome.probabilities.max() ?? 0
            let bin = min(14, Int(confidence * 15))
            bins[bin].confidence += confidence
            if outcome.probabilities[outcome.answer] == confidence { bins[bin].right += 1 }
        }
        return bins.reduce(0) { $0 + abs($1.confidence - $1.right) } / Double(outcomes.count)
    }

    /// How precise answers are, from the highest confidence down.
    ///
    /// - Parameter count: The most points.
    /// - Returns: Points at equally many answers; only crops on which a number is read count as
    ///   answered, and on a crop without a number every answer is wrong.
    public func points(atMost count: Int) -> [NumberCalibration.Point] {
        let answers = outcomes.filter(\.isAnswered)
            .sorted { $0.best.probability > $1.best.probability }
        var points: [NumberCalibration.Point] = []
        var right = 0
        for (index, answer) in answers.enumerated() {
            if answer.best.place == answer.answer { right += 1 }
            let done = index + 1
            // A point every so often, and one at the end.
            guard done * count / answers.count > index * count / answers.count else { continue }
            points.append(
                .init(
                    confidence: answer.best.probability,
                    answered: Double(done) / Double(outcomes.count),
                    precision: Double(right) / Double(done)))
        }
        return points
    }
}
