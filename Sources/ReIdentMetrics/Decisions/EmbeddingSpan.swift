// What embeddings of known footage span: a few directions hold nearly all of how they differ.
// Embeddings of other footage reach outside, though their similarities may look the same.
//
// The share outside is the principal-space residual of Wang et al., ViM: Out-Of-Distribution with
// Virtual-logit Matching, 2022.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

/// The mean of embeddings and the directions in which they differ most.
public struct EmbeddingSpan: Sendable, Equatable, Codable {
    /// The share of their squared differences from the mean that the directions hold at least,
    /// unless that takes too many.
    static let heldShare = 0.99
    /// The most directions: a package keeps them.
    static let mostDirections = 64
    /// The most crops it is learned from.
    static let mostCrops = 2_000

    private let mean: CompactVector
    private let directions: [CompactVector]
    /// The share outside of other players' crops of the same footage: 19 of 20 groups of ten
    /// players are below.
    public let usualOutside: Double
    /// The same of many players, among whom single kits weigh less: the most in five halvings.
    public let usualOutsideOfMany: Double
    /// How many players these halves had.
    public let many: Int

    enum CodingKeys: String, CodingKey {
        case mean, directions, many
        case usualOutside = "usual_outside"
        case usualOutsideOfMany = "usual_outside_of_many"
    }

    /// How many players are many at least.
    static let fewestOfMany = 50

    /// From which share on a user should be warned that the footage is another.
    ///
    /// - Parameter players: How many players the embeddings are of, where that is known.
    /// - Returns: 0 to 1.
    public func largestUsualOutside(players: Int?) -> Double {
        let isOfMany = min(many, players ?? 0) >= Self.fewestOfMany
        return max(0.002, 1.25 * (isOfMany ? usualOutsideOfMany : usualOutside))
    }

    /// How many directions it has.
    public var directionCount: Int { directions.count }

    /// Learns what crops of known players span.
    ///
    /// - Returns: nil for fewer than four players or eight crops, or where all crops are alike.
    init?(
        _ embeddings: EmbeddingMatrix, _ crops: NumberedCrops, seed: UInt64
    ) throws(MetricsError) {
        let players = crops.rowsOfPlayer
        guard players.count >= 4, embeddings.count >= 8 else { return nil }
        var generator = SeededGenerator(seed: seed, stream: 0x5BA1)
        var (shares, sharesOfMany): ([Double], [Double]) = ([], [])
        for _ in 0..<5 {
            let order = generator.shuffled(Array(players.indices))
            let known = order.prefix(players.count / 2).flatMap { players[$0] }
            guard let half = try PrincipalDirections(embeddings, rows: known) else {
                return nil
            }
            let others = Array(order.dropFirst(players.count / 2))
            if let share = try half.shareOutside(embeddings, rows: others.flatMap { players[$0] }) {
                sharesOfMany.append(share)
            }
            for start in stride(from: 0, to: others.count, by: 10) {
                let group = others[start..<min(start + 10, others.count)]
                guard start == 0 || group.count == 10 else { continue }
                let rows = group.flatMap { players[$0] }
                if let share = try half.shareOutside(embeddings, rows: rows) {
                    shares.append(share)
                }
            }
        }
        guard let all = try PrincipalDirections(embeddings, rows: Array(0..<embeddings.count)),
            !shares.isEmpty, let mostOfMany = sharesOfMany.max()
        else { return nil }
        mean = CompactVector(all.mean)
        directions = all.directions.map(CompactVector.init)
        usualOutsideOfMany = mostOfMany
        many = players.count - players.count / 2
        usualOutside = shares.sorted()[min(shares.count - 1, shares.count * 19 / 20)]
    }

    /// How much of some embeddings' squared differences from the mean lies outside: 0 to 1.
    ///
    /// - Parameter embeddings: `[N, D]`, by the model it was learned with.
    /// - Returns: nil where there are none, or where they are of another size.
    /// - Throws: `MetricsError` if they cannot be read.
    public func shareOutside(_ embeddings: EmbeddingMatrix) throws(MetricsError) -> Double? {
        guard mean.values.count == embeddings.dimension else { return nil }
        return try PrincipalDirections(mean: mean.values, directions: directions.map(\.values))
            .shareOutside(embeddings, rows: Array(0..<embeddings.count))
    }
}
