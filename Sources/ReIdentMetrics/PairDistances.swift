// The distances between all images, queries first, as re-ranking needs them: once as a stream for
// the neighbour lists, then single ones.
//
// SPDX-License-Identifier: MIT

import CDotProducts
import ReIdentFoundation
import Synchronization

/// Distances between all N = Q + G images of a re-ranking; images are numbered queries first.
protocol PairDistances {
    var queryCount: Int { get }
    var galleryCount: Int { get }

    /// Distances of queries to gallery, as they are blended into the result.
    var queryGallery: any DistanceRows { get }

    /// Offers every image to every image.
    func offerAll(to lists: NeighbourLists) throws(MetricsError)

    /// Fills in the squared distance from each row's image to the images of its columns.
    func fillSquares(of pairs: inout SparseRows) throws(MetricsError)
}

/// Distances between images given by their embeddings; every product is computed once.
struct EmbeddingPairs: PairDistances {
    let queries: EmbeddingMatrix
    let gallery: EmbeddingMatrix
    let distances: EmbeddingDistances
    let products: (any SimilarityBlocks)?
    private let squaredLengths: [Float]

    init(
        queries: EmbeddingMatrix, gallery: EmbeddingMatrix, products: (any SimilarityBlocks)?
    ) throws(MetricsError) {
        self.queries = queries
        self.gallery = gallery
        self.products = products
        distances = try EmbeddingDistances(queries: queries, gallery: gallery, products: products)
        squaredLengths = distances.querySquares + distances.gallerySquares
        if let products, products.count != squaredLengths.count {
            throw .countMismatch(
                what: "images of the dot products", expected: squaredLengths.count,
                found: products.count)
        }
        if let row = squaredLengths.firstIndex(where: { !$0.isFinite }) {
            let isQuery = row < queries.count
            throw .notFinite(
                matrix: isQuery ? "query embeddings" : "gallery embeddings",
                row: isQuery ? row : row - queries.count, column: 0, value: squaredLengths[row])
        }
    }

    var queryCount: Int { queries.count }
    var galleryCount: Int { gallery.count }
    var queryGallery: any DistanceRows { distances }

    /// The dot product of i and j is that of j and i, so a block of rows only goes right of itself
    /// and offers both ways.
    func offerAll(to lists: NeighbourLists) throws(MetricsError) {
        let count = queryCount + galleryCount
        let rowsPerBlock = min(count, max(96, (1 << 22) / max(1, count)))
        let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: rowsPerBlock * count)
        defer { memory.deallocate() }
        var start = 0
        while start < count {
            try checkCancellation()
            let rows = start..<min(count, start + rowsPerBlock)
            let columns = start..<count
            let block = UnsafeMutableBufferPointer(
                rebasing: memory[0..<rows.count * columns.count])
            try fill(block, rows: rows, columns: columns)
            offer(block, rows: rows, columns: columns, to: lists)
            start = rows.upperBound
        }
    }

    private func offer(
        _ block: UnsafeMutableBufferPointer<Float>, rows: Range<Int>, columns: Range<Int>,
        to lists: NeighbourLists
    ) {
        let values = DisjointValues(block)
        parallelForEach(count: rows.count, chunk: 4) { offset in
            let row = UnsafeMutableBufferPointer(
                rebasing: values.pointer[offset * columns.count..<(offset + 1) * columns.count])
            let image = rows.lowerBound + offset
            turnIntoDistances(row, square: squaredLengths[image], squares: squaredLengths[columns])
            guard let base = row.baseAddress else { return }
            _ = lists.offer(base, of: columns, to: image)
        }
        let distances = SharedValues(UnsafeBufferPointer(block))
        forEachStretch(of: rows.upperBound..<columns.upperBound) { stretch in
            guard let base = distances.pointer.baseAddress else { return }
            for offset in 0..<rows.count {
                let row = base + offset * columns.count - columns.lowerBound
                _ = lists.offer(
                    row + stretch.lowerBound, of: rows.lowerBound + offset, to: stretch)
            }
        }
    }

    private func fill(
        _ block: UnsafeMutableBufferPointer<Float>, rows: Range<Int>, columns: Range<Int>
    ) throws(MetricsError) {
        if let products { return try products.fill(block, rows: rows, columns: columns) }
        try withVectors { vectors in
            fillDotProducts(block, rows: rows, of: vectors, columns: columns, of: vectors)
        }
    }

    func fillSquares(of pairs: inout SparseRows) throws(MetricsError) {
        let pattern = pairs
        try withVectors { vectors in
            pairs.values.withUnsafeMutableBufferPointer { buffer in
                let squares = DisjointValues(buffer)
                parallelForEach(count: pattern.count, chunk: 32) { row in
                    let vector = vectors[row]
                    for entry in pattern.range(ofRow: row) {
                        let column = Int(pattern.columns[entry])
                        let product = reident_dot(
                            bestLevel, vector, vectors[column], vectors.dimension)
                        let distance = squaredLengths[row] + squaredLengths[column] - 2 * product
                        squares[entry] = distance * distance
                    }
                }
            }
        }
    }

    private func withVectors(_ body: (StackedVectors) -> Void) throws(MetricsError) {
        try queries.withValues { (queryValues) throws(MetricsError) in
            try gallery.withValues { (galleryValues) throws(MetricsError) in
                body(StackedVectors([queryValues, galleryValues], dimension: queries.dimension))
            }
        }
    }
}

/// Distances between images given as three matrices, read by rows twice.
///
/// As in the reference, an image's distances are a column of the whole matrix. That only matters
/// where a matrix is not symmetric.
struct MatrixPairs: PairDistances {
    let queryGallery: any DistanceRows
    let queryQuery: any DistanceRows
    let galleryGallery: any DistanceRows

    init(
        queryGallery: any DistanceRows, queryQuery: any DistanceRows,
        galleryGallery: any DistanceRows
    ) throws(MetricsError) {
        self.queryGallery = queryGallery
        self.queryQuery = queryQuery
        self.galleryGallery = galleryGallery
        let sizes = [
            ("rows of the query-query matrix", queryCount, queryQuery.queryCount),
            ("columns of the query-query matrix", queryCount, queryQuery.galleryCount),
            ("rows of the gallery-gallery matrix", galleryCount, galleryGallery.queryCount),
            ("columns of the gallery-gallery matrix", galleryCount, galleryGallery.galleryCount),
        ]
        for (what, expected, found) in sizes where expected != found {
            throw .countMismatch(what: what, expected: expected, found: found)
        }
    }

    var queryCount: Int { queryGallery.queryCount }
    var galleryCount: Int { queryGallery.galleryCount }

    func offerAll(to lists: NeighbourLists) throws(MetricsError) {
        let queryCount = queryCount
        let gallery = queryCount..<queryCount + galleryCount
        try queryGallery.forEachBlock { (rows, block) throws(MetricsError) in
            let values = SharedValues(block)
            parallelForEach(count: rows.count) { offset in
                guard let base = values.pointer.baseAddress else { return }
                _ = lists.offer(
                    base + offset * gallery.count, of: gallery, to: rows.lowerBound + offset)
            }
        }
        try offerColumns(of: queryGallery, "query-gallery", rowsFrom: 0, to: gallery, lists)
        try offerColumns(of: queryQuery, "query-query", rowsFrom: 0, to: 0..<queryCount, lists)
        try offerColumns(
            of: galleryGallery, "gallery-gallery", rowsFrom: queryCount, to: gallery, lists)
    }

    /// Offers the image of each row to the images of the columns.
    private func offerColumns(
        of matrix: any DistanceRows, _ name: String, rowsFrom firstRow: Int, to images: Range<Int>,
        _ lists: NeighbourLists
    ) throws(MetricsError) {
        try matrix.forEachBlock { (rows, block) throws(MetricsError) in
            let values = SharedValues(block)
            let isFinite = Atomic(true)
            forEachStretch(of: images) { stretch in
                guard let base = values.pointer.baseAddress else { return }
                for offset in 0..<rows.count {
                    let row = base + offset * images.count - images.lowerBound
                    let allFinite = lists.offer(
                        row + stretch.lowerBound, of: firstRow + rows.lowerBound + offset,
                        to: stretch)
                    if !allFinite { isFinite.store(false, ordering: .relaxed) }
                }
            }
            guard !isFinite.load(ordering: .relaxed),
                let place = block.firstIndex(where: { !($0 * $0).isFinite })
            else { return }
            throw .notFinite(
                matrix: "\(name) distances", row: rows.lowerBound + place / images.count,
                column: place % images.count, value: block[place])
        }
    }

    func fillSquares(of pairs: inout SparseRows) throws(MetricsError) {
        // Entry by entry in the order in which the rows of the matrices come by.
        let entries = EntriesByColumn(pairs)
        let queryCount = queryCount
        var squares = pairs.values
        try queryGallery.forEachBlock { (rows, block) throws(MetricsError) in
            for row in rows {
                let line = (row - rows.lowerBound) * galleryCount - queryCount
                // Here the query is the row of the matrix, and of the pairs; or their column.
                for entry in pairs.range(ofRow: row) where pairs.columns[entry] >= queryCount {
                    let distance = block[line + Int(pairs.columns[entry])]
                    squares[entry] = distance * distance
                }
                entries.forEach(ofColumn: row) { image, entry in
                    guard image >= queryCount else { return }
                    let distance = block[line + image]
                    squares[entry] = distance * distance
                }
            }
        }
        for (matrix, images) in [
            (queryQuery, 0..<queryCount), (galleryGallery, queryCount..<queryCount + galleryCount),
        ] {
            try matrix.forEachBlock { (rows, block) throws(MetricsError) in
                for row in rows {
                    let line = (row - rows.lowerBound) * images.count - images.lowerBound
                    entries.forEach(ofColumn: images.lowerBound + row) { image, entry in
                        guard images.contains(image) else { return }
                        let distance = block[line + image]
                        squares[entry] = distance * distance
                    }
                }
            }
        }
        pairs.values = squares
    }
}

/// The entries of sparse rows, found by their column.
private struct EntriesByColumn {
    private var starts: [Int]
    private var rows: [Int32]
    private var entries: [Int32]

    init(_ pairs: SparseRows) {
        starts = [Int](repeating: 0, count: pairs.count + 1)
        for column in pairs.columns { starts[Int(column) + 1] += 1 }
        for column in 0..<pairs.count { starts[column + 1] += starts[column] }
        var next = starts
        rows = [Int32](repeating: 0, count: pairs.columns.count)
        entries = rows
        for row in 0..<pairs.count {
            for entry in pairs.range(ofRow: row) {
                let column = Int(pairs.columns[entry])
                rows[next[column]] = Int32(row)
                entries[next[column]] = Int32(entry)
                next[column] += 1
            }
        }
    }

    func forEach(ofColumn column: Int, _ body: (_ row: Int, _ entry: Int) -> Void) {
        for position in starts[column]..<starts[column + 1] {
            body(Int(rows[position]), Int(entries[position]))
        }
    }
}

/// Shares out a range among the cores in stretches that fit into the first cache.
private func forEachStretch(of range: Range<Int>, _ body: @Sendable (Range<Int>) -> Void) {
    let length = 512
    parallelForEach(count: (range.count + length - 1) / length) { position in
        let start = range.lowerBound + position * length
        body(start..<min(range.upperBound, start + length))
    }
}
