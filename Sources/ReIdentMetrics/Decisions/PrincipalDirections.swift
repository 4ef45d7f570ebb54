// The directions in which embeddings differ most, by orthogonal iteration: the whole covariance's
// eigenvectors would take longer, and only the first are wanted.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// The mean of some embeddings and orthonormal directions, those with most variance first.
struct PrincipalDirections {
    let mean: [Float]  // [D]
    let directions: [[Float]]  // each [D]

    init(mean: [Float], directions: [[Float]]) {
        (self.mean, self.directions) = (mean, directions)
    }

    /// Finds them.
    ///
    /// - Returns: nil where there are fewer than two rows or all are alike.
    init?(_ embeddings: EmbeddingMatrix, rows all: [Int]) throws(MetricsError) {
        let step = max(1, (all.count + EmbeddingSpan.mostCrops - 1) / EmbeddingSpan.mostCrops)
        let rows = stride(from: 0, to: all.count, by: step).map { all[$0] }
        let dimension = embeddings.dimension
        guard rows.count >= 2 else { return nil }
        var mean = [Float](repeating: 0, count: dimension)
        try embeddings.visit(rows) { row in for place in mean.indices { mean[place] += row[place] }
        }
        for place in mean.indices { mean[place] /= Float(rows.count) }
        var total = 0.0
        try embeddings.visit(rows) { total += Self.squaredDistance($0, mean) }
        guard total > 1e-9 * Double(rows.count) else { return nil }

        let count = min(EmbeddingSpan.mostDirections, dimension, rows.count - 1)
        var generator = SeededGenerator(seed: 1, stream: 0xD1)
        var block = (0..<count).map { _ in
            (0..<dimension).map { _ in Float(generator.uniform()) - 0.5 }
        }
        Self.orthonormalize(&block)
        var held = [Double](repeating: 0, count: count)
        for _ in 0..<12 {
            var next = block.map { [Float](repeating: 0, count: $0.count) }
            held = [Double](repeating: 0, count: count)
            try embeddings.visit(rows) { row in
                let centred = mean.indices.map { row[$0] - mean[$0] }
                for index in block.indices {
                    let amount = dotProduct(centred, block[index])
                    held[index] += Double(amount * amount)
                    addMultiple(amount, of: centred, to: &next[index])
                }
            }
            let order = held.indices.sorted { held[$0] > held[$1] }
            block = order.map { next[$0] }
            held = order.map { held[$0] }
            Self.orthonormalize(&block)
        }
        var (needed, sum) = (0, 0.0)
        while needed < count, sum < EmbeddingSpan.heldShare * total {
            sum += held[needed]
            needed += 1
        }
        self.mean = mean
        directions = Array(block.prefix(needed))
    }

    /// The share of squared differences from the mean that the directions do not hold.
    func shareOutside(
        _ embeddings: EmbeddingMatrix, rows all: [Int]
    ) throws(MetricsError) -> Double? {
        let step = max(1, (all.count + EmbeddingSpan.mostCrops - 1) / EmbeddingSpan.mostCrops)
        let rows = stride(from: 0, to: all.count, by: step).map { all[$0] }
        var (total, inside) = (0.0, 0.0)
        try embeddings.visit(rows) { row in
            let centred = mean.indices.map { row[$0] - mean[$0] }
            total += Double(dotProduct(centred, centred))
            for direction in directions {
                let amount = Double(dotProduct(centred, direction))
                inside += amount * amount
            }
        }
        return total > 0 ? max(0, 1 - inside / total) : nil
    }

    private static func squaredDistance(
        _ row: UnsafeBufferPointer<Float>, _ mean: [Float]
    ) -> Double {
        mean.indices.reduce(0) { sum, place in
            let difference = Double(row[place] - mean[place])
            return sum + difference * difference
        }
    }

    /// Gram and Schmidt, twice, since once loses digits; a vector that is nothing stays nothing.
    private static func orthonormalize(_ block: inout [[Float]]) {
        for index in block.indices {
            for _ in 0..<2 {
                for earlier in 0..<index {
                    let amount = dotProduct(block[index], block[earlier])
                    addMultiple(-amount, of: block[earlier], to: &block[index])
                }
            }
            let length = dotProduct(block[index], block[index]).squareRoot()
            let factor = length > 1e-20 ? 1 / length : 0
            for place in block[index].indices { block[index][place] *= factor }
        }
    }
}

extension EmbeddingMatrix {
    /// Calls `body` with each of some rows.
    fileprivate func visit(
        _ rows: [Int], _ body: (UnsafeBufferPointer<Float>) -> Void
    ) throws(MetricsError) {
        try withValues { (values) throws(MetricsError) in
            for row in rows {
                body(UnsafeBufferPointer(rebasing: values[row * dimension..<(row + 1) * dimension]))
            }
        }
    }
}
