// What channels would score that were not computed, from those that were: a similarity changes
// smoothly with the mask.
// Kernel ridge regression, its kernel and its ridge chosen by the errors of leaving one out, which
// have a closed form (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006).
//
// SPDX-License-Identifier: MIT

import Foundation

/// Scores of masks, learned from the scores of some of them.
struct ScoreRegression {
    /// What was predicted.
    struct Prediction {
        /// A score for every mask; the known ones' are their own.
        let scores: [Float]
        /// Mean squared error of the known scores, each predicted from the others; infinite where
        /// there are too few to tell, 0 where all are known.
        let error: Double
    }

    /// How alike two masks are.
    private enum Kernel {
        /// exp(-distance² / (2 · width²)), the width in median distances.
        case smooth(width: Double)
        /// Their product, both less the mean mask.
        case linear
    }

    /// From narrow to wide: a wide kernel is nearly the linear one.
    private static let kernels: [Kernel] =
        [0.5, 1, 2, 4].map { Kernel.smooth(width: $0) } + [.linear]
    /// With fewer known scores, what is left by leaving one out tells nothing.
    private static let fewest = 3
    /// As shares of a mask's likeness to itself.
    private static let ridges = [1e-6, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1, 3]

    private let masks: [Float]
    private let cells: Int
    private let count: Int
    /// Squared lengths of the masks.
    private let squares: [Double]
    private var known: [Int] = []
    private var scores: [Float] = []
    /// Products and squared distances of the known masks with all, `[known, C]`.
    private var products: [[Double]] = []
    private var distances: [[Double]] = []
    /// The kernel and the ridge that were best when last asked; at first a guess.
    private var place = Place(kernel: 2, ridge: 4)

    private struct Place: Hashable {
        var kernel: Int
        var ridge: Int

        /// What is next to it.
        var neighbours: [Place] {
            [(-1, 0), (1, 0), (0, -1), (0, 1)]
                .map { Place(kernel: kernel + $0.0, ridge: ridge + $0.1) }
                .filter { kernels.indices.contains($0.kernel) && ridges.indices.contains($0.ridge) }
        }
    }

    /// Knows no score yet.
    ///
    /// - Parameters:
    ///   - masks: `[C, cells]`.
    ///   - cells: Cells of a mask, at least one.
    init(masks: [Float], cells: Int) {
        (self.masks, self.cells, count) = (masks, cells, masks.count / cells)
        squares = (0..<count).map {
            Double(Self.product(masks, $0 * cells, masks, $0 * cells, count: cells))
        }
    }

    /// Adds known scores.
    ///
    /// - Parameters:
    ///   - channels: Masks that were not known yet.
    ///   - scores: Their scores.
    mutating func learn(_ channels: [Int], scores: [Float]) {
        known += channels
        self.scores += scores
    }

    /// Predicts the scores of all masks from the known ones, at least one.
    mutating func prediction() -> Prediction {
        var result = [Float](repeating: 0, count: count)
        guard known.count < count else {
            for (channel, score) in zip(known, scores) { result[channel] = score }
            return Prediction(scores: result, error: 0)
        }
        compareKnown()
        let mean = scores.reduce(0) { $0 + Double($1) } / Double(scores.count)
        let targets = scores.map { Double($0) - mean }
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
        func likeness(_ kernel: Int, _ row: Int, _ channel: Int) -> Double {
            switch Self.kernels[kernel] {
            case .smooth(let width): exp(-distances[row][channel] / (2 * width * width * median))
            case .linear: products[row][channel] - rowMeans[row] - columnMeans[channel] + grandMean
            }
        }
        var matrices: [Int: [Double]] = [:]
        let best = Self.lowest(from: place) { place in
            let own =
                matrices[place.kernel]
                ?? known.indices.flatMap { row in known.map { likeness(place.kernel, row, $0) } }
            matrices[place.kernel] = own
            let scale =
                known.indices.reduce(0) { $0 + own[$1 * known.count + $1] } / Double(known.count)
            return Self.leaveOneOut(own, ridge: Self.ridges[place.ridge] * scale, targets)
        }
        if let best {
            place = best.place
            for channel in result.indices {
                result[channel] = Float(
                    known.indices.reduce(mean) {
                        $0 + best.weights[$1] * likeness(best.place.kernel, $1, channel)
                    })
            }
        } else {
            // Nothing can be learned, scores are no numbers: the score of the nearest known mask.
            for channel in result.indices {
                let nearest = known.indices.min { distances[$0][channel] < distances[$1][channel] }
                result[channel] = scores[nearest ?? 0]
            }
        }
        for (channel, score) in zip(known, scores) { result[channel] = score }
        return Prediction(
            scores: result,
            error: known.count < Self.fewest ? .infinity : best?.error ?? .infinity)
    }

    /// Compares known masks with all, those that were not yet.
    private mutating func compareKnown() {
        for channel in known[products.count...] {
            let row = (0..<count).map {
                Double(Self.product(masks, channel * cells, masks, $0 * cells, count: cells))
            }
            products.append(row)
            distances.append(
                row.indices.map { max(0, squares[channel] + squares[$0] - 2 * row[$0]) })
        }
    }

    /// The place of lowest error, walking from one to the best of its neighbours: as a rule errors
    /// fall to one lowest point and rise.
    private static func lowest(
        from start: Place, _ fit: (Place) -> (error: Double, weights: [Double])?
    ) -> (place: Place, error: Double, weights: [Double])? {
        var tried: Set<Place> = []
        var best: (place: Place, error: Double, weights: [Double])?
        // The neighbours of the start, too, for there the matrix may be singular.
        var next = [start] + start.neighbours
        while !next.isEmpty {
            let before = best?.place
            for place in next where tried.insert(place).inserted {
                guard let found = fit(place), found.error < best?.error ?? .infinity else {
                    continue
                }
                best = (place, found.error, found.weights)
            }
            guard let place = best?.place, place != before else { break }
            next = place.neighbours
        }
        return best
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
    private static func product<Number: FloatingPoint & SIMDScalar>(
        _ first: [Number], _ start: Int, _ second: [Number], _ other: Int, count: Int
    ) -> Number {
        let size = MemoryLayout<Number>.stride
        return first.withUnsafeBytes { first in
            second.withUnsafeBytes { second in
                var sums = SIMD8<Number>(repeating: 0)
                let whole = count & ~7
                for place in stride(from: 0, to: whole, by: 8) {
                    // Not addProduct: without a processor's instruction it is a function call.
                    sums +=
                        first.loadUnaligned(
                            fromByteOffset: size * (start + place), as: SIMD8<Number>.self)
                        * second.loadUnaligned(
                            fromByteOffset: size * (other + place), as: SIMD8<Number>.self)
                }
                var sum = sums.sum()
                for place in whole..<count {
                    sum +=
                        first.loadUnaligned(
                            fromByteOffset: size * (start + place), as: Number.self)
                        * second.loadUnaligned(
                            fromByteOffset: size * (other + place), as: Number.self)
                }
                return sum
            }
        }
    }
}
