// The search that follows a graph of near neighbours instead of comparing with all vectors.
// Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
// Navigable Small World graphs", 2016.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
public import ReIdentMetrics
import Synchronization

/// Finds most of the nearest vectors in a small part of the time that finding all takes.
///
/// The graph finds candidates by vectors in 8 bits a number; these are compared in single
/// precision, so similarities are those of the exact search. It follows changes without being
/// built again: what is new is linked, what is removed is passed through until something new takes
/// its place.
// SAFETY: what changes is read and written under the lock.
public final class ApproximateSearch: VectorSearch, @unchecked Sendable {
    /// How a graph is built.
    public struct Options: Sendable, Equatable {
        /// Links of a vector; more find more and take more memory and time.
        public var neighbours = 16
        /// Candidates among which links are chosen; more find more and take longer to build.
        public var buildingEffort = 200

        /// The usual options.
        public init() {}
    }

    /// Reports how many vectors of how many are linked.
    public typealias Progress = (_ done: Int, _ total: Int) -> Void

    /// Candidates that a search keeps, unless it is told otherwise.
    public static let usualEffort = 384

    /// Candidates that a search keeps; more find more and take longer.
    public let effort: Int

    private let lock = ReadersAndWriter()
    private let graph: NeighbourGraph
    private var exact: NearestRows
    /// For each place of the graph the row of its vector; -1 for a removed one.
    private var rowOfPlace: [Int32]

    /// Vectors that are linked before cancellation is noticed and progress reported.
    private static let batchSize = 512
    /// If candidates are one vector in so many, comparing with all takes no longer.
    private static let exactShare = 8

    /// Builds a graph, on all cores.
    ///
    /// - Parameters:
    ///   - vectors: `[N, D]`, of unit length.
    ///   - options: How it is built.
    ///   - effort: Candidates that a search keeps, at least 1.
    ///   - progress: Told now and then.
    /// - Throws: `IndexError.graph` if there is not enough memory, `search` if the task was
    ///   cancelled.
    public convenience init(
        _ vectors: EmbeddingMatrix, options: Options = Options(),
        effort: Int = ApproximateSearch.usualEffort, progress: Progress = { _, _ in }
    ) throws(IndexError) {
        let form = NeighbourGraph.Form(
            dimension: vectors.dimension, neighbours: options.neighbours,
            effort: options.buildingEffort)
        let middle = try Self.carrying { () throws(MetricsError) in try vectors.sampledMean() }
        self.init(
            graph: try NeighbourGraph(form, middle: middle, capacity: vectors.count),
            vectors: vectors, rowOfPlace: [], effort: effort)
        try link(Array(0..<vectors.count), progress)
    }

    /// A search by a graph that is there.
    init(graph: NeighbourGraph, vectors: EmbeddingMatrix, rowOfPlace: [Int32], effort: Int) {
        precondition(effort > 0, "a search keeps a candidate")
        self.graph = graph
        self.rowOfPlace = rowOfPlace
        self.effort = effort
        exact = NearestRows(vectors)
    }

    public var count: Int { lock.read { exact.vectors.count } }
    public var dimension: Int { graph.form.dimension }

    public func nearest(
        to queries: EmbeddingMatrix, count: Int
    ) throws(IndexError) -> [[Neighbor]] {
        try nearest(to: queries, count: count, effort: effort)
    }

    /// The same with another number of candidates.
    ///
    /// - Parameters:
    ///   - queries: `[Q, D]`.
    ///   - count: Rows for each query, at least 1.
    ///   - effort: Candidates that are kept, at least 1; never fewer than `count`.
    /// - Returns: For each query its rows.
    /// - Throws: `IndexError.search` if the sizes differ or the task was cancelled, `graph`.
    public func nearest(
        to queries: EmbeddingMatrix, count: Int, effort: Int
    ) throws(IndexError) -> [[Neighbor]] {
        try lock.read { () throws(IndexError) in
            let kept = max(effort, count)
            guard queries.dimension == dimension, kept < exact.vectors.count / Self.exactShare
            else {
                return try neighbors { () throws(MetricsError) in
                    try exact.nearest(to: queries, count: count)
                }
            }
            if Task.isCancelled { throw .search(.cancelled) }
            let candidates = try candidates(for: queries, count: kept)
            // A graph may have parts that no way leads to.
            if candidates.contains(where: { $0.count < count }) {
                return try neighbors { () throws(MetricsError) in
                    try exact.nearest(to: queries, count: count)
                }
            }
            return try neighbors { () throws(MetricsError) in
                try exact.nearest(to: queries, among: candidates, count: count)
            }
        }
    }

    /// Follows a change of the vectors.
    ///
    /// After an error the graph is of no use.
    ///
    /// - Parameters:
    ///   - vectors: What there is now, `[N, D]`.
    ///   - rows: For each former row the row that the same vector has now; nil if it is gone.
    ///   - progress: Told now and then of what is new.
    /// - Returns: How many vectors were linked and how many taken out.
    /// - Throws: `IndexError.graph`, or `search` if the task was cancelled or the sizes differ.
    @discardableResult
    public func follow(
        _ vectors: EmbeddingMatrix, rows: [Int?], progress: Progress = { _, _ in }
    ) throws(IndexError) -> (linked: Int, removed: Int) {
        try lock.write { () throws(IndexError) in
            guard vectors.dimension == dimension else {
                throw .search(
                    .countMismatch(
                        what: "numbers in a vector for a graph", expected: dimension,
                        found: vectors.dimension))
            }
            guard rows.count == exact.vectors.count else {
                throw .search(
                    .countMismatch(
                        what: "former rows of a graph", expected: exact.vectors.count,
                        found: rows.count))
            }
            var isLinked = [Bool](repeating: false, count: vectors.count)
            var removed = 0
            for place in rowOfPlace.indices where rowOfPlace[place] >= 0 {
                if let row = rows[Int(rowOfPlace[place])] {
                    rowOfPlace[place] = Int32(row)
                    isLinked[row] = true
                } else {
                    try graph.remove(place)
                    rowOfPlace[place] = -1
                    removed += 1
                }
            }
            exact = NearestRows(vectors)
            let new = isLinked.indices.filter { !isLinked[$0] }
            try link(new, progress)
            return (new.count, removed)
        }
    }

    /// Calls `body` with what a file has to hold.
    func withContents<Result>(
        _ body: (NeighbourGraph, [Int32]) throws(IndexError) -> Result
    ) throws(IndexError) -> Result {
        try lock.read { () throws(IndexError) in try body(graph, rowOfPlace) }
    }

    // MARK: Parts

    /// Links rows, in removed places first.
    private func link(_ rows: [Int], _ progress: Progress) throws(IndexError) {
        let free = rowOfPlace.indices.filter { rowOfPlace[$0] < 0 }.prefix(rows.count)
        let first = rowOfPlace.count
        try graph.reserve(first + rows.count - free.count)
        let places = Array(free) + Array(first..<first + rows.count - free.count)
        rowOfPlace += [Int32](repeating: -1, count: rows.count - free.count)
        for start in stride(from: 0, to: rows.count, by: Self.batchSize) {
            if Task.isCancelled { throw .search(.cancelled) }
            progress(start, rows.count)
            // The first place of a graph is linked alone: where it begins is not known before.
            let alone = graph.count == 0 ? 1 : 0
            let end = min(rows.count, start + Self.batchSize)
            try add(rows, places, start..<start + alone)
            try add(rows, places, start + alone..<end)
        }
        for (row, place) in zip(rows, places) { rowOfPlace[place] = Int32(row) }
        progress(rows.count, rows.count)
    }

    private func add(
        _ rows: [Int], _ places: [Int], _ range: Range<Int>
    ) throws(IndexError) {
        let failure = Mutex<IndexError?>(nil)
        let (graph, dimension) = (graph, dimension)
        try Self.carrying { () throws(MetricsError) in
            try exact.vectors.withValues { values in
                let vectors = ReadOnlyVectors(values)
                parallelForEach(count: range.count) { position in
                    let position = range.lowerBound + position
                    guard let base = vectors.pointer.baseAddress else { return }
                    do throws(IndexError) {
                        try graph.add(base + rows[position] * dimension, at: places[position])
                    } catch {
                        failure.withLock { $0 = error }
                    }
                }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// Rows near each query.
    private func candidates(
        for queries: EmbeddingMatrix, count: Int
    ) throws(IndexError) -> [[Int]] {
        let found = Mutex([Result<[UInt32], IndexError>?](repeating: nil, count: queries.count))
        let (graph, dimension) = (graph, dimension)
        try Self.carrying { () throws(MetricsError) in
            try queries.withValues { values in
                let asked = ReadOnlyVectors(values)
                parallelForEach(count: queries.count) { query in
                    guard let base = asked.pointer.baseAddress else { return }
                    let places = Result { () throws(IndexError) in
                        try graph.places(near: base + query * dimension, count: count)
                    }
                    found.withLock { $0[query] = places }
                }
            }
        }
        var candidates: [[Int]] = []
        for places in found.withLock({ $0 }) {
            candidates.append(
                (try places?.get() ?? []).map { Int(rowOfPlace[Int($0)]) }.filter { $0 >= 0 })
        }
        return candidates
    }

    private func neighbors(
        _ body: () throws(MetricsError) -> [[RankedRow]]
    ) throws(IndexError) -> [[Neighbor]] {
        try Self.carrying(body).map { $0.map(Neighbor.init) }
    }

    private static func carrying<Result>(
        _ body: () throws(MetricsError) -> Result
    ) throws(IndexError) -> Result {
        do {
            return try body()
        } catch {
            throw .search(error)
        }
    }
}

// SAFETY: nobody writes to the memory while a value of this type exists.
private struct ReadOnlyVectors: @unchecked Sendable {
    let pointer: UnsafeBufferPointer<Float>
    init(_ pointer: UnsafeBufferPointer<Float>) { self.pointer = pointer }
}
