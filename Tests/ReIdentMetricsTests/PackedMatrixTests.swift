// Products of small matrices laid out once.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentMetrics

@Suite("Packed matrices")
struct PackedMatrixTests {
    @Test("products are those of plain sums", arguments: [(1, 1), (12, 5), (13, 27), (36, 324)])
    func products(rows: Int, depth: Int) {
        var generator = SeededGenerator(seed: UInt64(rows))
        func drawn(_ count: Int) -> [Float] {
            (0..<count).map { _ in Float(generator.uniform()) - 0.5 }
        }
        let (values, width) = (drawn(rows * depth), PackedMatrix.panelWidth)
        var panel = drawn(depth * width)
        let matrix = PackedMatrix(values, depth: depth)
        #expect(matrix.rowCount == rows && matrix.writtenRows >= rows)
        var found = [Float](repeating: .nan, count: matrix.writtenRows * width)
        panel.withUnsafeMutableBufferPointer { panel in
            found.withUnsafeMutableBufferPointer { matrix.multiply(panel: panel, into: $0) }
        }
        for row in 0..<rows {
            for column in 0..<width {
                var sum: Float = 0
                for place in 0..<depth {
                    sum += values[row * depth + place] * panel[place * width + column]
                }
                #expect(abs(found[row * width + column] - sum) < Tolerance.singleOperation * 10)
            }
        }
        #expect(found[(rows * width)...].allSatisfy { $0 == 0 })
    }
}
