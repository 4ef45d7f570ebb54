// Indexes of what an encoder embedded.
//
// SPDX-License-Identifier: MIT

public import ReIdentIndex
import ReIdentMetrics

extension PlayerEncoder {
    /// How this encoder makes its vectors, as an index remembers it.
    ///
    /// - Parameter path: Where the package is.
    /// - Returns: The origin.
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public nonisolated func indexOrigin(packagePath path: String) throws -> IndexOrigin {
        IndexOrigin(texts: try metadata(), package: path)
    }
}

extension VectorIndex {
    /// An index of embeddings.
    ///
    /// - Parameters:
    ///   - embeddings: One row an image, called by its path.
    ///   - identities: For each row the player, where known.
    ///   - origin: How the embeddings were made.
    /// - Throws: `IndexError.search` if the numbers differ.
    public init(
        _ embeddings: Embeddings, identities: [String?], origin: IndexOrigin
    ) throws {
        try self.init(
            entries: zip(embeddings.paths, identities).map { Entry(path: $0, identity: $1) },
            vectors: embeddings.matrix(), origin: origin)
    }

    /// Adds embeddings; an image whose path is there already is replaced in its place.
    ///
    /// - Parameters:
    ///   - embeddings: One row an image, called by its path.
    ///   - identities: For each row the player, where known.
    /// - Returns: How many were new and how many replaced others.
    /// - Throws: `IndexError.search` if the numbers or widths differ.
    public mutating func put(
        _ embeddings: Embeddings, identities: [String?]
    ) throws -> (added: Int, replaced: Int) {
        try put(
            zip(embeddings.paths, identities).map { Entry(path: $0, identity: $1) },
            vectors: embeddings.matrix())
    }
}
