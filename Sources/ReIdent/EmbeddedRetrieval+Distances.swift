// Distances of an embedded data set with their labels, in the form that files hold.
//
// SPDX-License-Identifier: MIT

import ReIdentData
public import ReIdentMetrics

extension EmbeddedRetrieval {
    /// The distances with identities as competitions write them, and cameras.
    ///
    /// A distractor keeps its identity where no query has the same, so that every id of the usual
    /// data sets is a number.
    ///
    /// - Parameters:
    ///   - reranking: Re-ranks them; nil leaves them as they are and adds those among queries and
    ///     among gallery images.
    ///   - source: Where they come from, for messages.
    /// - Returns: Distances that are computed while they are read.
    /// - Throws: `MetricsError` as `distances()` and `reranked(_:)`.
    public func labelledDistances(
        reranking: Reranking? = nil, source: String
    ) throws(MetricsError) -> LabelledDistances {
        let queryIdentities = retrieval.queries.map(\.submissionIdentity)
        let searched = Set(queryIdentities)
        let galleryIdentities: [String?] = retrieval.gallery.map { image in
            let identity = image.submissionIdentity
            return image.isDistractor && searched.contains(identity) ? nil : identity
        }
        let rows: any DistanceRows
        if let reranking { rows = try reranked(reranking) } else { rows = try distances() }
        var result = LabelledDistances(
            source: source, distances: rows, queryIdentities: queryIdentities,
            galleryIdentities: galleryIdentities, queryCameras: retrieval.queryCameras,
            galleryCameras: retrieval.galleryCameras)
        guard reranking == nil else { return result }
        let (queries, gallery) = (try queries.matrix(), try gallery.matrix())
        result.queryDistances = try EmbeddingDistances(queries: queries, gallery: queries)
        result.galleryDistances = try EmbeddingDistances(queries: gallery, gallery: gallery)
        return result
    }
}
