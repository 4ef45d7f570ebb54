// Deciding on many crops of one player against many of another together.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

/// How evidence grows with the number of crops.
///
/// Pairs of crops from two groups are not independent: their log ratios must not be added. The mean
/// counts n to the power of an exponent instead, 0 where more crops tell nothing new and 1 where
/// each pair did.
enum CropGroups {
    /// Mean similarities of two halves of each player's crops, and how many pairs they are of.
    struct Halves {
        var genuine: [(similarity: Double, pairs: Int)] = []
        var impostor: [(similarity: Double, pairs: Int)] = []
    }

    /// The exponent that makes halves of players' crops likeliest, in steps of a twentieth.
    ///
    /// - Parameters:
    ///   - embeddings: `[N, D]`, unit length.
    ///   - crops: Who is on each.
    ///   - model: Of single pairs.
    ///   - seed: Decides the halves.
    /// - Returns: 0...1; 0 where no two players have four crops.
    /// - Throws: `MetricsError` if the embeddings cannot be read.
    static func exponent(
        _ embeddings: EmbeddingMatrix, _ crops: NumberedCrops, model: MatchModel, seed: UInt64
    ) throws(MetricsError) -> Double {
        let halves = try halves(embeddings, crops, seed: seed)
        guard !halves.genuine.isEmpty, !halves.impostor.isEmpty else { return 0 }
        func cost(_ exponent: Double) -> Double {
            func part(_ pairs: [(similarity: Double, pairs: Int)], _ sign: Double) -> Double {
                pairs.reduce(0) { sum, pair in
                    let ratio = model.logRatio(
                        of: pair.similarity, pairs: pair.pairs, exponent: exponent)
                    return sum + log1p(exp(sign * ratio))
                } / Double(pairs.count)
            }
            return part(halves.genuine, -1) + part(halves.impostor, 1)
        }
        let candidates = (0...20).map { Double($0) / 20 }
        return candidates.map { ($0, cost($0)) }.min { $0.1 < $1.1 }?.0 ?? 0
    }

    private static func halves(
        _ embeddings: EmbeddingMatrix, _ crops: NumberedCrops, seed: UInt64
    ) throws(MetricsError) -> Halves {
        var generator = SeededGenerator(seed: seed, stream: 0x6A1F)
        var groups: [(first: [Int], second: [Int])] = []
        for rows in crops.rowsOfPlayer where rows.count >= 4 {
            let mixed = generator.shuffled(rows)
            groups.append(
                (Array(mixed.prefix(rows.count / 2)), Array(mixed.suffix(rows.count / 2))))
        }
        guard groups.count > 1 else { return Halves() }
        groups = Array(groups.prefix(1_000))
        let dimension = embeddings.dimension
        // The mean of all products of two groups is the product of their means.
        let means = try embeddings.withValues { (values) throws(MetricsError) in
            func mean(_ rows: [Int]) -> [Float] {
                var sum = [Float](repeating: 0, count: dimension)
                for row in rows {
                    for place in 0..<dimension { sum[place] += values[row * dimension + place] }
                }
                return sum.map { $0 / Float(rows.count) }
            }
            return groups.map { (first: mean($0.first), second: mean($0.second)) }
        }
        var result = Halves()
        for first in groups.indices {
            for second in groups.indices {
                let similarity = zip(means[first].first, means[second].second)
                    .reduce(Float(0)) { $0 + $1.0 * $1.1 }
                let pair = (
                    Double(similarity),
                    groups[first].first.count * groups[second].second.count
                )
                if first == second {
                    result.genuine.append(pair)
                } else {
                    result.impostor.append(pair)
                }
            }
        }
        return result
    }
}

extension MatchModel {
    /// How much likelier the mean similarity of all pairs of two groups is if both show one player.
    ///
    /// - Parameters:
    ///   - similarity: The mean over all pairs.
    ///   - pairs: How many there are.
    ///   - exponent: How evidence grows with them, 0...1.
    /// - Returns: The natural logarithm of the ratio.
    func logRatio(of similarity: Double, pairs: Int, exponent: Double) -> Double {
        pow(Double(pairs), exponent) * logRatio(of: similarity)
    }
}
