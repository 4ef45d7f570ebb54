// A copy of vectors in 8 bits a number, by which an exact search sees what it need not look at.
//
// SPDX-License-Identifier: MIT

import CDotProducts
import ReIdentFoundation
import Synchronization

/// The best instructions this machine has for products of bytes.
let bestByteLevel = reident_screen_levels() - 1

/// N vectors around their middle, each in whole numbers with a scale of its own; a quarter of the
/// size. What is lost is bounded for each.
// SAFETY: the memory is written by `init` only, and freed when nobody holds the object.
final class ByteRows: @unchecked Sendable {
    /// N.
    let count: Int
    /// D.
    let dimension: Int
    /// Bytes of a row.
    let paddedDimension: Int
    /// Components of the head, which rules most rows out without the others; all if they are few.
    let head: Int
    /// Subtracted from every vector; any would do, and the mean makes the rest smallest.
    let middle: [Float]
    /// At least the length of the middle.
    let middleLength: Double
    /// At least the length of what is kept in whole numbers of any row.
    let largestLength: Double
    /// At least the length of what is lost of any row; of rows that are numbers throughout.
    let largestResidual: Double

    private let bytes: UnsafeMutablePointer<UInt8>
    private let rows: UnsafeMutablePointer<reident_screen_row>

    /// Whether vectors of a size can be kept.
    static func supports(dimension: Int) -> Bool { dimension <= Int(REIDENT_SCREEN_LONGEST) }

    /// Keeps vectors.
    init(_ vectors: EmbeddingMatrix, level: Int32 = bestByteLevel) throws(MetricsError) {
        precondition(Self.supports(dimension: vectors.dimension), "the bounds are proved")
        let step = Int(REIDENT_SCREEN_STEP)
        let (count, dimension) = (vectors.count, vectors.dimension)
        let padded = (dimension + step - 1) / step * step
        let middle = try vectors.sampledMean()
        bytes = .allocate(capacity: max(1, count * padded))
        rows = .allocate(capacity: max(1, count))
        // Less of a head leaves more to the bound of the tail, and so more tails to multiply.
        let head = max(1, padded / step * 7 / 12) * step
        (self.count, self.dimension, paddedDimension) = (count, dimension, padded)
        self.head = head
        self.middle = middle
        middleLength = middle.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() * 1.000001
        let target = ByteMemory(bytes: bytes, rows: rows)
        let extremes = Mutex((length: Float(0), residual: Float(0)))
        let stretch = 512
        try vectors.withValues { values in
            let source = SharedValues(values)
            parallelForEach(count: (count + stretch - 1) / stretch) { index in
                guard let base = source.pointer.baseAddress else { return }
                var (length, residual) = (Float(0), Float(0))
                for row in index * stretch..<min(count, (index + 1) * stretch) {
                    reident_screen_keep(
                        level, base + row * dimension, middle, dimension, padded, head,
                        target.bytes + row * padded, target.rows + row)
                    let kept = target.rows[row]
                    length = max(length, kept.length)
                    if kept.residual < .infinity { residual = max(residual, kept.residual) }
                }
                extremes.withLock {
                    $0 = (max($0.length, length), max($0.residual, residual))
                }
            }
        }
        let largest = extremes.withLock { $0 }
        largestLength = Double(largest.length)
        largestResidual = Double(largest.residual)
    }

    deinit {
        bytes.deallocate()
        rows.deallocate()
    }

    /// The pairs of some rows and the queries of a panel whose bounds reach the thresholds.
    ///
    /// - Parameters:
    ///   - range: Rows, within `0 ..< count`.
    ///   - panel: The queries.
    ///   - thresholds: For each of the panel's places one.
    ///   - byHead: Whether most pairs are expected to be ruled out by the head. It changes the time
    ///     and not which pairs are found, but for bounds within a rounding of their threshold.
    ///   - hits: Has room for all pairs; their rows are counted from the first of the range.
    ///   - level: Of instructions.
    /// - Returns: How many there are, and of the pairs that were compared by the head, how many it
    ///   did not rule out.
    func screen(
        _ range: Range<Int>, _ panel: ByteQueries, thresholds: UnsafePointer<Float>,
        byHead: Bool = false, into hits: UnsafeMutablePointer<reident_screen_hit>,
        level: Int32 = bestByteLevel
    ) -> (found: Int, tails: Int) {
        panel.withQueries(byHead: byHead) { queries in
            var tails = 0
            let found = reident_screen(
                level, bytes + range.lowerBound * paddedDimension, rows + range.lowerBound,
                range.count, queries, thresholds, hits, &tails)
            return (found, tails)
        }
    }
}

// SAFETY: iterations of a parallel loop write to rows of their own, and it ends before others read.
private struct ByteMemory: @unchecked Sendable {
    let bytes: UnsafeMutablePointer<UInt8>
    let rows: UnsafeMutablePointer<reident_screen_row>
}
