// Similarities and embeddings of a gallery, by which one notices that footage is another than a
// model was calibrated on.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import ReIdentIndex
public import ReIdentMetrics

extension Gallery {
    /// Similarities of pairs of images drawn at random, none of one player where players are known.
    ///
    /// - Parameters:
    ///   - count: How many pairs at most.
    ///   - seed: Decides which.
    /// - Returns: Fewer where the gallery is small; none of a single image.
    /// - Throws: `ReIdentError.index` if the embeddings cannot be read.
    public func randomSimilarities(
        count: Int = 4_000, seed: UInt64 = 1
    ) throws(ReIdentError) -> [Float] {
        guard paths.count > 1 else { return [] }
        let vectors = try vectors()
        var generator = SeededGenerator(seed: seed, stream: 0x6A11)
        var pairs: [(Int, Int)] = []
        // Small galleries have fewer pairs than are wished, and few of different players.
        for _ in 0..<2 * count where pairs.count < min(count, paths.count * (paths.count - 1) / 2) {
            let (first, second) = (
                generator.integer(below: paths.count), generator.integer(below: paths.count)
            )
            let isOnePlayer = identities[first] != nil && identities[first] == identities[second]
            if first != second, !isOnePlayer { pairs.append((first, second)) }
        }
        do throws(MetricsError) {
            let dimension = vectors.dimension
            return try vectors.withValues { (values) throws(MetricsError) in
                pairs.map { first, second in
                    (0..<dimension).reduce(Float(0)) { sum, place in
                        sum + values[first * dimension + place] * values[second * dimension + place]
                    }
                }
            }
        } catch {
            throw .index(.search(error))
        }
    }

    /// How much of the images' differences lies outside of what a calibration's crops span: 0 to 1.
    ///
    /// - Parameter span: Of embeddings by the same model.
    /// - Returns: nil for no images, or for embeddings of another size.
    /// - Throws: `ReIdentError.index` if the embeddings cannot be read.
    public func shareOutside(_ span: EmbeddingSpan) throws(ReIdentError) -> Double? {
        let vectors = try vectors()
        do throws(MetricsError) { return try span.shareOutside(vectors) } catch {
            throw .index(.search(error))
        }
    }
}
