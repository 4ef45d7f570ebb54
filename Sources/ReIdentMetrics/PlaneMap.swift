// Embeddings on a plane: neighbours stay neighbours, distances further away mean little.
// Van der Maaten and Hinton, Visualizing Data using t-SNE, 2008.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

/// t-SNE of unit embeddings, for looking at.
public struct PlaneMap: Sendable {
    /// The most points that are placed: time and memory grow with their square.
    public static let mostPoints = 800

    /// A place for each embedding, around (0, 0).
    public let points: [(x: Double, y: Double)]

    /// Places embeddings.
    ///
    /// - Parameters:
    ///   - embeddings: `[N, D]`, unit length, at most `mostPoints`.
    ///   - perplexity: About how many neighbours each point keeps.
    ///   - seed: Decides the start.
    /// - Throws: `MetricsError`: `parameter` for too many points, `cancelled`.
    public init(
        _ embeddings: EmbeddingMatrix, perplexity: Double = 20, seed: UInt64 = 1
    ) throws(MetricsError) {
        let count = embeddings.count
        guard count <= Self.mostPoints else {
            throw .parameter(
                name: "The number of points of a map", found: "\(count)",
                expected: "at most \(Self.mostPoints)")
        }
        var generator = SeededGenerator(seed: seed, stream: 0x75E)
        var places = (0..<2 * count).map { _ in 1e-4 * (generator.uniform() - 0.5) }
        guard count > 2 else {
            points = (0..<count).map { (places[2 * $0], places[2 * $0 + 1]) }
            return
        }
        let affinities = try Self.affinities(
            embeddings, perplexity: min(perplexity, Double(count - 1) / 3))
        var velocity = [Double](repeating: 0, count: 2 * count)
        var gains = [Double](repeating: 1, count: 2 * count)
        let rounds = 500
        for round in 0..<rounds {
            try checkCancellation()
            // Clusters form while attraction is exaggerated, and settle afterwards.
            let exaggeration = round < 120 ? 12.0 : 1.0
            let slopes = Self.slopes(places, affinities, exaggeration: exaggeration)
            let momentum = round < 120 ? 0.5 : 0.8
            for index in places.indices {
                let isTurning = (slopes[index] > 0) != (velocity[index] > 0)
                gains[index] = max(0.01, isTurning ? gains[index] + 0.2 : gains[index] * 0.8)
                velocity[index] =
                    momentum * velocity[index]
                    - max(Double(count) / 12, 50) * gains[index] * slopes[index]
                places[index] += velocity[index]
            }
            for axis in 0..<2 {
                let mean =
                    stride(from: axis, to: 2 * count, by: 2).reduce(0) { $0 + places[$1] }
                    / Double(count)
                for index in stride(from: axis, to: 2 * count, by: 2) { places[index] -= mean }
            }
        }
        points = (0..<count).map { (places[2 * $0], places[2 * $0 + 1]) }
    }

    /// How near points are, as probabilities of each pair: symmetric, sum 1, `[N, N]`.
    private static func affinities(
        _ embeddings: EmbeddingMatrix, perplexity: Double
    ) throws(MetricsError) -> [Double] {
        let count = embeddings.count
        let distances = try EmbeddingDistances(queries: embeddings, gallery: embeddings)
        var squares = [Float](repeating: 0, count: count * count)
        for start in stride(from: 0, to: count, by: distances.rowsPerBlock) {
            let rows = start..<min(start + distances.rowsPerBlock, count)
            try distances.withRows(rows) { (values) throws(MetricsError) in
                for (offset, value) in values.enumerated() {
                    squares[start * count + offset] = max(0, value)
                }
            }
        }
        let wanted = log(perplexity)
        let rows = parallelMap(count: count) { [squares] row in
            let own = squares[row * count..<(row + 1) * count]
            var (precision, low, high) = (1.0, 0.0, Double.infinity)
            var weights = [Double](repeating: 0, count: count)
            for _ in 0..<50 {
                var (sum, weighted) = (0.0, 0.0)
                for (column, square) in own.enumerated() where column != row {
                    weights[column] = exp(-precision * Double(square))
                    sum += weights[column]
                    weighted += weights[column] * Double(square)
                }
                guard sum > 0 else {
                    high = precision
                    precision = (low + high) / 2
                    continue
                }
                let entropy = log(sum) + precision * weighted / sum
                if abs(entropy - wanted) < 1e-5 { break }
                if entropy > wanted {
                    low = precision
                    precision = high.isFinite ? (low + high) / 2 : precision * 2
                } else {
                    high = precision
                    precision = (low + high) / 2
                }
            }
            let sum = max(weights.reduce(0, +), 1e-300)
            return weights.map { $0 / sum }
        }
        var result = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0..<count {
                let mean = (rows[row][column] + rows[column][row]) / Double(2 * count)
                result[row * count + column] = max(mean, 1e-12)
            }
        }
        return result
    }

    /// Slopes of the Kullback-Leibler divergence, by point and axis.
    private static func slopes(
        _ places: [Double], _ affinities: [Double], exaggeration: Double
    ) -> [Double] {
        let count = places.count / 2
        let sums = parallelMap(count: count) { row in
            var sum = 0.0
            for column in 0..<count where column != row {
                let (x, y) = (
                    places[2 * row] - places[2 * column],
                    places[2 * row + 1] - places[2 * column + 1]
                )
                sum += 1 / (1 + x * x + y * y)
            }
            return sum
        }
        let total = max(sums.reduce(0, +), 1e-300)
        let slopes = parallelMap(count: count) { row in
            var (slopeX, slopeY) = (0.0, 0.0)
            for column in 0..<count where column != row {
                let (x, y) = (
                    places[2 * row] - places[2 * column],
                    places[2 * row + 1] - places[2 * column + 1]
                )
                let nearness = 1 / (1 + x * x + y * y)
                let pull =
                    (exaggeration * affinities[row * count + column] - nearness / total)
                    * nearness
                slopeX += 4 * pull * x
                slopeY += 4 * pull * y
            }
            return (slopeX, slopeY)
        }
        return slopes.flatMap { [$0.0, $0.1] }
    }
}
