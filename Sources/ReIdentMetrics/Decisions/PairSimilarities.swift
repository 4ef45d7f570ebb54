// Similarities of pairs of crops: of the same player (genuine) and of two players (impostor).
// What decisions are calibrated on.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Cosine similarities of all pairs of some crops whose players are known.
public struct PairSimilarities: Sendable {
    /// Two crops.
    public struct Pair: Sendable, Equatable {
        /// Cosine of their embeddings.
        public let similarity: Float
        /// Number of the first crop's player, from 0.
        public let first: Int32
        /// Number of the second crop's player.
        public let second: Int32
    }

    /// Pairs of the same player, in no order.
    public let genuine: [Pair]
    /// Pairs of two players, in no order.
    public let impostor: [Pair]
    /// How many crops of each player took part.
    public let cropsOfPlayer: [Int]

    /// The most crops whose pairs are taken: 18 million pairs of them.
    public static let mostCrops = 6_000

    /// The pairs of some crops.
    ///
    /// Two crops of a player by one camera are left out, as in Market-1501's protocol: they are
    /// alike for reasons that a search across cameras does not have. Of more than `mostCrops` crops
    /// so many are drawn.
    ///
    /// - Parameters:
    ///   - embeddings: `[N, D]`, unit length.
    ///   - identities: The player on each; count N.
    ///   - cameras: The camera of each, or nil when cameras are not known; count N.
    ///   - seed: Decides which crops are drawn.
    /// - Throws: `MetricsError.countMismatch`; `notFinite` for an embedding that is none;
    ///   `tooFewPairs` if there is no pair of the same player, or none of two.
    public init(
        _ embeddings: EmbeddingMatrix, identities: [String], cameras: [String?]? = nil,
        seed: UInt64 = 1
    ) throws(MetricsError) {
        guard identities.count == embeddings.count else {
            throw .countMismatch(
                what: "players", expected: embeddings.count, found: identities.count)
        }
        if let cameras, cameras.count != embeddings.count {
            throw .countMismatch(
                what: "cameras", expected: embeddings.count, found: cameras.count)
        }
        let crops = NumberedCrops(identities: identities, cameras: cameras)
        let players = crops.players
        let isTaken = Self.drawn(of: embeddings.count, seed: seed)
        var cropsOfPlayer = [Int](repeating: 0, count: crops.rowsOfPlayer.count)
        for (player, taken) in zip(players, isTaken) where taken {
            cropsOfPlayer[Int(player)] += 1
        }
        self.cropsOfPlayer = cropsOfPlayer

        var (genuine, impostor): ([Pair], [Pair]) = ([], [])
        let distances = try EmbeddingDistances(queries: embeddings, gallery: embeddings)
        let step = distances.rowsPerBlock
        for start in stride(from: 0, to: embeddings.count, by: step) {
            guard !Task.isCancelled else { throw .cancelled }
            let rows = start..<min(start + step, embeddings.count)
            try distances.withRows(rows) { values throws(MetricsError) in
                for row in rows where isTaken[row] {
                    let own = values[
                        (row - start) * embeddings.count..<(row - start + 1) * embeddings.count]
                    for column in row + 1..<max(row + 1, embeddings.count) where isTaken[column] {
                        let distance = own[own.startIndex + column]
                        guard distance.isFinite else {
                            throw .notFinite(
                                matrix: "the distances of embeddings", row: row, column: column,
                                value: distance)
                        }
                        let pair = Pair(
                            similarity: 1 - distance / 2, first: players[row],
                            second: players[column])
                        if pair.first != pair.second {
                            impostor.append(pair)
                        } else if !crops.isSameCamera(row, column) {
                            genuine.append(pair)
                        }
                    }
                }
            }
        }
        guard !genuine.isEmpty, !impostor.isEmpty else {
            throw .tooFewPairs(
                genuine: genuine.count, impostor: impostor.count, players: crops.rowsOfPlayer.count)
        }
        (self.genuine, self.impostor) = (genuine, impostor)
    }

    /// Which of some crops take part.
    private static func drawn(of count: Int, seed: UInt64) -> [Bool] {
        guard count > mostCrops else { return [Bool](repeating: true, count: count) }
        var generator = SeededGenerator(seed: seed, stream: 0xDEC1)
        var taken = [Bool](repeating: false, count: count)
        for crop in generator.shuffled(Array(0..<count)).prefix(mostCrops) { taken[crop] = true }
        return taken
    }
}
