// The evaluation of a model on a data set: which images are embedded, and what files get.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFiles
import ReIdentImages
import ReIdentMetrics
import ReIdentTestSupport
import Synchronization
import Testing

@testable import ReIdent

@Suite("Retrieval set")
struct RetrievalSetTests {
    private func image(
        _ identity: String, path: String, isDistractor: Bool = false, isLabelled: Bool = true
    ) -> PlayerImage {
        PlayerImage(
            path: path, source: .file(path), identity: identity, split: .test,
            isDistractor: isDistractor, isLabelled: isLabelled)
    }

    private func embedded(_ retrieval: Retrieval) throws -> EmbeddedRetrieval {
        func embeddings(_ images: [PlayerImage]) -> Embeddings {
            Embeddings(
                values: images.indices.flatMap { [cos(Float($0)), sin(Float($0))] }, dimension: 2,
                paths: images.map(\.path))
        }
        return try EmbeddedRetrieval(
            retrieval: retrieval, queries: embeddings(retrieval.queries),
            gallery: embeddings(retrieval.gallery))
    }

    @Test("ids are those of submissions; a distractor's is kept unless a query has the same")
    func submissionIdentities() throws {
        let retrieval = Retrieval(
            queries: [image("0007", path: "q0"), image("x", path: "q1")],
            gallery: [
                image("0007", path: "g0"), image("0000", path: "g1", isDistractor: true),
                image("x", path: "g2", isDistractor: true),
            ])
        let labelled = try embedded(retrieval).labelledDistances(source: "test")
        #expect(labelled.queryIdentities == ["7", "x"])
        #expect(labelled.galleryIdentities == ["7", "0", nil])
        #expect(labelled.queryDistances?.galleryCount == 2)
        #expect(labelled.galleryDistances?.queryCount == 3)
    }

    @Test("re-ranked distances come without what re-ranking needs")
    func reranked() throws {
        let retrieval = Retrieval(
            queries: [image("1", path: "q0")],
            gallery: [image("1", path: "g0"), image("2", path: "g1")])
        let labelled = try embedded(retrieval).labelledDistances(
            reranking: Reranking(), source: "test")
        #expect(labelled.queryDistances == nil && labelled.galleryDistances == nil)
        #expect(labelled.distances.galleryCount == 2)
    }

    @Test("distances are squared Euclidean ones")
    func distances() throws {
        let retrieval = Retrieval(
            queries: [image("1", path: "q0")],
            gallery: [image("1", path: "g0"), image("2", path: "g1")])
        let matrix = try embedded(retrieval).distances().matrix()
        let values = try matrix.withRows(0..<1) { Array($0) }
        #expect(abs(values[0]) < Tolerance.embeddingDistance)
        #expect(abs(values[1] - (2 - 2 * cos(1))) < Tolerance.embeddingDistance)
    }

    @Test("images without players cannot be scored")
    func unlabelled() throws {
        let retrieval = Retrieval(
            queries: [image("1", path: "q0", isLabelled: false)],
            gallery: [image("1", path: "g0", isLabelled: false)])
        let set = try embedded(retrieval)
        #expect(throws: ReIdentError.self) { try set.scores() }
    }

    @Test(
        "an image that is query and gallery is embedded once; mirrored images average alike",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason))
    func embedding() async throws {
        let folder = try TemporaryFolder()
        var paths: [String] = []
        for index in 0..<3 {
            let pixels = (0..<32 * 32 * 3).map { UInt8(($0 * (index + 3) * 7) % 251) }
            let image = Image(width: 32, height: 32, pixels: pixels)
            let mirrored = image.flippedHorizontally()
            for (name, picture) in [("\(index).png", image), ("\(index)m.png", mirrored)] {
                try Data(ImageEncoder.png(picture)).write(to: URL(filePath: folder.file(name)))
            }
            paths.append(folder.file("\(index).png"))
        }
        let vision = VisionTransformerConfiguration(
            imageSize: 32, patchSize: 16, layers: 1, width: 32, headWidth: 16)
        let package = try ModelPackage.create(
            Architecture(
                name: "tiny",
                configuration: CLIPConfiguration(
                    embeddingDimension: 16, activation: .gelu, vision: .transformer(vision),
                    text: nil)),
            seed: 1, at: folder.file("model"))
        var options = PlayerEncoder.Options()
        options.averagesFlip = true
        options.batchSize = 2
        let encoder = try await PlayerEncoder.open(package, options: options)
        let set = RetrievalSet(
            Retrieval(
                queries: [image("a", path: paths[0]), image("b", path: paths[1])],
                gallery: [image("b", path: paths[2]), image("a", path: paths[0])]))
        #expect(set.imageCount == 3)
        let totals = Mutex<Set<Int>>([])
        let result = try await set.embedded(by: encoder) { _, total in
            totals.withLock { _ = $0.insert(total) }
        }
        #expect(totals.withLock { $0 } == [3])
        #expect(result.queries[0] == result.gallery[1])
        #expect(result.queries.paths == [paths[0], paths[1]])
        #expect(result.gallery.paths == [paths[2], paths[0]])

        let mirrored = try await encoder.embed(paths: [folder.file("0m.png")]).embeddings
        for (first, second) in zip(mirrored[0], result.queries[0]) {
            #expect(abs(first - second) < Tolerance.unitEmbedding)
        }
    }
}
