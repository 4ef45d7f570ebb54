// Prepared images gathered into batches.
//
// SPDX-License-Identifier: MIT

/// A batch as it leaves the loader: which sources are in it, and which could not be.
public struct LoadedBatch: Sendable {
    /// A source without an image.
    public struct Failure: Sendable {
        /// Position in the list of sources, from 0.
        public let index: Int
        /// Why there is no image.
        public let error: ImageError
    }

    /// The good images; empty only when every remaining source was bad.
    public let batch: ImageBatch
    /// For each image of the batch, its position in the list of sources.
    public let indices: [Int]
    /// Sources met while filling the batch that gave no image, in order.
    public let failures: [Failure]
}

/// Batches of prepared images in the order of their sources.
public struct PreparedBatches: AsyncSequence, Sendable {
    /// A batch with its positions and failures.
    public typealias Element = LoadedBatch
    /// Only cancellation ends the sequence early.
    public typealias Failure = CancellationError

    let images: PreparedImages
    let size: Int
    let first: Int

    public func makeAsyncIterator() -> Iterator {
        Iterator(
            images: images.makeAsyncIterator(), side: images.loader.side, size: size,
            wanted: first)
    }

    /// Fills one batch after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var images: PreparedImages.Iterator
        fileprivate let side: Int
        fileprivate let size: Int
        /// Images of the next batch.
        fileprivate var wanted: Int

        public mutating func next() async throws(CancellationError) -> LoadedBatch? {
            try await next(isolation: nil)
        }

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(CancellationError) -> LoadedBatch? {
            var batch = ImageBatch(side: side)
            var indices: [Int] = []
            var failures: [LoadedBatch.Failure] = []
            while batch.count < wanted, let element = try await images.next(isolation: actor) {
                switch element.result {
                case .success(let image):
                    if batch.count == 0 { batch = ImageBatch(side: side, capacity: wanted) }
                    batch.append(image)
                    indices.append(element.index)
                case .failure(let error):
                    failures.append(LoadedBatch.Failure(index: element.index, error: error))
                }
            }
            wanted = size
            guard batch.count > 0 || !failures.isEmpty else { return nil }
            return LoadedBatch(batch: batch, indices: indices, failures: failures)
        }
    }
}
