// The dot products of every level of instructions this machine has.
//
// SPDX-License-Identifier: MIT

import CDotProducts
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentMetrics

@Suite("Dot products")
struct DotProductsTests {
    @Test("every level of instructions computes the same products", arguments: [1, 15, 37, 64])
    func levelsAgree(depth: Int) {
        var generator = SeededGenerator(seed: UInt64(depth))
        let vectors = (0..<50 * depth).map { _ in Float(generator.uniform()) - 0.5 }
        vectors.withUnsafeBufferPointer { values in
            // Two pieces, so that blocks cross from one to the other.
            let stacked = StackedVectors(
                [
                    UnsafeBufferPointer(rebasing: values[..<(17 * depth)]),
                    UnsafeBufferPointer(rebasing: values[(17 * depth)...]),
                ], dimension: depth)
            let rows = 3..<30
            let columns = 9..<50
            for level in 0...bestLevel {
                var products = [Float](repeating: .nan, count: rows.count * columns.count)
                products.withUnsafeMutableBufferPointer { block in
                    fillDotProducts(
                        block, rows: rows, of: stacked, columns: columns, of: stacked,
                        level: level)
                }
                var worst: Float = 0
                for (row, image) in rows.enumerated() {
                    for (column, other) in columns.enumerated() {
                        var exact = 0.0
                        for k in 0..<depth {
                            exact +=
                                Double(values[image * depth + k])
                                * Double(values[other * depth + k])
                        }
                        let single = reident_dot(level, stacked[image], stacked[other], depth)
                        let found = products[row * columns.count + column]
                        worst = max(
                            worst, difference(found, Float(exact)),
                            difference(single, Float(exact)))
                    }
                }
                #expect(worst < Tolerance.embeddingDistance, "level \(level)")
            }
        }
    }

    @Test("products of single pairs have the bits of a tile's", arguments: [1, 15, 64, 768])
    func pairs(depth: Int) {
        var generator = SeededGenerator(seed: UInt64(depth))
        let vectors = (0..<30 * depth).map { _ in Float(generator.uniform()) - 0.5 }
        vectors.withUnsafeBufferPointer { values in
            let stacked = StackedVectors([values], dimension: depth)
            for level in 0...bestLevel {
                var products = [Float](repeating: .nan, count: 30 * 30)
                products.withUnsafeMutableBufferPointer {
                    fillDotProducts(
                        $0, rows: 0..<30, of: stacked, columns: 0..<30, of: stacked, level: level)
                }
                let first = (0..<900).map { Optional(stacked[$0 / 30]) }
                let second = (0..<900).map { Optional(stacked[$0 % 30]) }
                for count in [1, 8, 13, 900] {
                    var single = [Float](repeating: .nan, count: count)
                    reident_dot_pairs(level, depth, count, first, second, &single)
                    #expect(single == Array(products.prefix(count)), "level \(level)")
                }
            }
        }
    }
}
