// k-reciprocal re-ranking whose memory grows with neighbour lists, not with all pairs of images.
// Zhong et al., "Re-ranking Person Re-identification with k-reciprocal Encoding", CVPR 2017;
// same results as clip_reid@1a935d6, clipreid/rerank.py, where neighbours are not tied.
//
// SPDX-License-Identifier: MIT

/// k-reciprocal re-ranking of a gallery.
///
/// Squares the distances, divides each image's by its greatest, finds the images that are each
/// other's neighbours, and blends the overlap of neighbourhoods (Jaccard distance) with the
/// distance. Equal distances count in the order of the images, queries first.
public struct Reranking: Sendable, Equatable {
    /// Neighbours that may be reciprocal.
    public let k1: Int

    /// Neighbours whose descriptions are averaged; 1 averages nothing.
    public let k2: Int

    /// The share of the original distance in the result, 0...1.
    public let lambda: Float

    /// Settings; the defaults are the paper's.
    ///
    /// - Parameters:
    ///   - k1: At least 1.
    ///   - k2: At least 1.
    ///   - lambda: 0...1.
    /// - Throws: `MetricsError.parameter` for a value out of range.
    public init(k1: Int = 20, k2: Int = 6, lambda: Float = 0.3) throws(MetricsError) {
        guard k1 >= 1 else {
            throw .parameter(name: "k1", found: "\(k1)", expected: "at least 1")
        }
        guard k2 >= 1 else {
            throw .parameter(name: "k2", found: "\(k2)", expected: "at least 1")
        }
        guard (0...1).contains(lambda) else {
            throw .parameter(name: "lambda", found: "\(lambda)", expected: "between 0 and 1")
        }
        self.k1 = k1
        self.k2 = k2
        self.lambda = lambda
    }

    /// Re-ranks distances that are there as matrices.
    ///
    /// - Parameters:
    ///   - queryGallery: Q × G.
    ///   - queryQuery: Q × Q.
    ///   - galleryGallery: G × G.
    /// - Returns: Q × G distances, computed while they are read.
    /// - Throws: `MetricsError` for matrices that do not fit together, distances that are not
    ///   finite, or a cancelled task.
    public func rerank(
        queryGallery: any DistanceRows, queryQuery: any DistanceRows,
        galleryGallery: any DistanceRows
    ) throws(MetricsError) -> RerankedDistances {
        try rerank(
            MatrixPairs(
                queryGallery: queryGallery, queryQuery: queryQuery,
                galleryGallery: galleryGallery))
    }

    /// Re-ranks the squared Euclidean distances of embeddings.
    ///
    /// - Parameters:
    ///   - queries: `[Q, D]`, unit vectors as a rule.
    ///   - gallery: `[G, D]`.
    ///   - products: Supplies the dot products of all images, queries first; `nil` computes them
    ///     here on all cores.
    /// - Returns: Q × G distances, computed while they are read.
    /// - Throws: `MetricsError` for embeddings that do not fit together or are not finite, failed
    ///   products, or a cancelled task.
    /// - Complexity: O(N² · D) operations for N = Q + G; memory for N neighbour lists.
    public func rerank(
        queries: EmbeddingMatrix, gallery: EmbeddingMatrix,
        products: (any SimilarityBlocks)? = nil
    ) throws(MetricsError) -> RerankedDistances {
        try rerank(EmbeddingPairs(queries: queries, gallery: gallery, products: products))
    }

    private func rerank(_ pairs: some PairDistances) throws(MetricsError) -> RerankedDistances {
        let count = pairs.queryCount + pairs.galleryCount
        let lists = NeighbourLists(count: count, capacity: max(k1 + 1, k2))
        try pairs.offerAll(to: lists)
        let neighbours = ReciprocalNeighbours(lists: lists, k1: k1)
        var weights = SparseRows(columnsOfRows: neighbours.expandedSets())
        try checkCancellation()
        try pairs.fillSquares(of: &weights)
        neighbours.weigh(&weights)
        let descriptions = neighbours.expanded(weights, k2: k2)
        try checkCancellation()
        return RerankedDistances(
            original: pairs.queryGallery,
            scales: (0..<pairs.queryCount).map { lists.greatestSquare(of: $0) },
            queries: descriptions.rows(0..<pairs.queryCount),
            galleryByImage: descriptions.rows(pairs.queryCount..<count)
                .transposed(columnCount: count),
            lambda: lambda)
    }
}
