// Embedding many images: decoded ahead on all cores while the engine computes.
//
// SPDX-License-Identifier: MIT

public import ReIdentImages

extension PlayerEncoder {
    /// What became of a list of images.
    public struct Outcome: Sendable {
        /// The embeddings of the good images, in the order of the sources.
        public let embeddings: Embeddings
        /// For each row, the position of its source.
        public let positions: [Int]
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
        var positions: [Int] = []
        var failures: [LoadedBatch.Failure] = []
        for try await loaded in loader.batches(of: sources, size: max(1, options.batchSize)) {
            if let failure = loaded.failures.first, !skipsBadImages { throw failure.error }
            failures += loaded.failures
            let vectors = try await embed(loaded.batch)
            let names = loaded.indices.map { sources[$0].name }
            if let wrong = vectors.firstIndex(where: { !$0.isFinite }) {
                throw ReIdentError.notFinite(path: names[wrong / embeddingDimension])
            }
            embeddings.append(vectors, paths: names)
            positions += loaded.indices
            progress(positions.count + failures.count, sources.count)
        }
        return Outcome(embeddings: embeddings, positions: positions, failures: failures)
    }
}
