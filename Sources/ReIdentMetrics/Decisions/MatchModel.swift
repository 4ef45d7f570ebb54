// From a similarity to the probability that two crops show one player: fitted log likelihood
// ratios, to which a prior is added.
//
// Brümmer and du Preez, Application-independent evaluation of speaker detection, 2006; Zadrozny
// and Elkan, Transforming classifier scores into accurate multiclass probability estimates, 2002.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A growing function from similarities to log likelihood ratios.
public enum MatchModel: Sendable, Equatable {
    /// A straight line.
    case logistic(slope: Double, offset: Double)
    /// Straight lines between points of growing similarity; level beyond the first and last.
    case isotonic(similarities: [Double], logRatios: [Double])

    /// How much likelier a similarity is between crops of one player than of two: the natural
    /// logarithm of the ratio.
    public func logRatio(of similarity: Double) -> Double {
        switch self {
        case .logistic(let slope, let offset): return slope * similarity + offset
        case .isotonic(let similarities, let logRatios):
            guard let last = similarities.indices.last else { return 0 }
            if similarity <= similarities[0] { return logRatios[0] }
            if similarity >= similarities[last] { return logRatios[last] }
            var (low, high) = (0, last)
            while high - low > 1 {
                let middle = (low + high) / 2
                if similarities[middle] <= similarity { low = middle } else { high = middle }
            }
            let share = (similarity - similarities[low]) / (similarities[high] - similarities[low])
            return logRatios[low] + share * (logRatios[high] - logRatios[low])
        }
    }

    /// The probability that two crops show the same player.
    ///
    /// - Parameters:
    ///   - similarity: The cosine of their embeddings.
    ///   - prior: How probable that was before anything was seen, between 0 and 1.
    /// - Returns: Between 0 and 1.
    public func probability(of similarity: Double, prior: Double) -> Double {
        Self.probability(ofLogRatio: logRatio(of: similarity), prior: prior)
    }

    /// The probability by Bayes' rule; a half where a damaged package makes it no number.
    static func probability(ofLogRatio ratio: Double, prior: Double) -> Double {
        let result = 1 / (1 + exp(-ratio - log(prior / (1 - prior))))
        return result.isNaN ? 0.5 : result
    }
}

extension MatchModel: Codable {
    private enum CodingKeys: String, CodingKey {
        case slope, offset, similarities
        case logRatios = "log_ratios"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard let slope = try container.decodeIfPresent(Double.self, forKey: .slope) else {
            let similarities = try container.decode([Double].self, forKey: .similarities)
            let ratios = try container.decode([Double].self, forKey: .logRatios)
            let grows = zip(similarities, similarities.dropFirst()).allSatisfy { $0 < $1 }
            guard similarities.count == ratios.count, grows else {
                throw DecodingError.dataCorruptedError(
                    forKey: .similarities, in: container,
                    debugDescription: "growing similarities and a log ratio for each are needed")
            }
            self = .isotonic(similarities: similarities, logRatios: ratios)
            return
        }
        self = .logistic(
            slope: slope, offset: try container.decode(Double.self, forKey: .offset))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .logistic(let slope, let offset):
            try container.encode(slope, forKey: .slope)
            try container.encode(offset, forKey: .offset)
        case .isotonic(let similarities, let ratios):
            try container.encode(similarities, forKey: .similarities)
            try container.encode(ratios, forKey: .logRatios)
        }
    }
}

extension MatchModel {
    /// The straight line that makes the pairs likeliest, both kinds weighted alike.
    ///
    /// Newton's method on a convex loss; a small pull towards a slope of 0 keeps pairs that can be
    /// told apart without error from an infinite one.
    static func logistic(fitting pairs: SimilarityHistogram) -> MatchModel {
        // Around the middle and in units of the spread, so that one pull fits every model.
        let (center, spread) = pairs.centerAndSpread
        let pull = 1e-4
        var (slope, offset) = (0.0, 0.0)
        for _ in 0..<60 {
            var (s, o, ss, so, oo) = (pull * slope, 0.0, pull, 0.0, 1e-12)
            pairs.forEach { similarity, genuine, impostor in
                let x = (similarity - center) / spread
                let p = 1 / (1 + exp(-slope * x - offset))
                let error = impostor * p - genuine * (1 - p)
                let curve = (genuine + impostor) * p * (1 - p)
                s += error * x
                o += error
                ss += curve * x * x
                so += curve * x
                oo += curve
            }
            let determinant = ss * oo - so * so
            guard determinant > 0 else { break }
            let step = ((oo * s - so * o) / determinant, (ss * o - so * s) / determinant)
            // A step of Newton's may overshoot where the curve is flat.
            let size = max(1, max(abs(step.0), abs(step.1)) / 4)
            slope -= step.0 / size
            offset -= step.1 / size
            if abs(step.0) + abs(step.1) < 1e-10 { break }
        }
        return .logistic(slope: slope / spread, offset: offset - slope * center / spread)
    }

    /// The growing steps that make the pairs likeliest, both kinds weighted alike, joined by lines.
    ///
    /// Neighbours that do not grow are pooled (Ayer et al., 1955). Half a pair of each kind is
    /// added to each step, so that no ratio is infinite.
    static func isotonic(fitting pairs: SimilarityHistogram) -> MatchModel {
        struct Step {
            var similarity: Double
            var genuine: Double
            var impostor: Double
            var weight: Double { genuine + impostor }
            var share: Double { genuine / weight }
        }
        var steps: [Step] = []
        pairs.forEach { similarity, genuine, impostor in
            guard genuine + impostor > 0 else { return }
            steps.append(Step(similarity: similarity, genuine: genuine, impostor: impostor))
            while steps.count > 1, steps[steps.count - 2].share >= steps[steps.count - 1].share {
                let last = steps.removeLast()
                var pooled = steps.removeLast()
                pooled.similarity =
                    (pooled.similarity * pooled.weight + last.similarity * last.weight)
                    / (pooled.weight + last.weight)
                pooled.genuine += last.genuine
                pooled.impostor += last.impostor
                steps.append(pooled)
            }
        }
        let (genuineUnit, impostorUnit) = (0.5 / pairs.genuineCount, 0.5 / pairs.impostorCount)
        var ratios = steps.map { step in
            log((step.genuine + genuineUnit) / (step.impostor + impostorUnit))
        }
        // What was added may bend single steps down.
        for place in ratios.indices.dropFirst() {
            ratios[place] = max(ratios[place], ratios[place - 1])
        }
        return .isotonic(similarities: steps.map(\.similarity), logRatios: ratios)
    }
}
