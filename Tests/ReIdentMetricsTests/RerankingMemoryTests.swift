// How much memory re-ranking takes beyond its inputs, in a process of its own.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentMetrics
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Memory of re-ranking")
struct RerankingMemoryTests {
    /// More memory than promised was taken.
    struct Excess: Error { let megabytes: Int }

    /// The most memory this process has had at once, in bytes.
    static func peak() -> Int {
        var usage = rusage()
        #if canImport(Darwin)
            getrusage(RUSAGE_SELF, &usage)
            return Int(usage.ru_maxrss)
        #else
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return Int(usage.ru_maxrss) * 1024
        #endif
    }

    /// Unit vectors of players, eight images each.
    static func embeddings(_ count: Int, from first: Int) throws -> EmbeddingMatrix {
        let dimension = 16
        var values: [Float] = []
        values.reserveCapacity(count * dimension)
        for index in first..<first + count {
            var player = SeededGenerator(seed: UInt64(index / 8))
            var image = SeededGenerator(seed: UInt64(index), stream: 1)
            let row = (0..<dimension).map { _ in
                Float(player.uniform() - 0.5 + 0.3 * (image.uniform() - 0.5))
            }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            values += row.map { $0 / length }
        }
        return try EmbeddingMatrix(values: values, count: count, dimension: dimension)
    }

    @Test("468 x 8,703 images are re-ranked and read within 150 MB beyond the embeddings")
    func withinBound() async {
        await #expect(processExitsWith: .success) {
            let queries = try RerankingMemoryTests.embeddings(468, from: 0)
            let gallery = try RerankingMemoryTests.embeddings(8_703, from: 468)
            let before = RerankingMemoryTests.peak()
            let reranked = try Reranking().rerank(queries: queries, gallery: gallery)
            var sum: Float = 0
            for start in stride(from: 0, to: reranked.queryCount, by: reranked.rowsPerBlock) {
                let end = min(start + reranked.rowsPerBlock, reranked.queryCount)
                sum += try reranked.withRows(start..<end) { $0.first ?? .nan }
            }
            let megabytes = (RerankingMemoryTests.peak() - before) / 1_000_000
            guard sum.isFinite, megabytes < 150 else { throw Excess(megabytes: megabytes) }
        }
    }
}
