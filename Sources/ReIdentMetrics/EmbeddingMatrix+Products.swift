// Dot products of embeddings by blocks of rows.
//
// SPDX-License-Identifier: MIT

extension EmbeddingMatrix {
    /// Calls `body` with the dot products of some rows with all rows of another matrix.
    ///
    /// A product has the same bits whatever block it is in. All cores are used.
    ///
    /// - Parameters:
    ///   - rows: Rows of this matrix, within `0 ..< count`.
    ///   - other: `[G, D]`.
    ///   - body: Gets them row-major, `[rows.count, G]`; the memory is only valid during the call.
    /// - Returns: What `body` returns.
    /// - Throws: `MetricsError.countMismatch` if the embeddings differ in size, or what `body`
    ///   throws.
    public func withProducts<Result>(
        ofRows rows: Range<Int>, with other: EmbeddingMatrix,
        _ body: (UnsafeBufferPointer<Float>) throws(MetricsError) -> Result
    ) throws(MetricsError) -> Result {
        guard dimension == other.dimension else {
            throw .countMismatch(
                what: "numbers in an embedding", expected: dimension, found: other.dimension)
        }
        let block = UnsafeMutableBufferPointer<Float>.allocate(capacity: rows.count * other.count)
        defer { block.deallocate() }
        try withValues { (values) throws(MetricsError) in
            try other.withValues { (otherValues) throws(MetricsError) in
                fillDotProducts(
                    block, rows: rows, of: StackedVectors([values], dimension: dimension),
                    columns: 0..<other.count,
                    of: StackedVectors([otherValues], dimension: dimension))
            }
        }
        return try body(UnsafeBufferPointer(block))
    }
}
