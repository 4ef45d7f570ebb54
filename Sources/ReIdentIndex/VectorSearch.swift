// Searching vectors behind one protocol, so that an approximate search can take the exact one's
// place.
//
// SPDX-License-Identifier: MIT

public import ReIdentMetrics

/// One of the vectors that were found for a query.
public struct Neighbor: Sendable, Equatable {
    /// Its row.
    public let row: Int
    /// Cosine similarity to the query, -1...1.
    public let similarity: Float

    /// A row with its similarity.
    public init(row: Int, similarity: Float) {
        self.row = row
        self.similarity = similarity
    }
}

/// Finds the vectors most similar to others; all are of unit length.
public protocol VectorSearch: Sendable {
    /// N, the number of vectors searched among.
    var count: Int { get }

    /// D, the size of a vector.
    var dimension: Int { get }

    /// The rows most similar to each query, best first; equal ones in the order of rows.
    ///
    /// - Parameters:
    ///   - queries: `[Q, D]`.
    ///   - count: Rows for each query, at least 1; fewer where there are not as many.
    /// - Returns: For each query its rows.
    /// - Throws: `IndexError.search` if the sizes differ or the task was cancelled.
    func nearest(
        to queries: EmbeddingMatrix, count: Int
    ) throws(IndexError) -> [[Neighbor]]
}
