// A gallery in memory or on disk: embeddings of known images and the search among them.
//
// SPDX-License-Identifier: MIT

public import ReIdentIndex
import ReIdentMetrics

/// One image that a query was matched with.
public struct Match: Sendable, Equatable, Codable {
    /// The gallery image.
    public let path: String
    /// The player it shows, where that is known.
    public let identity: String?
    /// Cosine similarity to the query, -1...1.
    public let similarity: Float

    /// A match.
    public init(path: String, identity: String?, similarity: Float) {
        self.path = path
        self.identity = identity
        self.similarity = similarity
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(identity, forKey: .identity)  // writes null, not nothing
        try container.encode(similarity, forKey: .similarity)
    }
}

/// Images with their embeddings, to be searched.
public struct Gallery: Sendable {
    private enum Contents {
        case embeddings(Embeddings)
        case index(VectorIndex)
    }

    /// What each image is called, one a row.
    public let paths: [String]
    /// For each row, the player, where known.
    public let identities: [String?]

    private let contents: Contents
    /// Kept, because it is faster when it is asked again.
    private let search: Result<any VectorSearch, IndexError>

    /// Joins embeddings and identities.
    ///
    /// - Parameters:
    ///   - embeddings: One row an image.
    ///   - identities: As many as rows; nil if no identity is known.
    public init(_ embeddings: Embeddings, identities: [String?]? = nil) {
        let identities = identities ?? [String?](repeating: nil, count: embeddings.count)
        precondition(identities.count == embeddings.count, "identities and rows differ in number")
        paths = embeddings.paths
        self.identities = identities
        contents = .embeddings(embeddings)
        search = Result { () throws(IndexError) in
            ExactSearch(try Self.matrix(of: embeddings))
        }
    }

    /// A gallery on disk; its vectors stay there.
    ///
    /// - Parameters:
    ///   - index: The gallery.
    ///   - search: How it is searched; nil for exactly.
    public init(_ index: VectorIndex, searchedBy search: (any VectorSearch)? = nil) {
        paths = index.entries.map(\.path)
        identities = index.entries.map(\.identity)
        contents = .index(index)
        self.search = .success(search ?? index.search)
    }

    /// Width D of an embedding.
    public var dimension: Int {
        switch contents {
        case .embeddings(let embeddings): embeddings.dimension
        case .index(let index): index.dimension
        }
    }

    /// The images most similar to each query, best first; ties in row order.
    ///
    /// - Parameters:
    ///   - queries: Embeddings of the same model.
    ///   - count: Matches a query; fewer where the gallery is smaller.
    /// - Returns: For each query its matches.
    /// - Throws: `ReIdentError.widthMismatch` if the widths differ, `index` if the task was
    ///   cancelled.
    /// - Complexity: O(Q · G · D).
    public func matches(
        of queries: Embeddings, count: Int
    ) throws(ReIdentError) -> [[Match]] {
        guard queries.dimension == dimension else {
            throw .widthMismatch(
                expected: dimension, found: queries.dimension, source: "the queries")
        }
        do throws(IndexError) {
            let found = try search.get().nearest(to: Self.matrix(of: queries), count: count)
            return found.map { neighbors in
                neighbors.map { neighbor in
                    Match(
                        path: paths[neighbor.row], identity: identities[neighbor.row],
                        similarity: neighbor.similarity)
                }
            }
        } catch {
            throw .index(error)
        }
    }

    /// All vectors, `[N, D]`.
    func vectors() throws(ReIdentError) -> EmbeddingMatrix {
        switch contents {
        case .index(let index): return index.vectors
        case .embeddings(let embeddings):
            do throws(IndexError) {
                return try Self.matrix(of: embeddings)
            } catch {
                throw .index(error)
            }
        }
    }

    private static func matrix(
        of embeddings: Embeddings
    ) throws(IndexError) -> EmbeddingMatrix {
        do throws(MetricsError) {
            return try embeddings.matrix()
        } catch {
            throw .search(error)
        }
    }
}
