// Queries and a gallery, embedded by a model and scored: the evaluation of a model on a dataset.
//
// SPDX-License-Identifier: MIT

public import ReIdentData
import ReIdentFiles
public import ReIdentImages
public import ReIdentMetrics

extension PlayerImage {
    /// The image as the loader takes it; messages call it by its path.
    public var imageSource: ImageSource {
        ImageSource(name: description) { [source] in try source.read() }
    }
}

/// Queries and the gallery they are searched in, not embedded yet.
public struct RetrievalSet: Sendable {
    /// The images and their labels.
    public let retrieval: Retrieval

    /// The set of an evaluation.
    public init(_ retrieval: Retrieval) { self.retrieval = retrieval }

    /// Embeds queries and gallery.
    ///
    /// - Parameters:
    ///   - encoder: The model.
    ///   - progress: Is told after every batch, over queries and gallery together.
    /// - Returns: The embeddings with their labels.
    /// - Throws: `ImageError` of the first bad image, `EngineError`, `MetricsError` if only one
    ///   side has cameras, or `CancellationError`.
    public func embedded(
        by encoder: PlayerEncoder, progress: PlayerEncoder.Progress = { _, _ in }
    ) async throws -> EmbeddedRetrieval {
        let images = retrieval.queries + retrieval.gallery
        let all = try await encoder.embed(images.map(\.imageSource), progress: progress)
        let queryCount = retrieval.queries.count
        return EmbeddedRetrieval(
            retrieval: retrieval,
            queries: all.embeddings.selecting(Array(0..<queryCount)),
            gallery: all.embeddings.selecting(Array(queryCount..<images.count)),
            labels: try RetrievalLabels(
                queryIdentities: retrieval.queryIdentities,
                galleryIdentities: retrieval.galleryIdentities,
                queryCameras: retrieval.queryCameras, galleryCameras: retrieval.galleryCameras))
    }
}

/// Queries and a gallery as embeddings with their labels.
public struct EmbeddedRetrieval: Sendable {
    /// The images.
    public let retrieval: Retrieval
    /// One row a query.
    public let queries: Embeddings
    /// One row a gallery image.
    public let gallery: Embeddings
    /// Players and cameras.
    public let labels: RetrievalLabels

    /// Squared Euclidean distances of the unit vectors, `[Q, G]`, computed while they are read.
    ///
    /// - Returns: 0 for the same vector, 4 for opposite ones.
    /// - Throws: `MetricsError` never for embeddings of one model.
    public func distances() throws(MetricsError) -> EmbeddingDistances {
        try EmbeddingDistances(queries: queries.matrix(), gallery: gallery.matrix())
    }

    /// The figures without re-ranking.
    ///
    /// - Returns: mAP, mINP, CMC and their intervals.
    /// - Throws: `MetricsError.noValidQuery` if no query has a match in the gallery.
    public func scores() throws(MetricsError) -> RetrievalScores {
        try RetrievalEvaluation().scores(of: distances(), labels: labels)
    }
}

extension Embeddings {
    /// The vectors as the metrics take them, `[N, D]`.
    ///
    /// - Returns: The same numbers.
    /// - Throws: `MetricsError` never: the counts agree.
    public func matrix() throws(MetricsError) -> EmbeddingMatrix {
        try EmbeddingMatrix(values: values, count: count, dimension: dimension)
    }
}
