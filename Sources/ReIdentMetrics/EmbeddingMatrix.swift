// Embeddings, one row an image.
//
// SPDX-License-Identifier: MIT

/// A row-major `[N, D]` matrix of embeddings in memory or in memory that someone else keeps alive.
public struct EmbeddingMatrix: Sendable {
    /// N, the number of images.
    public let count: Int

    /// D, the size of an embedding.
    public let dimension: Int

    private let storage: MatrixStorage

    /// Embeddings in memory.
    ///
    /// - Parameters:
    ///   - values: Row-major, N · D of them.
    ///   - count: N.
    ///   - dimension: D.
    /// - Throws: `MetricsError.countMismatch` unless there are N · D values, `parameter` unless D
    ///   is at least 1.
    public init(values: [Float], count: Int, dimension: Int) throws(MetricsError) {
        self.count = count
        self.dimension = dimension
        storage = .values(values)
        try check(found: values.count)
    }

    /// Embeddings in memory owned by something else, for example a mapped file.
    ///
    /// - Parameters:
    ///   - values: Row-major, N · D of them, valid as long as `owner` lives and never changed.
    ///   - owner: Kept alive as long as this matrix.
    ///   - count: N.
    ///   - dimension: D.
    /// - Throws: `MetricsError.countMismatch` unless there are N · D values, `parameter` unless D
    ///   is at least 1.
    public init(
        borrowing values: UnsafeBufferPointer<Float>, from owner: any Sendable, count: Int,
        dimension: Int
    ) throws(MetricsError) {
        self.count = count
        self.dimension = dimension
        storage = .borrowed(SharedValues(values), owner: owner)
        try check(found: values.count)
    }

    /// Calls `body` with all N · D numbers.
    ///
    /// - Parameter body: Reads them; the memory is only valid during the call.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    public func withValues<Result>(
        _ body: (UnsafeBufferPointer<Float>) throws(MetricsError) -> Result
    ) throws(MetricsError) -> Result {
        try storage.withValues(body)
    }

    private func check(found: Int) throws(MetricsError) {
        guard dimension > 0 else {
            throw .parameter(
                name: "the size of an embedding", found: "\(dimension)", expected: "at least 1")
        }
        guard found == count * dimension else {
            throw .countMismatch(
                what: "values of \(count) embeddings of size \(dimension)",
                expected: count * dimension, found: found)
        }
    }
}
