// Embeddings on a plane: who is near stays near.
//
// SPDX-License-Identifier: MIT

import Testing

@testable import ReIdentMetrics

@Suite("Plane map")
struct PlaneMapTests {
    @Test("crops of one player lie together, and the same seed gives the same map")
    func neighbours() throws {
        let made = try MadeUpPlayers(players: 5, each: 8, noise: 0.15, seed: 1)
        let map = try PlaneMap(made.crops, perplexity: 6)
        #expect(map.points.count == 40)
        var right = 0
        for (row, point) in map.points.enumerated() {
            let nearest = map.points.enumerated().filter { $0.offset != row }.min { first, second in
                func square(_ other: (x: Double, y: Double)) -> Double {
                    (other.x - point.x) * (other.x - point.x)
                        + (other.y - point.y) * (other.y - point.y)
                }
                return square(first.element) < square(second.element)
            }
            if let nearest, made.identities[nearest.offset] == made.identities[row] { right += 1 }
        }
        #expect(right >= 39)
        let again = try PlaneMap(made.crops, perplexity: 6)
        #expect(zip(map.points, again.points).allSatisfy { $0 == $1 })
    }

    @Test("few, equal and too many points", arguments: [1, 2, 3])
    func few(count: Int) throws {
        let same = try EmbeddingMatrix(
            values: [Float](repeating: 0.5, count: 4 * count), count: count, dimension: 4)
        let map = try PlaneMap(same)
        #expect(map.points.count == count)
        #expect(map.points.allSatisfy { $0.x.isFinite && $0.y.isFinite })
        let many = try EmbeddingMatrix(
            values: [Float](repeating: 0.5, count: 4 * 801), count: 801, dimension: 4)
        #expect(throws: MetricsError.self) { try PlaneMap(many) }
    }
}
