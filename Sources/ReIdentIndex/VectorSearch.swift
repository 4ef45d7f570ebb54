// Searching vectors behind one protocol, so that an approximate search can take the exact one's
// place.
//
// SPDX-License-Identifier: MIT

public import ReIdentMetrics

/// One of the vectors that were found for a query.
public struct Neighbor: Sendable, Equatable {
    /// Its row.
    public let row: Int
    /// Cosine similarity to the query, -1...1.
    public let similarity: Float

    /// A row with its similarity.
    public init(row: Int, similarity: Float) {
        self.row = row
        self.similarity = similarity
    }
}

/// Finds the vectors most similar to others; all are of unit length.
public protocol VectorSearch: Sendable {
    /// N, the number of vectors searched among.
    var count: Int { get }

    /// D, the size of a vector.
    var dimension: Int { get }

    /// The rows most similar to each query, best first; equal ones in the order of rows.
    ///
    /// - Parameters:
    ///   - queries: `[Q, D]`.
    ///   - count: Rows for each query, at least 1; fewer where there are not as many.
    /// - Returns: For each query its rows.
    /// - Throws: `IndexError.search` if the sizes differ or the task was cancelled.
    func nearest(
        to queries: EmbeddingMatrix, count: Int
    ) throws(IndexError) -> [[Neighbor]]
}

/// Compares every query with every vector.
public struct ExactSearch: VectorSearch {
    private let vectors: EmbeddingMatrix

    /// Queries are taken in blocks whose products with all vectors take at most this many numbers.
    private static let blockSize = 1 << 22

    /// A search among vectors of unit length, `[N, D]`.
    public init(_ vectors: EmbeddingMatrix) { self.vectors = vectors }

    public var count: Int { vectors.count }
    public var dimension: Int { vectors.dimension }

    public func nearest(
        to queries: EmbeddingMatrix, count: Int
    ) throws(IndexError) -> [[Neighbor]] {
        do throws(MetricsError) {
            var results: [[Neighbor]] = []
            let step = max(1, Self.blockSize / max(1, vectors.count))
            var start = 0
            while start < queries.count {
                if Task.isCancelled { throw MetricsError.cancelled }
                let rows = start..<min(queries.count, start + step)
                try queries.withProducts(ofRows: rows, with: vectors) { products in
                    for offset in 0..<rows.count {
                        let row = products[offset * vectors.count..<(offset + 1) * vectors.count]
                        results.append(Self.best(count, of: UnsafeBufferPointer(rebasing: row)))
                    }
                }
                start = rows.upperBound
            }
            return results
        } catch {
            throw .search(error)
        }
    }

    /// The largest of the products, by a heap of the best so far with the worst of them on top.
    private static func best(_ count: Int, of products: UnsafeBufferPointer<Float>) -> [Neighbor] {
        var heap = WorstFirstHeap(capacity: min(count, products.count))
        for (row, product) in products.enumerated() {
            heap.offer(Neighbor(row: row, similarity: product))
        }
        return heap.bestFirst.map { neighbor in
            // But for rounding, products of unit vectors lie there.
            Neighbor(row: neighbor.row, similarity: min(1, max(-1, neighbor.similarity)))
        }
    }
}

/// The best neighbours that were offered, a fixed number of them.
private struct WorstFirstHeap {
    private var elements: [Neighbor] = []
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        elements.reserveCapacity(capacity)
    }

    /// The elements from the best to the worst.
    var bestFirst: [Neighbor] { elements.sorted { Self.isWorse($1, than: $0) } }

    mutating func offer(_ element: Neighbor) {
        if elements.count < capacity {
            elements.append(element)
            siftUp()
        } else if let worst = elements.first, Self.isWorse(worst, than: element) {
            elements[0] = element
            siftDown()
        }
    }

    private static func isWorse(_ first: Neighbor, than second: Neighbor) -> Bool {
        first.similarity < second.similarity
            || (first.similarity == second.similarity && first.row > second.row)
    }

    private mutating func siftUp() {
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.isWorse(elements[child], than: elements[parent]) else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var worst = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < elements.count && Self.isWorse(elements[child], than: elements[worst]) {
                worst = child
            }
            guard worst != parent else { return }
            elements.swapAt(parent, worst)
            parent = worst
        }
    }
}
