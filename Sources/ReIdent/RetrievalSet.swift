// A model on an evaluation: embeds the queries and the gallery of a data set's part, each image
// once, and hands out distances and scores.
//
// SPDX-License-Identifier: MIT

public import ReIdentData
import ReIdentFiles
public import ReIdentImages
public import ReIdentMetrics

/// Queries and a gallery that are to be embedded.
public struct RetrievalSet: Sendable {
    /// The images with their players and cameras.
    public let retrieval: Retrieval

    /// Takes the queries and the gallery of a data set's part.
    public init(_ retrieval: Retrieval) {
        self.retrieval = retrieval
    }

    /// How many different images there are: those that are query and gallery count once.
    public var imageCount: Int { distinctImages().sources.count }

    /// Embeds all images.
    ///
    /// - Parameters:
    ///   - encoder: The model.
    ///   - degradation: What every image suffers first, queries and gallery alike: to see how much
    ///     of the figures is left on worse footage.
    ///   - progress: Is told after every batch.
    /// - Returns: The embeddings with their labels.
    /// - Throws: `ImageError` of the first bad image, `EngineError`, `ReIdentError.notFinite`, or
    ///   `CancellationError`.
    public func embedded(
        by encoder: PlayerEncoder, degradation: ImageDegradation = ImageDegradation(),
        progress: PlayerEncoder.Progress = { _, _ in }
    ) async throws -> EmbeddedRetrieval {
        let (originals, queryRows, galleryRows) = distinctImages()
        let sources = originals.map { source in
            source.changed { (image) throws(ImageError) in try degradation.apply(image) }
        }
        let outcome = try await encoder.embed(sources, progress: progress)
        return try EmbeddedRetrieval(
            retrieval: retrieval, queries: outcome.embeddings.selecting(queryRows),
            gallery: outcome.embeddings.selecting(galleryRows),
            secondPlayers: outcome.secondPlayers.map { found in queryRows.map { found[$0] } })
    }

    /// The images without repetition, and where each query and gallery image is among them.
    private func distinctImages() -> (sources: [ImageSource], queries: [Int], gallery: [Int]) {
        var sources: [ImageSource] = []
        var rows: [String: Int] = [:]
        func row(of image: PlayerImage) -> Int {
            let name = image.source.description
            if let known = rows[name] { return known }
            rows[name] = sources.count
            sources.append(ImageSource(image.source))
            return sources.count - 1
        }
        let queries = retrieval.queries.map(row)
        let gallery = retrieval.gallery.map(row)
        return (sources, queries, gallery)
    }
}

/// Embedded queries and gallery with their players and cameras.
public struct EmbeddedRetrieval: Sendable {
    /// The images.
    public let retrieval: Retrieval
    /// One row a query, `[Q, D]`.
    public let queries: Embeddings
    /// One row a gallery image, `[G, D]`.
    public let gallery: Embeddings
    /// How probable it is that each query shows another player, too; nil if that is not known.
    public let secondPlayers: [Double]?
    /// Who is on which image, and which camera filmed it.
    public let labels: RetrievalLabels

    /// Joins images and their embeddings.
    ///
    /// - Parameters:
    ///   - retrieval: Q queries and G gallery images.
    ///   - queries: `[Q, D]`.
    ///   - gallery: `[G, D]`.
    ///   - secondPlayers: How probable it is that each query shows another player, Q of them.
    /// - Throws: `MetricsError.countMismatch` if the numbers differ.
    public init(
        retrieval: Retrieval, queries: Embeddings, gallery: Embeddings,
        secondPlayers: [Double]? = nil
    ) throws(MetricsError) {
        for (what, expected, found) in [
            ("query embeddings", retrieval.queries.count, queries.count),
            ("gallery embeddings", retrieval.gallery.count, gallery.count),
            (
                "second players", retrieval.queries.count,
                secondPlayers?.count ?? retrieval.queries.count
            ),
        ] where expected != found {
            throw .countMismatch(what: what, expected: expected, found: found)
        }
        self.retrieval = retrieval
        self.queries = queries
        self.gallery = gallery
        self.secondPlayers = secondPlayers
        labels = try RetrievalLabels(
            queryIdentities: retrieval.queryIdentities,
            galleryIdentities: retrieval.galleryIdentities,
            queryCameras: retrieval.queryCameras, galleryCameras: retrieval.galleryCameras)
    }

    /// Squared Euclidean distances of the unit vectors, `[Q, G]`, computed while they are read.
    ///
    /// - Throws: `MetricsError.countMismatch` if the embeddings differ in width.
    public func distances() throws(MetricsError) -> EmbeddingDistances {
        try EmbeddingDistances(queries: queries.matrix(), gallery: gallery.matrix())
    }

    /// Distances after k-reciprocal re-ranking, `[Q, G]`, computed while they are read.
    ///
    /// - Throws: `MetricsError` if an embedding is not finite or the task was cancelled.
    public func reranked(_ reranking: Reranking) throws(MetricsError) -> RerankedDistances {
        try reranking.rerank(queries: queries.matrix(), gallery: gallery.matrix())
    }

    /// The figures of any distances between these images; of the embeddings' own by default.
    ///
    /// - Parameters:
    ///   - distances: `[Q, G]`; nil for `distances()`.
    ///   - evaluation: Ranks, seeds and draws.
    /// - Returns: The mean figures over all queries that have a match.
    /// - Throws: `ReIdentError.unlabelled` if it is not known who is on the images;
    ///   `MetricsError` as `RetrievalEvaluation.scores(of:labels:)`.
    public func scores(
        of distances: (any DistanceRows)? = nil,
        evaluation: RetrievalEvaluation = RetrievalEvaluation()
    ) throws -> RetrievalScores {
        guard retrieval.isLabelled else { throw ReIdentError.unlabelled(place: "These images") }
        return try evaluation.scores(of: distances ?? self.distances(), labels: labels)
    }
}

extension Embeddings {
    /// The vectors as the metrics take them, `[N, D]`.
    ///
    /// - Throws: `MetricsError.countMismatch`, never for values of this type.
    public func matrix() throws(MetricsError) -> EmbeddingMatrix {
        try EmbeddingMatrix(values: values, count: count, dimension: dimension)
    }
}
