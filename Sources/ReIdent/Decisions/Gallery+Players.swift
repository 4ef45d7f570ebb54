// Searching for a player of whom there are several crops, among players of whom there are several.
//
// SPDX-License-Identifier: MIT

import ReIdentIndex
import ReIdentMetrics

/// A player of a gallery that several crops were compared with.
public struct PlayerMatch: Sendable, Equatable {
    /// Who it is; the image's path where that is not known.
    public let player: String
    /// How many crops of the gallery show the player.
    public let crops: Int
    /// Mean cosine similarity of all pairs of a query crop and one of these, -1...1.
    public let similarity: Float
}

extension Gallery {
    /// The players most similar to some crops of one player, best first.
    ///
    /// Images whose player is not known stand alone.
    ///
    /// - Parameters:
    ///   - queries: Crops of one player, at least one, embedded by the same model.
    ///   - excluded: Paths of gallery images that do not take part: the queries themselves.
    ///   - count: Players at most.
    /// - Returns: The players; ties in the order of rows.
    /// - Throws: `ReIdentError.widthMismatch` if the widths differ, `index` if vectors cannot be
    ///   read.
    public func players(
        matching queries: Embeddings, without excluded: Set<String> = [], count: Int
    ) throws(ReIdentError) -> [PlayerMatch] {
        guard queries.dimension == dimension else {
            throw .widthMismatch(
                expected: dimension, found: queries.dimension, source: "the queries")
        }
        var order: [String] = []
        var rows: [String: [Int]] = [:]
        for (row, path) in paths.enumerated() where !excluded.contains(path) {
            let player = identities[row] ?? path
            if rows[player] == nil { order.append(player) }
            rows[player, default: []].append(row)
        }
        // The mean of all products of two groups is the product of their means.
        let wanted = queries.values.withUnsafeBufferPointer {
            Self.mean(of: Array(0..<queries.count), in: $0, dimension: dimension)
        }
        let found: [PlayerMatch]
        let vectors = try vectors()
        do throws(MetricsError) {
            found = try vectors.withValues { (values) throws(MetricsError) in
                order.map { player in
                    let own = rows[player] ?? []
                    let mean = Self.mean(of: own, in: values, dimension: dimension)
                    let similarity = zip(wanted, mean).reduce(Float(0)) { $0 + $1.0 * $1.1 }
                    return PlayerMatch(
                        player: player, crops: own.count,
                        similarity: min(1, max(-1, similarity)))
                }
            }
        } catch {
            throw .index(.search(error))
        }
        let best = found.enumerated().sorted {
            $0.element.similarity == $1.element.similarity
                ? $0.offset < $1.offset : $0.element.similarity > $1.element.similarity
        }
        return best.prefix(count).map(\.element)
    }

    private static func mean(
        of rows: [Int], in values: UnsafeBufferPointer<Float>, dimension: Int
    ) -> [Float] {
        var sum = [Float](repeating: 0, count: dimension)
        for row in rows {
            for place in 0..<dimension { sum[place] += values[row * dimension + place] }
        }
        return sum.map { $0 / Float(max(1, rows.count)) }
    }
}
