// Whether something is in a picture, told from the mean of an encoder's own tokens: a logistic
// regression, which costs nothing beside the encoder.
//
// Alain and Bengio, Understanding intermediate layers using linear classifier probes, 2016.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

/// A probe of one layer's tokens.
public struct TokenProbe: Sendable, Equatable, Codable {
    /// The layer whose tokens are looked at, from 0.
    public var layer: Int
    /// The crops it was learned from, and how many of them show the thing.
    public let crops: Int
    /// How many of them show the thing.
    public let positives: Int
    /// Area under the ROC curve on players left out of the fit, 0.5 (nothing) to 1 (all right).
    public let area: Double
    /// What decides the tokens: the model's fingerprint.
    public let model: String
    private let bias: Float
    private let scale: Float
    private let weights: CompactVector

    enum CodingKeys: String, CodingKey {
        case layer, crops, positives, bias, scale, weights, model
        case area = "auc"
    }

    /// Pictures of players whose truth is known.
    public struct Examples: Sendable {
        /// For each layer, one at least, the mean token of every picture, `[N, D]`.
        public let layers: [EmbeddingMatrix]
        /// Whether each picture shows the thing; count N.
        public let labels: [Bool]
        /// The player of each, so that none is in what is learned from and measured on.
        public let players: [String]

        /// Joins what is known.
        public init(layers: [EmbeddingMatrix], labels: [Bool], players: [String]) {
            precondition(labels.count == players.count, "labels and players differ in number")
            (self.layers, self.labels, self.players) = (layers, labels, players)
        }
    }

    /// The fewest pictures with and without the thing that something is learned from.
    public static let fewest = 20

    /// Learns from examples; the layer is the one that is best on players left out.
    ///
    /// - Parameters:
    ///   - examples: At least `fewest` of either kind.
    ///   - model: The fingerprint of what made the tokens.
    ///   - seed: Decides which players are left out together.
    /// - Throws: `MetricsError`: `tooFewExamples`, `cancelled`.
    public init(fitting examples: Examples, model: String, seed: UInt64) throws(MetricsError) {
        let positives = examples.labels.count(where: \.self)
        let least = min(positives, examples.labels.count - positives)
        guard least >= Self.fewest else {
            throw .tooFewExamples(
                positive: positives, negative: examples.labels.count - positives,
                least: Self.fewest)
        }
        let folds = Self.folds(of: examples.players, seed: seed)
        var best: (layer: Int, area: Double)?
        for (layer, tokens) in examples.layers.enumerated() {
            var scores = [Double](repeating: 0, count: examples.labels.count)
            for fold in 0..<Self.foldCount {
                try checkCancellation()
                let known = folds.indices.filter { folds[$0] != fold }
                let fit = try LogisticFit(tokens, rows: known, labels: examples.labels)
                for row in folds.indices where folds[row] == fold {
                    scores[row] = Double(try fit.logit(tokens, row: row))
                }
            }
            let area = Self.area(scores, examples.labels)
            if best.map({ area > $0.area }) ?? true { best = (layer, area) }
        }
        guard let best else { preconditionFailure("tokens of at least one layer") }
        let tokens = examples.layers[best.layer]
        let fit = try LogisticFit(
            tokens, rows: Array(examples.labels.indices), labels: examples.labels)
        layer = best.layer
        area = best.area
        crops = examples.labels.count
        self.positives = positives
        self.model = model
        bias = fit.bias
        let largest = fit.weights.reduce(Float.leastNormalMagnitude) { max($0, abs($1)) }
        scale = largest
        weights = CompactVector(fit.weights.map { $0 / largest })
    }

    /// How probable it is that pictures show the thing, if it is as frequent as it was in the
    /// examples.
    ///
    /// - Parameter tokens: Mean tokens of the probe's layer, `[N, D]`.
    /// - Returns: Count N; nil if they are of another size.
    /// - Throws: `MetricsError` if they cannot be read.
    public func probabilities(_ tokens: EmbeddingMatrix) throws(MetricsError) -> [Double]? {
        guard tokens.dimension == weights.values.count else { return nil }
        let fit = LogisticFit(weights: weights.values.map { $0 * scale }, bias: bias)
        var result: [Double] = []
        for row in 0..<tokens.count {
            result.append(1 / (1 + exp(-Double(try fit.logit(tokens, row: row)))))
        }
        return result
    }

    private static let foldCount = 5

    /// Each picture's fold, the same for all of a player.
    private static func folds(of players: [String], seed: UInt64) -> [Int] {
        var generator = SeededGenerator(seed: seed, stream: 0xF01D)
        let names = Set(players).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let order = generator.shuffled(names).enumerated().map { ($1, $0 % foldCount) }
        let fold = Dictionary(uniqueKeysWithValues: order)
        return players.map { fold[$0] ?? 0 }
    }

    /// The probability that a picture with the thing scores above one without; ties count half.
    ///
    /// - Parameters:
    ///   - scores: The higher, the likelier.
    ///   - labels: Whether each shows the thing; both kinds occur.
    /// - Returns: 0 to 1; 0.5 where one kind is missing.
    public static func area(_ scores: [Double], _ labels: [Bool]) -> Double {
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        let positives = labels.count(where: \.self)
        let negatives = labels.count - positives
        guard positives > 0, negatives > 0 else { return 0.5 }
        var (start, ranks) = (0, 0.0)
        while start < order.count {
            var end = start
            while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
            let rank = Double(start + end + 1) / 2  // the mean of the ranks start + 1 ... end
            for place in order[start..<end] where labels[place] { ranks += rank }
            start = end
        }
        let least = Double(positives) * Double(positives + 1) / 2
        return (ranks - least) / (Double(positives) * Double(negatives))
    }
}
