// The result of re-ranking, row by row.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Re-ranked distances of Q queries to G gallery images, computed while they are read.
///
/// Neither the original nor the re-ranked matrix is ever held as a whole.
public struct RerankedDistances: Sendable {
    private let original: any DistanceRows
    private let scales: [Float]
    private let queries: SparseRows
    private let galleryByImage: SparseRows
    private let lambda: Float

    /// Prepared neighbourhoods.
    ///
    /// - Parameters:
    ///   - original: Q × G distances, not squared.
    ///   - scales: For each query, its greatest squared distance to any image.
    ///   - queries: For each query, the weights of the images that describe it.
    ///   - galleryByImage: For each image, the gallery images it describes, with its weights.
    ///   - lambda: The share of the original distance.
    init(
        original: any DistanceRows, scales: [Float], queries: SparseRows,
        galleryByImage: SparseRows, lambda: Float
    ) {
        self.original = original
        self.scales = scales
        self.queries = queries
        self.galleryByImage = galleryByImage
        self.lambda = lambda
    }

}

extension RerankedDistances: DistanceRows {
    public var queryCount: Int { original.queryCount }
    public var galleryCount: Int { original.galleryCount }
    public var rowsPerBlock: Int { original.rowsPerBlock }

    public func withRows<Result>(
        _ rows: Range<Int>,
        _ body: (UnsafeBufferPointer<Float>) throws(MetricsError) -> Result
    ) throws(MetricsError) -> Result {
        let galleryCount = galleryCount
        let result = UnsafeMutableBufferPointer<Float>.allocate(
            capacity: rows.count * galleryCount)
        defer { result.deallocate() }
        try original.withRows(rows) { (block) throws(MetricsError) in
            let distances = SharedValues(block)
            let output = DisjointValues(result)
            parallelForEach(count: rows.count) { offset in
                let range = offset * galleryCount..<(offset + 1) * galleryCount
                fill(
                    UnsafeMutableBufferPointer(rebasing: output.pointer[range]),
                    query: rows.lowerBound + offset,
                    distances: UnsafeBufferPointer(rebasing: distances.pointer[range]))
            }
        }
        return try body(UnsafeBufferPointer(result))
    }

    /// Computes the row of one query.
    private func fill(
        _ row: UnsafeMutableBufferPointer<Float>, query: Int,
        distances: UnsafeBufferPointer<Float>
    ) {
        row.initialize(repeating: 0)
        for entry in queries.range(ofRow: query) {
            let weight = queries.values[entry]
            for place in galleryByImage.range(ofRow: Int(queries.columns[entry])) {
                row[Int(galleryByImage.columns[place])] += min(
                    weight, galleryByImage.values[place])
            }
        }
        let scale = scales[query] > 0 ? scales[query] : 1
        for column in row.indices {
            let jaccard = 1 - row[column] / (2 - row[column])
            let distance = distances[column] * distances[column] / scale
            row[column] = jaccard * (1 - lambda) + distance * lambda
        }
    }
}
