// Embedding many images: decoded ahead on all cores while the engine computes.
//
// SPDX-License-Identifier: MIT

public import ReIdentImages
import ReIdentMetrics

extension PlayerEncoder {
    /// What became of a list of images.
    public struct Outcome: Sendable {
        /// The embeddings of the good images, in the order of the sources.
        public let embeddings: Embeddings
        /// For each row, the position of its source.
        public let positions: [Int]
        /// For each row, how probable it is that another player is in the picture; nil if the
        /// package has not learned to tell, or with other weights or settings.
        public let secondPlayers: [Double]?
        /// The images that were left out, and why.
        public let failures: [LoadedBatch.Failure]
    }

    /// Says how many of all images are done.
    public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

    /// Embeds images, at most a few batches of them in memory at a time.
    ///
    /// - Parameters:
    ///   - sources: The images.
    ///   - skipsBadImages: Whether an image that cannot be decoded is left out; otherwise the first
    ///     ends the work.
    ///   - progress: Is told after every batch.
    /// - Returns: One row for every good image.
    /// - Throws: `ImageError` of the first bad image, `ReIdentError.notFinite`, `EngineError`, or
    ///   `CancellationError` if the task was cancelled.
    public nonisolated func embed(
        _ sources: [ImageSource], skipsBadImages: Bool = false,
        progress: Progress = { _, _ in }
    ) async throws -> Outcome {
        let loader = ImageLoader(
            preprocessing: preprocessing, side: imageSize, depth: max(16, 4 * options.batchSize))
        var embeddings = Embeddings(dimension: embeddingDimension)
        embeddings.reserveCapacity(sources.count)
        var positions: [Int] = []
        let known = try secondPlayerProbe()
        var secondPlayers: [Double] = []
        var failures: [LoadedBatch.Failure] = []
        let size = max(1, options.batchSize)
        for try await loaded in loader.batches(of: sources, size: size, first: (size + 3) / 4) {
            if let failure = loaded.failures.first, !skipsBadImages { throw failure.error }
            failures += loaded.failures
            let (vectors, tokens) = try await embed(
                loaded.batch, meanTokensOf: known.map { [$0.stage] } ?? [])
            let names = loaded.indices.map { sources[$0].name }
            if let wrong = vectors.firstIndex(where: { !$0.isFinite }) {
                throw ReIdentError.notFinite(path: names[wrong / embeddingDimension])
            }
            embeddings.append(vectors, paths: names)
            if let probe = known?.probe, !names.isEmpty {
                let means = try EmbeddingMatrix(
                    values: tokens[0], count: names.count,
                    dimension: tokens[0].count / names.count)
                secondPlayers += try probe.probabilities(means) ?? []
            }
            positions += loaded.indices
            progress(positions.count + failures.count, sources.count)
        }
        return Outcome(
            embeddings: embeddings, positions: positions,
            // None where the probe is for tokens of another width.
            secondPlayers: known != nil && secondPlayers.count == positions.count
                ? secondPlayers : nil,
            failures: failures)
    }
}
