// A distance matrix that is there: in memory, or in a mapped file.
//
// SPDX-License-Identifier: MIT

/// A row-major `[Q, G]` matrix of distances in memory or in memory that someone else keeps alive.
public struct DistanceMatrix: Sendable {
    /// Q, the number of rows.
    public let queryCount: Int

    /// G, the number of columns.
    public let galleryCount: Int

    private let storage: MatrixStorage

    /// A matrix in memory.
    ///
    /// - Parameters:
    ///   - values: Row-major, Q · G of them.
    ///   - queryCount: Q.
    ///   - galleryCount: G.
    /// - Throws: `MetricsError.countMismatch` unless there are Q · G values.
    public init(values: [Float], queryCount: Int, galleryCount: Int) throws(MetricsError) {
        guard values.count == queryCount * galleryCount else {
            throw .countMismatch(
                what: "values of a \(queryCount) x \(galleryCount) distance matrix",
                expected: queryCount * galleryCount, found: values.count)
        }
        self.queryCount = queryCount
        self.galleryCount = galleryCount
        storage = .values(values)
    }

    /// A matrix in memory owned by something else, for example a mapped file.
    ///
    /// - Parameters:
    ///   - values: Row-major, Q · G of them, valid as long as `owner` lives and never changed.
    ///   - owner: Kept alive as long as this matrix.
    ///   - queryCount: Q.
    ///   - galleryCount: G.
    /// - Throws: `MetricsError.countMismatch` unless there are Q · G values.
    public init(
        borrowing values: UnsafeBufferPointer<Float>, from owner: any Sendable, queryCount: Int,
        galleryCount: Int
    ) throws(MetricsError) {
        guard values.count == queryCount * galleryCount else {
            throw .countMismatch(
                what: "values of a \(queryCount) x \(galleryCount) distance matrix",
                expected: queryCount * galleryCount, found: values.count)
        }
        self.queryCount = queryCount
        self.galleryCount = galleryCount
        storage = .borrowed(SharedValues(values), owner: owner)
    }

}

extension DistanceMatrix: DistanceRows {
    /// About a million distances at a time: enough to keep all cores busy between two checks for
    /// cancellation.
    public var rowsPerBlock: Int { max(1, (1 << 20) / max(1, galleryCount)) }

    public func withRows<Result>(
        _ rows: Range<Int>,
        _ body: (UnsafeBufferPointer<Float>) throws(MetricsError) -> Result
    ) throws(MetricsError) -> Result {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= queryCount, "rows out of range")
        let range = rows.lowerBound * galleryCount..<rows.upperBound * galleryCount
        return try storage.withValues { (values) throws(MetricsError) in
            try body(UnsafeBufferPointer(rebasing: values[range]))
        }
    }
}
