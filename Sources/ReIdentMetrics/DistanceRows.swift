// Distances handed out by rows, so that nothing downstream cares whether a matrix lies in memory,
// in a mapped file, or is computed while it is read.
//
// SPDX-License-Identifier: MIT

/// Distances of Q queries to G gallery images, read in blocks of rows.
///
/// Smaller means more alike; the unit does not matter. Blocks may be asked for from several
/// threads at once. A source that computes its rows uses all cores within one block, so readers go
/// through the blocks one after another and share out the rows of a block.
public protocol DistanceRows: Sendable {
    /// Q, the number of rows.
    var queryCount: Int { get }

    /// G, the number of columns.
    var galleryCount: Int { get }

    /// How many rows are best asked for at once.
    var rowsPerBlock: Int { get }

    /// Calls `body` with some rows, one after another: row-major `[rows.count, G]`.
    ///
    /// - Parameters:
    ///   - rows: Indices of rows, within `0 ..< queryCount`.
    ///   - body: Reads the block; its memory is only valid during the call.
    /// - Returns: What `body` returns.
    /// - Throws: `MetricsError` if the rows cannot be computed, or what `body` throws.
    func withRows<Result>(
        _ rows: Range<Int>,
        _ body: (UnsafeBufferPointer<Float>) throws(MetricsError) -> Result
    ) throws(MetricsError) -> Result
}

extension DistanceRows {
    /// Calls `body` with block after block, in order, and stops when the task is cancelled.
    ///
    /// - Parameter body: Gets the row numbers and their distances, `[rows.count, G]`.
    /// - Throws: `MetricsError.cancelled`, or what the source or `body` throws.
    public func forEachBlock(
        _ body: (Range<Int>, UnsafeBufferPointer<Float>) throws(MetricsError) -> Void
    ) throws(MetricsError) {
        var start = 0
        while start < queryCount {
            try checkCancellation()
            let rows = start..<min(queryCount, start + max(1, rowsPerBlock))
            try withRows(rows) { (block) throws(MetricsError) in try body(rows, block) }
            start = rows.upperBound
        }
    }

    /// The same distances, held in memory.
    ///
    /// - Throws: `MetricsError` if the rows cannot be computed.
    public func matrix() throws(MetricsError) -> DistanceMatrix {
        var values: [Float] = []
        values.reserveCapacity(queryCount * galleryCount)
        try forEachBlock { (_, block) throws(MetricsError) in values.append(contentsOf: block) }
        return try DistanceMatrix(
            values: values, queryCount: queryCount, galleryCount: galleryCount)
    }
}
