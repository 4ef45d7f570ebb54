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

    /// One batch of a list of images; it may hold no good one.
    public struct EmbeddedBatch: Sendable {
        /// Unit vectors of the good images, in the order of the sources, `[N, D]`.
        public let vectors: [Float]
        /// For each row, the position of its source.
        public let positions: [Int]
        /// As in `Outcome`.
        public let secondPlayers: [Double]?
        /// The images that were left out while this batch was filled, and why.
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
        var embeddings = Embeddings(dimension: embeddingDimension)
        embeddings.reserveCapacity(sources.count)
        var positions: [Int] = []
        var secondPlayers: [Double]? = try secondPlayerProbe().map { _ in [] }
        var failures: [LoadedBatch.Failure] = []
        try await embedBatches(of: sources, skipsBadImages: skipsBadImages, progress: progress) {
            embeddings.append($0.vectors, paths: $0.positions.map { sources[$0].name })
            positions += $0.positions
            failures += $0.failures
            if let found = $0.secondPlayers { secondPlayers? += found } else { secondPlayers = nil }
        }
        return Outcome(
            embeddings: embeddings, positions: positions, secondPlayers: secondPlayers,
            failures: failures)
    }

    /// Embeds images batch by batch, and keeps none: for more images than memory has room for.
    ///
    /// - Parameters:
    ///   - sources: The images.
    ///   - skipsBadImages: Whether an image that cannot be decoded is left out; otherwise the first
    ///     ends the work.
    ///   - progress: Is told after every batch.
    ///   - receive: Is given each batch, in the order of the sources.
    /// - Throws: As `embed(_:skipsBadImages:progress:)`, and whatever `receive` throws.
    public nonisolated func embedBatches(
        of sources: [ImageSource], skipsBadImages: Bool = false,
        progress: Progress = { _, _ in }, to receive: (EmbeddedBatch) throws -> Void
    ) async throws {
        let loader = ImageLoader(
            preprocessing: preprocessing, side: imageSize, depth: max(16, 4 * options.batchSize))
        let known = try secondPlayerProbe()
        var done = 0
        let size = max(1, options.batchSize)
        for try await loaded in loader.batches(of: sources, size: size, first: (size + 3) / 4) {
            if let failure = loaded.failures.first, !skipsBadImages { throw failure.error }
            let (vectors, tokens) = try await embed(
                loaded.batch, meanTokensOf: known.map { [$0.stage] } ?? [])
            let count = loaded.indices.count
            if let wrong = vectors.firstIndex(where: { !$0.isFinite }) {
                let place = loaded.indices[wrong / embeddingDimension]
                throw ReIdentError.notFinite(path: sources[place].name)
            }
            // Nothing where the probe is for tokens of another width.
            let secondPlayers = try known.flatMap { known -> [Double]? in
                guard count > 0 else { return [] }
                return try known.probe.probabilities(
                    EmbeddingMatrix(
                        values: tokens[0], count: count, dimension: tokens[0].count / count))
            }
            try receive(
                EmbeddedBatch(
                    vectors: vectors, positions: loaded.indices, secondPlayers: secondPlayers,
                    failures: loaded.failures))
            done += count + loaded.failures.count
            progress(done, sources.count)
        }
    }
}
