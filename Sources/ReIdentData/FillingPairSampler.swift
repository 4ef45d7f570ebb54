// A pair sampler that leaves as few images unused as batches of distinct players allow.
// The table is that of McNaughton's wrap-around rule (Management Science 6, 1959) for scheduling.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// Draws as many full batches of distinct players as there can be, the same number every epoch.
///
/// With n(p) images of player p and B pairs a batch, K batches exist if and only if
/// Σ min(n(p), K) ≥ K · B. The images that take part are laid player after player into a table of
/// K columns, row by row: no player has more than K, so no column, a batch, meets a player twice.
/// Random exchanges between batches then undo the order of the table.
public struct FillingPairSampler: PairSampler {
    /// The source of chance; all that changes between two epochs.
    public var generator: SeededGenerator
    /// The images that pairs are made of.
    public let pool: PairPool
    /// Pairs a batch, each of another player.
    public let batchSize: Int
    /// How many batches every epoch has.
    public let batchCount: Int

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
        batchCount = Self.mostBatches(pool: pool, batchSize: batchSize)
    }

    /// Draws one epoch of `batchCount` batches.
    ///
    /// - Throws: Nothing, since the initialiser has made sure that a batch can be filled.
    public mutating func epoch() throws(DataError) -> [[ImagePair]] {
        var columns = table()
        exchange(&columns)
        return generator.shuffled(columns).map { column in
            generator.shuffled(column).compactMap { pool.pair(query: $0, using: &generator) }
        }
    }

    /// The largest K with Σ min(n(p), K) ≥ K · B, by bisection: what holds for K holds below it.
    private static func mostBatches(pool: PairPool, batchSize: Int) -> Int {
        var possible = 0
        var impossible = pool.imageCount / batchSize + 1
        while impossible - possible > 1 {
            let middle = (possible + impossible) / 2
            let usable = pool.imagesOfPlayer.reduce(0) { $0 + min($1.count, middle) }
            if usable >= middle * batchSize { possible = middle } else { impossible = middle }
        }
        return possible
    }

    /// K batches of B query images, each batch with distinct players.
    private mutating func table() -> [[Int]] {
        // Of each player at most K images, drawn anew each epoch.
        let drawn = pool.imagesOfPlayer.map { images in
            Array(generator.shuffled(images).prefix(batchCount))
        }
        // Of these K · B, so that the surplus of an epoch is spread over all players.
        let wanted = batchCount * batchSize
        let kept = Set(generator.shuffled(drawn.flatMap(\.self)).prefix(wanted))
        let ordered = generator.shuffled(drawn).flatMap { $0.filter(kept.contains) }
        return (0..<batchCount).map { column in
            stride(from: column, to: wanted, by: batchCount).map { ordered[$0] }
        }
    }

    /// Exchanges images between random batches wherever both keep distinct players.
    private mutating func exchange(_ columns: inout [[Int]]) {
        guard batchCount > 1 else { return }
        func player(of image: Int) -> Int { pool.places[image]?.player ?? -1 }
        var players = columns.map { Set($0.map(player)) }
        for _ in 0..<2 * batchCount * batchSize {
            let first = generator.integer(below: batchCount)
            var second = generator.integer(below: batchCount - 1)
            if second >= first { second += 1 }
            let row = generator.integer(below: batchSize)
            let otherRow = generator.integer(below: batchSize)
            let leaving = player(of: columns[first][row])
            let coming = player(of: columns[second][otherRow])
            guard !players[first].contains(coming), !players[second].contains(leaving) else {
                continue
            }
            players[first].remove(leaving)
            players[first].insert(coming)
            players[second].remove(coming)
            players[second].insert(leaving)
            (columns[first][row], columns[second][otherRow]) =
                (columns[second][otherRow], columns[first][row])
        }
    }
}
