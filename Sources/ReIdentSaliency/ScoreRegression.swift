// What channels would score that were not computed, from those that were: a similarity changes
// smoothly with the mask.
// Kernel ridge regression, its kernel and its ridge chosen by the errors of leaving one out, which
// have a closed form (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006).
//
// SPDX-License-Identifier: MIT

import Foundation

/// Scores of masks, learned from the scores of some of them.
struct ScoreRegression {
    /// How alike two masks are.
    private enum Kernel {
        /// Their product, both less the mean mask.
        case linear
        /// exp(-distance² / (2 · width²)), the width in median distances.
        case smooth(width: Double)
    }

    private static let kernels: [Kernel] =
        [0.5, 1, 2, 4].map { Kernel.smooth(width: $0) } + [.linear]
    /// Ridges as shares of a mask's likeness to itself.
    private static let ridges = [1e-6, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1, 3]

    /// Predicts the scores of all masks.
    ///
    /// - Parameters:
    ///   - masks: `[C, cells]`.
    ///   - cells: Cells of a mask.
    ///   - known: Masks whose scores are known, at least one, none twice.
    ///   - scores: Their scores.
    /// - Returns: A score for every mask; the known ones' are their own.
    static func scores(
        of masks: [Float], cells: Int, known: [Int], scores: [Float]
    ) -> [Float] {
        let count = masks.count / cells
        let mean = scores.reduce(0) { $0 + Double($1) } / Double(scores.count)
        let targets = scores.map { Double($0) - mean }
        // Products and squared distances of the known masks with all.
        let products = known.map {
            Self.products(of: $0, in: masks, cells: cells, count: count)
        }
        let squares = (0..<count).map { channel in
            masks[channel * cells..<(channel + 1) * cells].reduce(0) { $0 + Double($1 * $1) }
        }
        let distances = zip(known, products).map { channel, row in
            row.indices.map { max(0, squares[channel] + squares[$0] - 2 * row[$0]) }
        }
        let between = known.indices.flatMap { row in
            known[(row + 1)...].map { distances[row][$0] }
        }.sorted()
        let median = between.isEmpty ? 1 : max(between[between.count / 2], 1e-12)
        let rowMeans = products.map { row in
            known.reduce(0) { $0 + row[$1] } / Double(known.count)
        }
        let grandMean = rowMeans.reduce(0, +) / Double(known.count)
        let columnMeans = (0..<count).map { channel in
            products.reduce(0) { $0 + $1[channel] } / Double(known.count)
        }
        func likeness(_ kernel: Kernel, _ row: Int, _ channel: Int) -> Double {
            switch kernel {
            case .smooth(let width): exp(-distances[row][channel] / (2 * width * width * median))
            case .linear: products[row][channel] - rowMeans[row] - columnMeans[channel] + grandMean
            }
        }
        var best: (error: Double, kernel: Kernel, weights: [Double])?
        for kernel in kernels {
            let own = known.indices.flatMap { row in known.map { likeness(kernel, row, $0) } }
            let scale =
                known.indices.reduce(0) { $0 + own[$1 * known.count + $1] } / Double(known.count)
            var before = Double.infinity
            for ridge in ridges {
                guard let fit = leaveOneOut(own, ridge: ridge * scale, targets) else { continue }
                if fit.error < best?.error ?? .infinity {
                    best = (fit.error, kernel, fit.weights)
                }
                // Errors fall to one lowest point and rise.
                guard fit.error < before else { break }
                before = fit.error
            }
        }
        guard let best else { return constant(scores, known, distances, count: count) }
        var result = (0..<count).map { channel in
            Float(
                known.indices.reduce(mean) {
                    $0 + best.weights[$1] * likeness(best.kernel, $1, channel)
                })
        }
        for (channel, score) in zip(known, scores) { result[channel] = score }
        return result
    }

    /// The score of the nearest known mask, where nothing can be learned: all masks are one.
    private static func constant(
        _ scores: [Float], _ known: [Int], _ distances: [[Double]], count: Int
    ) -> [Float] {
        (0..<count).map { channel in
            let nearest = known.indices.min { distances[$0][channel] < distances[$1][channel] }
            return scores[nearest ?? 0]
        }
    }

    private static func products(
        of row: Int, in masks: [Float], cells: Int, count: Int
    ) -> [Double] {
        masks.withUnsafeBufferPointer { masks in
            (0..<count).map { channel in
                var sum: Float = 0
                for cell in 0..<cells {
                    sum += masks[row * cells + cell] * masks[channel * cells + cell]
                }
                return Double(sum)
            }
        }
    }

    /// The weights (K + ridge)⁻¹ y, and the mean squared error of leaving each one out.
    ///
    /// - Parameters:
    ///   - kernel: K, row by row.
    ///   - ridge: What is added to its diagonal.
    ///   - targets: y.
    /// - Returns: nil if the matrix is singular.
    private static func leaveOneOut(
        _ kernel: [Double], ridge: Double, _ targets: [Double]
    ) -> (error: Double, weights: [Double])? {
        let size = targets.count
        // K + ridge = L Lᵀ (Cholesky), row by row, and L⁻¹ column by column, so that all sums run
        // along memory.
        var lower = [Double](repeating: 0, count: size * size)
        var inverse = lower
        var halves = [Double](repeating: 0, count: size)  // L⁻¹ y
        for row in 0..<size {
            for column in 0...row {
                let sum =
                    kernel[row * size + column] + (row == column ? ridge : 0)
                    - product(lower, row * size, lower, column * size, count: column)
                if row == column {
                    guard sum > 1e-12 * max(ridge, 1e-300), sum.isFinite else { return nil }
                    lower[row * size + row] = sum.squareRoot()
                } else {
                    lower[row * size + column] = sum / lower[column * size + column]
                }
            }
            halves[row] =
                (targets[row] - product(lower, row * size, halves, 0, count: row))
                / lower[row * size + row]
        }
        for column in 0..<size {
            for row in column..<size {
                let sum = product(
                    lower, row * size + column, inverse, column * size + column,
                    count: row - column)
                inverse[column * size + row] =
                    ((row == column ? 1 : 0) - sum) / lower[row * size + row]
            }
        }
        // (K + ridge)⁻¹ = L⁻ᵀ L⁻¹.
        var (weights, error) = ([Double](repeating: 0, count: size), 0.0)
        for column in 0..<size {
            let (start, count) = (column * size + column, size - column)
            weights[column] = product(inverse, start, halves, column, count: count)
            let left = weights[column] / product(inverse, start, inverse, start, count: count)
            error += left * left
        }
        return error.isFinite ? (error / Double(size), weights) : nil
    }

    /// The sum of products of numbers of two arrays from two places on, eight at once.
    private static func product(
        _ first: [Double], _ start: Int, _ second: [Double], _ other: Int, count: Int
    ) -> Double {
        first.withUnsafeBytes { first in
            second.withUnsafeBytes { second in
                var sums = SIMD8<Double>(repeating: 0)
                let whole = count & ~7
                for place in stride(from: 0, to: whole, by: 8) {
                    // Not addProduct: without a processor's instruction it is a function call.
                    sums +=
                        first.loadUnaligned(
                            fromByteOffset: 8 * (start + place), as: SIMD8<Double>.self)
                        * second.loadUnaligned(
                            fromByteOffset: 8 * (other + place), as: SIMD8<Double>.self)
                }
                var sum = sums.sum()
                for place in whole..<count {
                    sum +=
                        first.loadUnaligned(fromByteOffset: 8 * (start + place), as: Double.self)
                        * second.loadUnaligned(fromByteOffset: 8 * (other + place), as: Double.self)
                }
                return sum
            }
        }
    }
}
