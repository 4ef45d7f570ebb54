// Distances together with what is known about their rows and columns: what `score` reads and
// `distances` writes.
//
// SPDX-License-Identifier: MIT

/// Distances with the identities and, where known, cameras of their queries and gallery images.
public struct LabelledDistances: Sendable {
    /// Where they come from, for messages: a file's path as a rule.
    public var source: String

    /// Q × G, smaller is more alike.
    public var distances: any DistanceRows

    /// The player on each query image, as text.
    public var queryIdentities: [String]

    /// The player on each gallery image; `nil` marks a distractor, which never matches.
    public var galleryIdentities: [String?]

    /// The camera of each query image, where known.
    public var queryCameras: [String]?

    /// The camera of each gallery image, where known.
    public var galleryCameras: [String]?

    /// Q × Q, where known; re-ranking needs them.
    public var queryDistances: (any DistanceRows)?

    /// G × G, where known; re-ranking needs them.
    public var galleryDistances: (any DistanceRows)?

    /// Joins distances and labels.
    ///
    /// - Parameters:
    ///   - source: Where they come from, for messages.
    ///   - distances: Q × G.
    ///   - queryIdentities: Q of them.
    ///   - galleryIdentities: G of them; `nil` marks a distractor.
    ///   - queryCameras: Q of them, or `nil` when cameras are not known.
    ///   - galleryCameras: G of them, or `nil` when cameras are not known.
    ///   - queryDistances: Q × Q, for re-ranking.
    ///   - galleryDistances: G × G, for re-ranking.
    public init(
        source: String, distances: any DistanceRows, queryIdentities: [String],
        galleryIdentities: [String?], queryCameras: [String]? = nil,
        galleryCameras: [String]? = nil, queryDistances: (any DistanceRows)? = nil,
        galleryDistances: (any DistanceRows)? = nil
    ) {
        self.source = source
        self.distances = distances
        self.queryIdentities = queryIdentities
        self.galleryIdentities = galleryIdentities
        self.queryCameras = queryCameras
        self.galleryCameras = galleryCameras
        self.queryDistances = queryDistances
        self.galleryDistances = galleryDistances
    }

    /// The labels as the evaluation takes them.
    ///
    /// - Returns: Identities and cameras.
    /// - Throws: `MetricsError.camerasOnOneSide` or `countMismatch`.
    public func labels() throws(MetricsError) -> RetrievalLabels {
        try RetrievalLabels(
            queryIdentities: queryIdentities, galleryIdentities: galleryIdentities,
            queryCameras: queryCameras, galleryCameras: galleryCameras)
    }

    /// The same with re-ranked distances.
    ///
    /// - Parameter reranking: The settings.
    /// - Returns: Labels as here, distances computed while they are read.
    /// - Throws: `MetricsError.missingMatrices` without the distances among queries and among
    ///   gallery images; else as `Reranking.rerank` does.
    public func reranked(_ reranking: Reranking) throws(MetricsError) -> LabelledDistances {
        guard let queryDistances, let galleryDistances else {
            let missing = [
                queryDistances == nil ? "'\(MatrixFile.Name.queryDistances)'" : nil,
                galleryDistances == nil ? "'\(MatrixFile.Name.galleryDistances)'" : nil,
            ]
            throw .missingMatrices(path: source, names: missing.compactMap { $0 })
        }
        var result = self
        result.distances = try reranking.rerank(
            queryGallery: distances, queryQuery: queryDistances, galleryGallery: galleryDistances)
        result.queryDistances = nil
        result.galleryDistances = nil
        return result
    }

    /// The report on these distances.
    ///
    /// - Parameters:
    ///   - evaluation: Ranks, seeds and draws.
    ///   - reranking: Re-ranks as well and reports both, if given.
    /// - Returns: The figures.
    /// - Throws: As `RetrievalEvaluation.scores` and `reranked` do.
    public func report(
        evaluation: RetrievalEvaluation = RetrievalEvaluation(), reranking: Reranking? = nil
    ) throws(MetricsError) -> RetrievalReport {
        let labels = try labels()
        let improved: LabelledDistances?
        if let reranking { improved = try reranked(reranking) } else { improved = nil }
        let scores = try evaluation.scores(of: distances, labels: labels)
        guard let improved else { return RetrievalReport(scores) }
        return try RetrievalReport(
            scores, reranked: evaluation.scores(of: improved.distances, labels: labels))
    }
}
