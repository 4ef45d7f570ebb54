// Re-ranking: equality with two other implementations, both ways in, memory, bad input.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import ReIdentMetrics
import ReIdentTestSupport
import Synchronization
import Testing

@Suite("Re-ranking")
struct RerankingTests {
    private func embeddings(_ rows: [[Float]]) throws -> EmbeddingMatrix {
        try EmbeddingMatrix(
            values: rows.flatMap { $0 }, count: rows.count, dimension: rows.first?.count ?? 0)
    }

    private func largestDifference(
        _ distances: some DistanceRows, _ expected: [[Float]]
    ) throws -> Float {
        let found = try distances.matrix()
        return try found.withRows(0..<found.queryCount) { values in
            zip(values, expected.flatMap { $0 }).map { difference($0, $1) }.max() ?? .infinity
        }
    }

    @Test("equals an independent implementation, from embeddings and from matrices")
    func equalsFixture() throws {
        for item in try FixtureCases.load().reranking {
            let queries = try embeddings(item.queryFeatures)
            let gallery = try embeddings(item.galleryFeatures)
            let queryQuery = try EmbeddingDistances(queries: queries, gallery: queries)
            let galleryGallery = try EmbeddingDistances(queries: gallery, gallery: gallery)
            let queryGallery = try EmbeddingDistances(queries: queries, gallery: gallery)
            for setting in item.settings {
                let reranking = try Reranking(
                    k1: setting.k1, k2: setting.k2, lambda: setting.lambda)
                let fromEmbeddings = try reranking.rerank(queries: queries, gallery: gallery)
                let fromMatrices = try reranking.rerank(
                    queryGallery: queryGallery.matrix(), queryQuery: queryQuery.matrix(),
                    galleryGallery: galleryGallery.matrix())
                #expect(
                    try largestDifference(fromEmbeddings, setting.distances)
                        < Tolerance.rerankedDistance, "\(item.name), k1 \(setting.k1)")
                #expect(
                    try largestDifference(fromMatrices, setting.distances)
                        < Tolerance.rerankedDistance, "\(item.name), k1 \(setting.k1)")
            }
        }
    }

    @Test(
        "equals the reference's distances and the figures they give",
        .enabled(if: SharedData.has(ReferenceCases.folder), SharedData.reason))
    func equalsReference() throws {
        var compared = 0
        for item in try ReferenceCases.load().cases {
            guard let queryQuery = item.distQq, let galleryGallery = item.distGg else { continue }
            let labels = try RetrievalLabels(
                queryIdentities: item.queryIds, galleryIdentities: item.galleryIds,
                queryCameras: item.queryCams, galleryCameras: item.galleryCams)
            for expected in item.rerank ?? [] {
                let reranking = try Reranking(
                    k1: expected.k1, k2: expected.k2, lambda: expected.lambdaValue)
                var results = [
                    try reranking.rerank(
                        queryGallery: distanceMatrix(item.dist),
                        queryQuery: distanceMatrix(queryQuery),
                        galleryGallery: distanceMatrix(galleryGallery))
                ]
                if let queries = item.queryFeatures, let gallery = item.galleryFeatures {
                    results.append(
                        try reranking.rerank(
                            queries: embeddings(queries), gallery: embeddings(gallery)))
                }
                for distances in results {
                    #expect(
                        try largestDifference(distances, expected.dist)
                            < Tolerance.rerankedDistance)
                    let scores = try RetrievalEvaluation().scores(of: distances, labels: labels)
                    #expect(abs(scores.meanAveragePrecision - expected.mAP) < Tolerance.figure)
                    #expect(
                        scores.cumulativeMatching[.market1501]?[1].map {
                            abs($0 - expected.rank1) < Tolerance.figure
                        } == true)
                    compared += 1
                }
            }
        }
        #expect(compared >= 4)
    }

    @Test("the columns of a matrix that is not symmetric count, as in the reference")
    func usesColumns() throws {
        // Image 0 is a query, 1 and 2 are gallery. By columns, 1 and 2 are both nearer to each
        // other than to the query; by rows, image 1 would be the query's nearest and 2's farthest.
        let queryGallery = try distanceMatrix([[0.5, 0.6]])
        let queryQuery = try distanceMatrix([[0]])
        let reranking = try Reranking(k1: 1, k2: 1, lambda: 0)
        func rerank(_ galleryGallery: [[Float]]) throws -> [Float] {
            let result = try reranking.rerank(
                queryGallery: queryGallery, queryQuery: queryQuery,
                galleryGallery: distanceMatrix(galleryGallery)
            ).matrix()
            return try result.withRows(0..<1) { Array($0) }
        }
        // Column of image 1: query 0.5, image 2 at 0.9. Its nearest other is the query.
        let mutual = try rerank([[0, 0.1], [0.9, 0]])
        #expect(mutual[0] < 1)
        // The transposed matrix: image 1 is nearer to image 2 than to the query.
        let broken = try rerank([[0, 0.9], [0.1, 0]])
        #expect(broken[0] == 1)
    }

    @Test("products given from outside are used, and blocks may start anywhere")
    func usesGivenProducts() throws {
        let item = try #require(try FixtureCases.load().reranking.first)
        let setting = try #require(item.settings.first)
        let products = PlainProducts(vectors: item.queryFeatures + item.galleryFeatures)
        let distances = try Reranking(k1: setting.k1, k2: setting.k2, lambda: setting.lambda)
            .rerank(
                queries: embeddings(item.queryFeatures),
                gallery: embeddings(item.galleryFeatures), products: products)
        #expect(
            try largestDifference(distances, setting.distances) < Tolerance.rerankedDistance)
        #expect(products.filled.load(ordering: .relaxed) > 0)
    }

    @Test("one row at a time equals all at once")
    func rowsAreIndependent() throws {
        let item = try #require(try FixtureCases.load().reranking.first)
        let distances = try Reranking().rerank(
            queries: embeddings(item.queryFeatures), gallery: embeddings(item.galleryFeatures))
        let whole = try distances.withRows(0..<distances.queryCount) { Array($0) }
        for row in 0..<distances.queryCount {
            let one = try distances.withRows(row..<row + 1) { Array($0) }
            #expect(one == Array(whole[row * one.count..<(row + 1) * one.count]))
        }
    }

    @Test("identical images do not divide by zero")
    func identicalImages() throws {
        let gallery = try embeddings([[1, 0], [1, 0], [1, 0]])
        let distances = try Reranking().rerank(queries: embeddings([[1, 0]]), gallery: gallery)
        #expect(try distances.withRows(0..<1) { $0.allSatisfy { $0.isFinite } })
    }

    @Test("bad settings are usage errors, bad numbers and sizes are bad data")
    func refusesBadInput() throws {
        for (k1, k2, lambda) in [(0, 6, Float(0.3)), (20, 0, 0.3), (20, 6, 1.1), (20, 6, .nan)] {
            let error = #expect(throws: MetricsError.self) {
                try Reranking(k1: k1, k2: k2, lambda: lambda)
            }
            #expect(error?.kind == .usage)
        }
        let reranking = try Reranking()
        let one = try distanceMatrix([[0]])
        let infinite = #expect(throws: MetricsError.self) {
            try reranking.rerank(
                queryGallery: distanceMatrix([[1, 2]]), queryQuery: one,
                galleryGallery: distanceMatrix([[0, .infinity], [1, 0]]))
        }
        #expect(
            infinite?.description.contains("gallery-gallery distances, row 1, column 2") == true)
        let misshapen = #expect(throws: MetricsError.self) {
            try reranking.rerank(
                queryGallery: one, queryQuery: one, galleryGallery: distanceMatrix([[0, 1]]))
        }
        #expect(misshapen?.kind == .badData)
        let notANumber = #expect(throws: MetricsError.self) {
            try reranking.rerank(
                queries: embeddings([[1, 0]]), gallery: embeddings([[1, 0], [0, .nan]]))
        }
        #expect(notANumber?.description.contains("gallery embeddings, row 2") == true)
    }

    @Test("an empty gallery gives empty rows, embeddings without numbers are refused")
    func emptyInputs() throws {
        let none = try EmbeddingMatrix(values: [], count: 0, dimension: 2)
        let fromEmbeddings = try Reranking().rerank(queries: embeddings([[1, 0]]), gallery: none)
        #expect(try fromEmbeddings.withRows(0..<1) { $0.count } == 0)
        let empty = try DistanceMatrix(values: [], queryCount: 0, galleryCount: 0)
        let fromMatrices = try Reranking().rerank(
            queryGallery: DistanceMatrix(values: [], queryCount: 1, galleryCount: 0),
            queryQuery: distanceMatrix([[0]]), galleryGallery: empty)
        #expect(try fromMatrices.withRows(0..<1) { $0.count } == 0)
        #expect(throws: MetricsError.self) {
            try EmbeddingMatrix(values: [], count: 3, dimension: 0)
        }
    }

    @Test("stops when its task is cancelled")
    func stopsWhenCancelled() async throws {
        let vectors = try embeddings((0..<50).map { [Float($0), 1] })
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try Reranking().rerank(queries: vectors, gallery: vectors)
        }
        task.cancel()
        await #expect(throws: MetricsError.cancelled) { try await task.value }
    }
}

/// Dot products by the plainest loop.
private final class PlainProducts: SimilarityBlocks {
    let vectors: [[Float]]
    let filled = Atomic(0)
    var count: Int { vectors.count }

    init(vectors: [[Float]]) { self.vectors = vectors }

    func fill(
        _ block: UnsafeMutableBufferPointer<Float>, rows: Range<Int>, columns: Range<Int>
    ) throws(MetricsError) {
        var place = 0
        for row in rows {
            for column in columns {
                block[place] = zip(vectors[row], vectors[column]).reduce(0) { $0 + $1.0 * $1.1 }
                place += 1
            }
        }
        filled.add(1, ordering: .relaxed)
    }
}
