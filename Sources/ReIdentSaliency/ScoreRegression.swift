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
        [0.5, 1, 2, 4, 8].map { Kernel.smooth(width: $0) } + [.linear]
    /// Ridges as shares of a mask's likeness to itself.
    private static let ridges = (-12...2).map { pow(10, Double($0) / 2) }

    /// Kernel and ridge are chosen by so many known masks at most: trying all of them costs the
    /// cube of their number.
    private static let judges = 96

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
        // Known masks by which kernel and ridge are chosen, spread evenly.
        let judges = (0..<min(known.count, Self.judges)).map {
            $0 * known.count / min(known.count, Self.judges)
        }
        var best: (error: Double, kernel: [[Double]], ridge: Double, likeness: [[Double]])?
        for kernel in kernels {
            let likeness: [[Double]] = products.indices.map { row in
                (0..<count).map { channel in
                    switch kernel {
                    case .smooth(let width):
                        exp(-distances[row][channel] / (2 * width * width * median))
                    case .linear:
                        products[row][channel] - rowMeans[row] - columnMeans[channel] + grandMean
                    }
                }
            }
            let own = likeness.map { row in known.map { row[$0] } }
            let scale = own.indices.reduce(0) { $0 + own[$1][$1] } / Double(known.count)
            let judging = judges.map { row in judges.map { own[row][$0] } }
            for ridge in ridges {
                guard
                    let fit = leaveOneOut(
                        judging, ridge: ridge * scale, judges.map { targets[$0] })
                else { continue }
                if fit.error < best?.error ?? .infinity {
                    best = (fit.error, own, ridge * scale, likeness)
                }
            }
        }
        guard let best, let fit = leaveOneOut(best.kernel, ridge: best.ridge, targets) else {
            return constant(scores, known, distances, count: count)
        }
        var result = (0..<count).map { channel in
            Float(zip(fit.weights, best.likeness).reduce(mean) { $0 + $1.0 * $1.1[channel] })
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
    /// - Returns: nil if the matrix is singular.
    private static func leaveOneOut(
        _ kernel: [[Double]], ridge: Double, _ targets: [Double]
    ) -> (error: Double, weights: [Double])? {
        let size = targets.count
        // K + ridge = L Lᵀ (Cholesky), and L⁻¹, both row by row.
        var lower = [Double](repeating: 0, count: size * size)
        var inverse = lower
        for row in 0..<size {
            for column in 0...row {
                var sum = kernel[row][column] + (row == column ? ridge : 0)
                for place in 0..<column {
                    sum -= lower[row * size + place] * lower[column * size + place]
                }
                if row == column {
                    guard sum > 1e-12 * max(ridge, 1e-300), sum.isFinite else { return nil }
                    lower[row * size + row] = sum.squareRoot()
                } else {
                    lower[row * size + column] = sum / lower[column * size + column]
                }
            }
        }
        for column in 0..<size {
            for row in column..<size {
                var sum = row == column ? 1.0 : 0
                for place in column..<row {
                    sum -= lower[row * size + place] * inverse[place * size + column]
                }
                inverse[row * size + column] = sum / lower[row * size + row]
            }
        }
        // (K + ridge)⁻¹ = L⁻ᵀ L⁻¹.
        var halves = [Double](repeating: 0, count: size)
        for row in 0..<size {
            for column in 0...row {
                halves[row] += inverse[row * size + column] * targets[column]
            }
        }
        var (weights, error) = ([Double](repeating: 0, count: size), 0.0)
        for column in 0..<size {
            var diagonal = 0.0
            for row in column..<size {
                let value = inverse[row * size + column]
                weights[column] += value * halves[row]
                diagonal += value * value
            }
            let left = weights[column] / diagonal
            error += left * left
        }
        return error.isFinite ? (error / Double(size), weights) : nil
    }
}
