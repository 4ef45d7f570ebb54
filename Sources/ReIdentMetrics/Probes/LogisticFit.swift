// Logistic regression with a penalty on large weights, by accelerated gradient descent.
//
// Nesterov, A method for solving the convex programming problem with convergence rate O(1/k²),
// 1983.
//
// SPDX-License-Identifier: MIT

import Foundation

/// Weights of a logistic regression on rows of a matrix.
struct LogisticFit {
    let weights: [Float]
    let bias: Float

    init(weights: [Float], bias: Float) { (self.weights, self.bias) = (weights, bias) }

    /// What half the squared weights are multiplied by, for inputs of deviation 1.
    private static let penalty: Float = 0.05
    private static let rounds = 150

    /// Fits to some rows.
    init(
        _ inputs: EmbeddingMatrix, rows: [Int], labels: [Bool]
    ) throws(MetricsError) {
        let width = inputs.dimension
        let count = rows.count
        // Inputs are brought to mean 0 and deviation 1, so that the penalty treats all alike.
        var (mean, deviation) = (
            [Float](repeating: 0, count: width), [Float](repeating: 0, count: width)
        )
        var table = [Float](repeating: 0, count: count * width)
        try inputs.withValues { (values) throws(MetricsError) in
            for (place, row) in rows.enumerated() {
                for column in 0..<width {
                    table[place * width + column] = values[row * width + column]
                    mean[column] += values[row * width + column] / Float(count)
                }
            }
        }
        for place in 0..<count {
            for column in 0..<width {
                let difference = table[place * width + column] - mean[column]
                table[place * width + column] = difference
                deviation[column] += difference * difference / Float(count)
            }
        }
        deviation = deviation.map { max($0.squareRoot(), 1e-6) }
        for place in 0..<count {
            for column in 0..<width { table[place * width + column] /= deviation[column] }
        }
        let wanted = rows.map { labels[$0] ? Float(1) : 0 }
        let step = 1 / (0.25 * (Self.largestEigenvalue(table, width: width) + 1) + Self.penalty)

        var (weights, ahead) = (
            [Float](repeating: 0, count: width), [Float](repeating: 0, count: width)
        )
        var (bias, biasAhead, pace) = (Float(0), Float(0), Float(1))
        for round in 0..<Self.rounds {
            if round % 20 == 0 { try checkCancellation() }
            var slopes = ahead.map { $0 * Self.penalty }
            var biasSlope: Float = 0
            Self.visit(table, width: width) { place, row in
                let logit = ahead.withUnsafeBufferPointer { dotProduct(row, $0) } + biasAhead
                let error = (1 / (1 + exp(-logit)) - wanted[place]) / Float(count)
                biasSlope += error
                addMultiple(error, of: row, to: &slopes)
            }
            let nextPace = (1 + (1 + 4 * pace * pace).squareRoot()) / 2
            let push = (pace - 1) / nextPace
            for column in 0..<width {
                let next = ahead[column] - step * slopes[column]
                ahead[column] = next + push * (next - weights[column])
                weights[column] = next
            }
            let nextBias = biasAhead - step * biasSlope
            biasAhead = nextBias + push * (nextBias - bias)
            (bias, pace) = (nextBias, nextPace)
        }
        let own = zip(weights, deviation).map { $0 / $1 }
        self.weights = own
        self.bias = bias - zip(own, mean).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// The log odds of a row.
    func logit(_ inputs: EmbeddingMatrix, row: Int) throws(MetricsError) -> Float {
        let width = inputs.dimension
        return try inputs.withValues { (values) throws(MetricsError) in
            weights.withUnsafeBufferPointer {
                dotProduct(
                    UnsafeBufferPointer(rebasing: values[row * width..<(row + 1) * width]), $0)
            } + bias
        }
    }

    /// The largest eigenvalue of the inputs' covariance, by power iteration.
    private static func largestEigenvalue(_ table: [Float], width: Int) -> Float {
        var vector = [Float](repeating: 1 / Float(width).squareRoot(), count: width)
        var value: Float = 1
        for _ in 0..<15 {
            var next = [Float](repeating: 0, count: width)
            visit(table, width: width) { _, row in
                let amount = vector.withUnsafeBufferPointer { dotProduct(row, $0) }
                addMultiple(amount, of: row, to: &next)
            }
            let length = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 0 else { return 1 }
            value = length / Float(max(1, table.count / width))
            vector = next.map { $0 / length }
        }
        return value * 1.1  // not quite there after so few steps
    }

    private static func visit(
        _ table: [Float], width: Int, _ body: (Int, UnsafeBufferPointer<Float>) -> Void
    ) {
        table.withUnsafeBufferPointer { table in
            for (place, start) in stride(from: 0, to: table.count, by: width).enumerated() {
                body(place, UnsafeBufferPointer(rebasing: table[start..<start + width]))
            }
        }
    }
}
