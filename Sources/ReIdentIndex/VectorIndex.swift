// A gallery on disk: vectors of unit length with their paths and players.
//
// An index is a safetensors file with the tensor `embeddings` [N, D] in fp32 and everything else in
// its texts, so that whatever reads the files of `reident embed` reads it, too.
//
// SPDX-License-Identifier: MIT

public import ReIdentMetrics

/// Vectors of N images with paths and players, in a file or on the way to one.
public struct VectorIndex: Sendable {
    /// One image of an index.
    public struct Entry: Sendable, Equatable {
        /// Where the image is; no two entries have the same.
        public let path: String
        /// Who is on it, where that is known.
        public let identity: String?

        /// An image.
        public init(path: String, identity: String?) {
            self.path = path
            self.identity = identity
        }
    }

    /// The version of the form that is read and written.
    public static let version = "1"

    /// How the vectors were made.
    public let origin: IndexOrigin
    /// The images, in the order of rows.
    public private(set) var entries: [Entry]
    /// The vectors, `[N, D]`, each of unit length.
    public private(set) var vectors: EmbeddingMatrix {
        didSet {
            exact = ExactSearch(vectors)
            digest = nil
        }
    }
    /// The checksum of the file that this was read from; nil once it was changed.
    public private(set) var digest: String?
    /// Kept, because it is faster when it is asked again.
    private var exact: ExactSearch

    /// N, the number of images.
    public var count: Int { entries.count }
    /// D, the size of a vector.
    public var dimension: Int { vectors.dimension }
    /// The search among the vectors.
    public var search: any VectorSearch { exact }

    /// An index of images and their vectors.
    ///
    /// - Parameters:
    ///   - entries: N images; of several with one path the last counts, in the first one's place.
    ///   - vectors: `[N, D]`, of unit length.
    ///   - origin: How they were made.
    /// - Throws: `IndexError.search` if the numbers differ.
    public init(
        entries: [Entry], vectors: EmbeddingMatrix, origin: IndexOrigin
    ) throws(IndexError) {
        self.origin = origin
        self.entries = []
        do throws(MetricsError) {
            let nothing = try EmbeddingMatrix(
                values: [], count: 0, dimension: vectors.dimension)
            self.vectors = nothing
            exact = ExactSearch(nothing)
        } catch {
            throw .search(error)
        }
        _ = try put(entries, vectors: vectors)
    }

    /// An index whose parts are known to be sound and without repetition.
    init(
        soundEntries entries: [Entry], vectors: EmbeddingMatrix, origin: IndexOrigin,
        digest: String? = nil
    ) {
        self.entries = entries
        self.vectors = vectors
        exact = ExactSearch(vectors)
        self.digest = digest
        self.origin = origin
    }

    /// Adds images; one whose path is there already is replaced in its place.
    ///
    /// - Parameters:
    ///   - entries: M images.
    ///   - added: `[M, D]`, of unit length.
    /// - Returns: How many were new and how many replaced others.
    /// - Throws: `IndexError.search` if the numbers or sizes differ.
    public mutating func put(
        _ entries: [Entry], vectors added: EmbeddingMatrix
    ) throws(IndexError) -> (added: Int, replaced: Int) {
        do throws(MetricsError) {
            guard added.count == entries.count else {
                throw .countMismatch(
                    what: "vectors for an index", expected: entries.count, found: added.count)
            }
            guard added.dimension == dimension else {
                throw .countMismatch(
                    what: "numbers in a vector for an index", expected: dimension,
                    found: added.dimension)
            }
            var rows = Dictionary(
                self.entries.enumerated().map { ($1.path, $0) }, uniquingKeysWith: { $1 })
            let before = count
            var replaced = 0
            var all = try vectors.withValues { Array($0) }
            try added.withValues { (values) throws(MetricsError) in
                for (position, entry) in entries.enumerated() {
                    let vector = values[position * dimension..<(position + 1) * dimension]
                    if let row = rows[entry.path] {
                        all.replaceSubrange(
                            row * dimension..<(row + 1) * dimension, with: vector)
                        self.entries[row] = entry
                        if row < before { replaced += 1 }
                    } else {
                        rows[entry.path] = self.entries.count
                        self.entries.append(entry)
                        all.append(contentsOf: vector)
                    }
                }
            }
            vectors = try EmbeddingMatrix(values: all, count: count, dimension: dimension)
            return (count - before, replaced)
        } catch {
            throw .search(error)
        }
    }

    /// Takes images out: those of the given paths, and those in folders of the given paths.
    ///
    /// - Parameters:
    ///   - paths: As the entries have them; a folder without a slash at its end.
    ///   - source: The index, for messages.
    /// - Returns: How many were taken out.
    /// - Throws: `IndexError.notThere` if a path leads to no image; nothing is taken out then.
    public mutating func remove(
        _ paths: [String], source: String
    ) throws(IndexError) -> Int {
        var unused = Set(paths)
        let wanted = unused
        let kept = entries.indices.filter { row in
            var place = Substring(entries[row].path)
            var isKept = true
            while true {
                if wanted.contains(String(place)) {
                    unused.remove(String(place))
                    isKept = false
                }
                guard let slash = place.lastIndex(of: "/") else { break }
                place = place[..<slash]
            }
            return isKept
        }
        guard unused.isEmpty else {
            throw .notThere(path: source, missing: paths.filter(unused.contains))
        }
        let removed = count - kept.count
        do throws(MetricsError) {
            let values = try vectors.withValues { values in
                kept.flatMap { values[$0 * dimension..<($0 + 1) * dimension] }
            }
            vectors = try EmbeddingMatrix(
                values: values, count: kept.count, dimension: dimension)
        } catch {
            throw .search(error)
        }
        entries = kept.map { entries[$0] }
        return removed
    }
}
