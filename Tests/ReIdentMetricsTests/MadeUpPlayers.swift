// Embeddings of players who do not exist, whose truth is therefore known.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

@testable import ReIdentMetrics

/// Unit embeddings of players: a direction each, and noise; the more noise, the harder.
struct MadeUpPlayers {
    let crops: EmbeddingMatrix
    let identities: [String]

    // `shared` is how much of one direction all crops have in common.
    init(
        players: Int, each count: Int, noise: Double, seed: UInt64, shared: Double = 0
    ) throws {
        var generator = SeededGenerator(seed: seed)
        let dimension = 16
        var values: [Float] = []
        var identities: [String] = []
        for player in 0..<players {
            let center = (0..<dimension).map { _ in Self.normal(&generator) }
            for _ in 0..<count {
                var crop = center.map { $0 + noise * Self.normal(&generator) }
                crop[0] += 4 * shared
                let length = crop.reduce(0) { $0 + $1 * $1 }.squareRoot()
                values += crop.map { Float($0 / length) }
                identities.append("player \(player)")
            }
        }
        crops = try EmbeddingMatrix(
            values: values, count: players * count, dimension: dimension)
        self.identities = identities
    }

    /// A number around 0 of standard deviation 1.
    static func normal(_ generator: inout SeededGenerator) -> Double {
        let radius = (-2 * log(1 - generator.uniform())).squareRoot()
        return radius * cos(2 * .pi * generator.uniform())
    }
}
