// The pair sampler of CLIP-ReIdent. Source: KonradHabel/clip_reid@1a935d6, clipreid/dataset.py
// (the behaviour, written anew).
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// Fills batches in one pass over the shuffled images, as CLIP-ReIdent was trained.
///
/// An image is taken as a query if its player is not in the batch yet, else put to the end; after
/// ten such in a row the epoch ends. The last, incomplete batch is dropped, so the number of
/// batches differs from epoch to epoch.
public struct GreedyPairSampler: PairSampler {
    /// The source of chance; all that changes between two epochs.
    public var generator: SeededGenerator
    /// The images that pairs are made of.
    public let pool: PairPool
    /// Pairs a batch, each of another player.
    public let batchSize: Int

    /// After how many rejections in a row an epoch ends.
    private static let patience = 10

    /// Creates a sampler.
    ///
    /// - Parameters:
    ///   - images: Training images; pairs refer to their places in this list.
    ///   - batchSize: Pairs a batch, at least 1.
    ///   - generator: The source of chance.
    /// - Throws: `DataError`: `usage` if the batch size is below 1; `badData` if fewer players
    ///   than that have two images.
    public init(
        images: [PlayerImage], batchSize: Int, generator: SeededGenerator
    ) throws(DataError) {
        pool = try PairPool(images: images, batchSize: batchSize)
        self.batchSize = batchSize
        self.generator = generator
    }

    /// Draws one epoch.
    ///
    /// - Throws: `DataError` of kind `badData` if not a single batch came together.
    public mutating func epoch() throws(DataError) -> [[ImagePair]] {
        // A queue that only grows: rejected images are appended again.
        var queue = generator.shuffled(pool.places.keys.sorted())
        var head = 0
        var rejections = 0
        var batches: [[ImagePair]] = []
        var batch: [ImagePair] = []
        var players: Set<Int> = []
        while head < queue.count, rejections < Self.patience {
            let image = queue[head]
            head += 1
            guard let player = pool.places[image]?.player, players.insert(player).inserted else {
                queue.append(image)
                rejections += 1
                continue
            }
            rejections = 0
            if let pair = pool.pair(query: image, using: &generator) { batch.append(pair) }
            if batch.count == batchSize {
                batches.append(batch)
                batch = []
                players = []
            }
        }
        guard !batches.isEmpty else {
            throw .badData(
                "Not one batch of \(batchSize) pairs of different players came together: "
                    + "\(pool.playerCount) players have \(pool.imageCount) images, too unevenly. "
                    + "Use the sampler that fills every batch, or a smaller batch size.")
        }
        return batches
    }
}
