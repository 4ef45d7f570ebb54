// Distances computed from embeddings while they are read.
// As clip_reid's pairwise_distance: |q|² + |g|² - 2 q·g.
//
// SPDX-License-Identifier: MIT

import CDotProducts
import ReIdentFoundation

/// Squared Euclidean distances between query and gallery embeddings, computed by blocks of rows.
///
/// For unit vectors this is 2 - 2 · cosine similarity. The matrix is never held as a whole.
public struct EmbeddingDistances: Sendable {
    /// The query embeddings, `[Q, D]`.
    public let queries: EmbeddingMatrix

    /// The gallery embeddings, `[G, D]`.
    public let gallery: EmbeddingMatrix

    let querySquares: [Float]
    let gallerySquares: [Float]
    private let products: (any SimilarityBlocks)?

    /// Distances between two sets of embeddings.
    ///
    /// - Parameters:
    ///   - queries: `[Q, D]`.
    ///   - gallery: `[G, D]`.
    ///   - products: Supplies the dot products of all Q + G images, queries first; `nil` computes
    ///     them here on all cores.
    /// - Throws: `MetricsError.countMismatch` if the embeddings differ in size.
    public init(
        queries: EmbeddingMatrix, gallery: EmbeddingMatrix,
        products: (any SimilarityBlocks)? = nil
    ) throws(MetricsError) {
        guard queries.dimension == gallery.dimension else {
            throw .countMismatch(
                what: "numbers in a gallery embedding", expected: queries.dimension,
                found: gallery.dimension)
        }
        self.queries = queries
        self.gallery = gallery
        self.products = products
        querySquares = try squaredLengths(queries)
        gallerySquares = try squaredLengths(gallery)
    }

}

extension EmbeddingDistances: DistanceRows {
    public var queryCount: Int { queries.count }
    public var galleryCount: Int { gallery.count }

    /// As many rows as fit into 16 MB, at most all.
    public var rowsPerBlock: Int {
        min(max(1, queryCount), max(32, (1 << 22) / max(1, galleryCount)))
    }

    public func withRows<Result>(
        _ rows: Range<Int>,
        _ body: (UnsafeBufferPointer<Float>) throws(MetricsError) -> Result
    ) throws(MetricsError) -> Result {
        let block = UnsafeMutableBufferPointer<Float>.allocate(
            capacity: rows.count * galleryCount)
        defer { block.deallocate() }
        try fill(block, rows: rows)
        let values = DisjointValues(block)
        parallelForEach(count: rows.count, chunk: 8) { offset in
            let row = UnsafeMutableBufferPointer(
                rebasing: values.pointer[offset * galleryCount..<(offset + 1) * galleryCount])
            turnIntoDistances(
                row, square: querySquares[rows.lowerBound + offset],
                squares: gallerySquares[...])
        }
        return try body(UnsafeBufferPointer(block))
    }

    private func fill(
        _ block: UnsafeMutableBufferPointer<Float>, rows: Range<Int>
    ) throws(MetricsError) {
        if let products {
            return try products.fill(
                block, rows: rows, columns: queryCount..<queryCount + galleryCount)
        }
        try queries.withValues { (queryValues) throws(MetricsError) in
            try gallery.withValues { (galleryValues) throws(MetricsError) in
                fillDotProducts(
                    block, rows: rows,
                    of: StackedVectors([queryValues], dimension: queries.dimension),
                    columns: 0..<galleryCount,
                    of: StackedVectors([galleryValues], dimension: gallery.dimension))
            }
        }
    }
}

/// The squared length of each embedding.
func squaredLengths(_ embeddings: EmbeddingMatrix) throws(MetricsError) -> [Float] {
    try embeddings.withValues { (values) throws(MetricsError) in
        guard let base = values.baseAddress else { return [] }
        return (0..<embeddings.count).map { index in
            let vector = base + index * embeddings.dimension
            return reident_dot(bestLevel, vector, vector, embeddings.dimension)
        }
    }
}

/// Replaces the dot products of one image with others by their squared distances.
func turnIntoDistances(
    _ row: UnsafeMutableBufferPointer<Float>, square: Float, squares: ArraySlice<Float>
) {
    squares.withUnsafeBufferPointer { squares in
        for column in row.indices {
            row[column] = square + squares[column] - 2 * row[column]
        }
    }
}
