// What an evaluation's queries find, in order: what its figures are made of.
//
// SPDX-License-Identifier: MIT

public import ReIdentData
public import ReIdentMetrics

/// One gallery image in the ranking of a query.
public struct RankedImage: Sendable {
    /// The image.
    public let image: PlayerImage
    /// Cosine similarity to the query, -1...1.
    public let similarity: Float
    /// Whether it shows the query's player.
    public let isRight: Bool
}

extension EmbeddedRetrieval {
    /// The gallery images nearest to a query by the embeddings, best first.
    ///
    /// As in the figures, images of the query's player by the query's camera are left out.
    ///
    /// - Parameters:
    ///   - query: The query's row.
    ///   - count: How many at most.
    /// - Returns: The images.
    /// - Throws: `MetricsError` if the embeddings differ in width.
    public func ranking(ofQuery query: Int, count: Int) throws(MetricsError) -> [RankedImage] {
        let wanted = retrieval.queries[query]
        let cameras = (retrieval.queryCameras, retrieval.galleryCameras)
        let similarities = try queries.matrix().withProducts(
            ofRows: query..<query + 1, with: gallery.matrix()
        ) { Array($0) }
        func isRight(_ row: Int) -> Bool {
            let image = retrieval.gallery[row]
            return !image.isDistractor && image.identity == wanted.identity
        }
        func isLeftOut(_ row: Int) -> Bool {
            guard let query = cameras.0?[query], let camera = cameras.1?[row] else { return false }
            return query == camera && isRight(row)
        }
        let order = similarities.indices.filter { !isLeftOut($0) }.sorted {
            similarities[$0] == similarities[$1] ? $0 < $1 : similarities[$0] > similarities[$1]
        }
        return order.prefix(count).map { row in
            RankedImage(
                image: retrieval.gallery[row], similarity: min(1, max(-1, similarities[row])),
                isRight: isRight(row))
        }
    }
}
