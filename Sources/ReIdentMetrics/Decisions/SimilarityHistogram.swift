// Similarities of pairs, counted in narrow bins: what fits and scores of probabilities go through
// instead of millions of pairs.
//
// SPDX-License-Identifier: MIT

/// Shares of genuine and impostor pairs by similarity.
struct SimilarityHistogram: Sendable {
    /// Bins; far finer than a similarity can be trusted.
    private static let binCount = 4_096

    private let lowest: Double
    private let width: Double
    private var genuine = [Double](repeating: 0, count: binCount)
    private var impostor = [Double](repeating: 0, count: binCount)
    /// How many pairs of each kind were counted.
    private(set) var genuineCount = 0.0
    private(set) var impostorCount = 0.0

    /// An empty histogram over a range of similarities.
    init(range: ClosedRange<Double>) {
        lowest = range.lowerBound
        width = max(range.upperBound - range.lowerBound, 1e-9) / Double(Self.binCount)
    }

    /// Counts a pair; one beyond the range counts at its end.
    mutating func add(_ similarity: Float, isGenuine: Bool) {
        let place = (Double(similarity) - lowest) / width
        let bin = Int(min(max(place, 0), Double(Self.binCount - 1)))
        if isGenuine {
            genuine[bin] += 1
            genuineCount += 1
        } else {
            impostor[bin] += 1
            impostorCount += 1
        }
    }

    /// Calls `body` with each bin that holds a pair: its middle, and the shares of all genuine and
    /// of all impostor pairs in it.
    func forEach(_ body: (_ similarity: Double, _ genuine: Double, _ impostor: Double) -> Void) {
        for bin in 0..<Self.binCount where genuine[bin] + impostor[bin] > 0 {
            body(
                lowest + (Double(bin) + 0.5) * width, genuine[bin] / max(genuineCount, 1),
                impostor[bin] / max(impostorCount, 1))
        }
    }

    /// Mean and standard deviation where both kinds count alike.
    var centerAndSpread: (center: Double, spread: Double) {
        var (weight, sum, squares) = (0.0, 0.0, 0.0)
        forEach { similarity, genuine, impostor in
            weight += genuine + impostor
            sum += (genuine + impostor) * similarity
        }
        let center = weight > 0 ? sum / weight : 0
        forEach { similarity, genuine, impostor in
            squares += (genuine + impostor) * (similarity - center) * (similarity - center)
        }
        return (center, max((squares / max(weight, 1e-12)).squareRoot(), width))
    }
}

extension SimilarityHistogram {
    /// The pairs of some, in the range of all.
    ///
    /// - Parameters:
    ///   - pairs: All pairs.
    ///   - isCounted: Whether a pair of two players' numbers counts.
    init(_ pairs: PairSimilarities, where isCounted: (Int32, Int32) -> Bool = { _, _ in true }) {
        var (low, high) = (Float.infinity, -Float.infinity)
        for pair in pairs.genuine + pairs.impostor {
            low = min(low, pair.similarity)
            high = max(high, pair.similarity)
        }
        self.init(range: Double(low)...Double(high))
        for pair in pairs.genuine where isCounted(pair.first, pair.second) {
            add(pair.similarity, isGenuine: true)
        }
        for pair in pairs.impostor where isCounted(pair.first, pair.second) {
            add(pair.similarity, isGenuine: false)
        }
    }
}
