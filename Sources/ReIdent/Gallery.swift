// A gallery in memory: embeddings of known images and the search among them.
//
// SPDX-License-Identifier: MIT

/// One image that a query was matched with.
public struct Match: Sendable, Equatable, Codable {
    /// The gallery image.
    public let path: String
    /// The player it shows, where that is known.
    public let identity: String?
    /// Cosine similarity to the query, -1...1.
    public let similarity: Float

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(identity, forKey: .identity)  // writes null, not nothing
        try container.encode(similarity, forKey: .similarity)
    }
}

/// Images with their embeddings, to be searched.
public struct Gallery: Sendable {
    /// The embeddings, one row an image.
    public let embeddings: Embeddings
    /// For each row, the player, where known.
    public let identities: [String?]

    /// Joins embeddings and identities.
    ///
    /// - Parameters:
    ///   - embeddings: One row an image.
    ///   - identities: As many as rows; nil if no identity is known.
    public init(_ embeddings: Embeddings, identities: [String?]? = nil) {
        let identities = identities ?? [String?](repeating: nil, count: embeddings.count)
        precondition(identities.count == embeddings.count, "identities and rows differ in number")
        self.embeddings = embeddings
        self.identities = identities
    }

    /// The images most similar to each query, best first; ties in row order.
    ///
    /// - Parameters:
    ///   - queries: Embeddings of the same model.
    ///   - count: Matches a query; fewer where the gallery is smaller.
    /// - Returns: For each query its matches.
    /// - Throws: `ReIdentError.widthMismatch` if the widths differ.
    /// - Complexity: O(Q · G · D).
    public func matches(
        of queries: Embeddings, count: Int
    ) throws(ReIdentError) -> [[Match]] {
        guard queries.dimension == embeddings.dimension else {
            throw .widthMismatch(
                expected: embeddings.dimension, found: queries.dimension, source: "the queries")
        }
        return (0..<queries.count).map { row in
            let query = Array(queries[row])
            let similarities = similarities(to: query)
            let order = similarities.indices.sorted {
                similarities[$0] == similarities[$1]
                    ? $0 < $1 : similarities[$0] > similarities[$1]
            }
            return order.prefix(count).map { index in
                Match(
                    path: embeddings.paths[index], identity: identities[index],
                    similarity: min(1, max(-1, similarities[index])))  // but for rounding
            }
        }
    }

    private func similarities(to query: [Float]) -> [Float] {
        let width = embeddings.dimension
        return embeddings.values.withUnsafeBufferPointer { values in
            query.withUnsafeBufferPointer { query in
                (0..<embeddings.count).map { row in
                    var sum: Float = 0
                    let start = row * width
                    for column in 0..<width { sum += values[start + column] * query[column] }
                    return sum
                }
            }
        }
    }
}
