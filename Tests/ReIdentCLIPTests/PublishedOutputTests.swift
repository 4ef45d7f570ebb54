// Published outputs of OpenAI's own weights, for whoever has them:
//
//     REIDENT_CLIP_WEIGHTS=FOLDER swift test --filter PublishedOutput
//
// FOLDER holds ViT-B-32.pt and RN50.pt as `reident models fetch` brings them, or one of them; the
// published values and images lie in ../shared/data.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

/// One entry of the published values; an entry has some of these.
private struct PublishedOutput: Decodable {
    let model: String
    let source: String
    let image: String?
    let texts: [String]?
    let probabilities: [Double]?
    let firstText: [Float]?
    let textSums: [Float]?

    enum CodingKeys: String, CodingKey {
        case model, source, image, texts
        case probabilities = "probs"
        case firstText = "text_embedding0_first5"
        case textSums = "text_embedding_sums"
    }

    static func all() throws -> [PublishedOutput] {
        struct Values: Decodable { let items: [PublishedOutput] }
        let path = SharedData.path("golden-clip/values.json")
        return try JSONDecoder().decode(Values.self, from: Data(contentsOf: URL(filePath: path)))
            .items
    }
}

@EngineActor
@Suite(
    "Published outputs",
    .enabled(if: Engine.isAvailable, EngineRequirement.reason),
    .enabled(if: SharedData.has("golden-clip"), SharedData.reason),
    .enabled(
        if: ProcessInfo.processInfo.environment["REIDENT_CLIP_WEIGHTS"] != nil,
        "needs OpenAI's weights: REIDENT_CLIP_WEIGHTS names a folder with ViT-B-32.pt or RN50.pt"),
    .serialized)
struct PublishedOutputTests {
    /// The package of a model by its published name, or nil if its weights are not given.
    private func package(
        _ model: String, in folder: TemporaryFolder
    ) throws -> ModelPackage? {
        let place = try #require(ProcessInfo.processInfo.environment["REIDENT_CLIP_WEIGHTS"])
        let name = model.replacingOccurrences(of: "/", with: "-")
        for ending in ["pt", "safetensors"] {
            let source = "\(place)/\(name).\(ending)"
            guard FileManager.default.fileExists(atPath: source) else { continue }
            let vocabulary = SharedData.path("openai-clip/clip/\(VocabularyFile.nameOfCLIP)")
            let target = folder.file(name)
            if FileManager.default.fileExists(atPath: target) { return try .open(target) }
            return try CheckpointImport(
                source: source, architecture: Architecture.resolve("\(name)-quickgelu"),
                keepProjection: true, vocabulary: vocabulary
            ).write(to: target)
        }
        return nil
    }

    private func unitVectors(of path: String, _ package: ModelPackage) throws -> [Float] {
        let size = package.configuration.imageSize
        let image = Preprocessing.clip.prepare(
            try ImageSource(path: SharedData.path(path)).decoded(), side: size)
        let model = try package.makeEncoder(form: .packed(.fp32, rows: 50))
        return try withoutGradients {
            try model(ImageBatch([image])).l2Normalized().floatValues()
        }
    }

    @Test("at least one of the files is there under its name")
    func files() throws {
        let folder = try TemporaryFolder()
        let found = try ["ViT-B/32", "RN50"].compactMap { try package($0, in: folder) }
        #expect(!found.isEmpty, "REIDENT_CLIP_WEIGHTS holds neither ViT-B-32.pt nor RN50.pt")
    }

    @Test("texts have the published embeddings")
    func texts() throws {
        let folder = try TemporaryFolder()
        for item in try PublishedOutput.all() {
            guard let texts = item.texts, let first = item.firstText, let sums = item.textSums,
                let package = try package(item.model, in: folder)
            else { continue }
            let batch = TokenBatch(try package.tokenizer().tokenize(texts))
            let values = try withoutGradients {
                try package.makeTextEncoder(form: .packed(.fp32, rows: 16))(batch).floatValues()
            }
            let width = package.configuration.embeddingDimension
            for (found, expected) in zip(values, first) {
                #expect(abs(found - expected) < Tolerance.publishedOutput, "\(item.source)")
            }
            for (row, expected) in sums.enumerated() {
                let sum = values[row * width..<(row + 1) * width].reduce(0, +)
                let allowed = Tolerance.publishedOutput * Float(width).squareRoot()
                #expect(abs(sum - expected) < allowed, "\(item.source)")
            }
        }
    }

    @Test("an image has the published probabilities")
    func probabilities() throws {
        let folder = try TemporaryFolder()
        for item in try PublishedOutput.all() {
            guard let texts = item.texts, let expected = item.probabilities,
                let image = item.image,
                FileManager.default.fileExists(atPath: SharedData.path(image)),
                let package = try package(item.model, in: folder)
            else { continue }
            let classifier = try ZeroShotClassifier(
                prompts: texts.map { [$0] }, package: package,
                encoder: package.makeTextEncoder(form: .packed(.fp32, rows: 16)))
            let logits = classifier.logits(of: try unitVectors(of: image, package)).map(Double.init)
            let powers = logits.map { exp($0 - (logits.max() ?? 0)) }
            for (power, probability) in zip(powers, expected) {
                let found = power / powers.reduce(0, +)
                #expect(
                    abs(found - probability) < Double(Tolerance.publishedOutput), "\(item.source)")
            }
        }
    }

    @Test(
        "photographs have the published embeddings",
        .enabled(if: SharedData.has("clip-retrieval-golden"), SharedData.reason))
    func photographs() throws {
        let folder = try TemporaryFolder()
        guard let package = try package("ViT-B/32", in: folder) else { return }
        let place = "clip-retrieval-golden"
        let names = try JSONDecoder().decode(
            [String].self,
            from: Data(contentsOf: URL(filePath: SharedData.path("\(place)/names.json"))))
        let array = try Data(
            contentsOf: URL(filePath: SharedData.path("\(place)/image_embeddings_vitb32_f32.npy")))
        // NumPy's array file: ten bytes, a header of the length they end in, then the numbers.
        let start = 10 + Int(array[8]) + Int(array[9]) << 8
        let published = array.withUnsafeBytes { bytes in
            (0..<(bytes.count - start) / 4).map {
                bytes.loadUnaligned(fromByteOffset: start + $0 * 4, as: Float.self)
            }
        }
        #expect(published.count == names.count * 512)
        for (row, name) in names.enumerated() {
            let found = try unitVectors(
                of: "\(place)/tests/test_clip_inference/test_images/\(name).jpg", package)
            let expected = Array(published[row * 512..<(row + 1) * 512])
            #expect(largestDifference(found, expected) < Tolerance.publishedOutput, "\(name)")
        }
    }
}
