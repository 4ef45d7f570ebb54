// What vectors have in common.
//
// SPDX-License-Identifier: MIT

extension EmbeddingMatrix {
    /// Rows that a mean is taken from at most, or a little more; others would hardly change it.
    private static let sampleSize = 4096

    /// The mean of rows at even distances, about 4,096 of them.
    ///
    /// - Returns: D numbers; 0 in the place of one that would not be finite.
    /// - Throws: Nothing of its own; what reading the numbers throws.
    public func sampledMean() throws(MetricsError) -> [Float] {
        try withValues { values in
            let step = max(1, count / Self.sampleSize)
            var sums = [Double](repeating: 0, count: dimension)
            var used = 0.0
            for row in stride(from: 0, to: count, by: step) {
                for place in 0..<dimension {
                    sums[place] += Double(values[row * dimension + place])
                }
                used += 1
            }
            return sums.map { sum in
                let mean = Float(sum / max(1, used))
                return mean.isFinite ? mean : 0
            }
        }
    }
}
