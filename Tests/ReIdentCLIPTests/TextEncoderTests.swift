// The text encoder against open_clip and transformers, on small models by stored fixtures, and its
// gradients.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFiles
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@EngineActor
@Suite("Text encoder", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct TextEncoderTests {
    private func package(
        _ name: String, weights: String = "weights.safetensors", in folder: TemporaryFolder
    ) throws -> ModelPackage {
        try CheckpointImport(
            source: Fixtures.path("\(name)/\(weights)"), architecture: Fixtures.architecture(name)
        ).write(to: folder.file("package"), force: true)
    }

    @Test("unit embeddings equal open_clip's, in fp32 and bf16", arguments: SmallModel.all)
    func equalsReference(model: SmallModel) throws {
        let folder = try TemporaryFolder()
        let found = try TextComparison.compare(
            folder: Fixtures.path(model.name), package: package(model.name, in: folder),
            form: model.form)
        #expect(found.texts >= 2)
        #expect(found.largestUnitDifference <= Tolerance.unitEmbedding)
        #expect(found.bfloat16Cosine >= Tolerance.bfloat16Cosine)
    }

    @Test("a Hugging Face CLIPModel gives the embeddings of the same model of open_clip")
    func huggingFace() throws {
        let folder = try TemporaryFolder()
        let found = try TextComparison.compare(
            folder: Fixtures.path("huggingface"),
            package: package("huggingface", weights: "transformers/model.safetensors", in: folder),
            form: .packed(.fp32, rows: 20))
        #expect(found.largestUnitDifference <= Tolerance.unitEmbedding)
    }

    @Test("an OpenAI archive embeds as its numbers in a file of open_clip do")
    func openAI() throws {
        let folder = try TemporaryFolder()
        let architecture = try Fixtures.architecture("gelu")
        let archive = try CheckpointImport(
            source: Fixtures.path("torch/openai.pt"), architecture: architecture
        ).write(to: folder.file("archive"))
        let half = folder.file("half.safetensors")
        try SafetensorsWriter.write(
            to: half,
            tensors: archive.weights.names.map { name in
                SafetensorsWriter.Tensor(
                    name: name, shape: archive.weights.tensors[name]?.shape ?? [],
                    values: try archive.weights.floats(name))
            })
        let plain = try CheckpointImport(
            source: half, architecture: architecture.withQuickGELU
        ).write(to: folder.file("plain"))
        let texts = TokenBatch([[62, 3, 9, 63], [62, 63]])
        let form = LayerForm.packed(.fp32, rows: 8)
        let first = try archive.makeTextEncoder(form: form)(texts).floatValues()
        #expect(try plain.makeTextEncoder(form: form)(texts).floatValues() == first)
        #expect(first.contains { $0 != 0 })
    }

    @Test("a text's embedding depends neither on padding nor on the texts beside it")
    func textsAreIndependent() throws {
        let folder = try TemporaryFolder()
        let model = try TextEncoder(
            package("huggingface", in: folder), form: .packed(.fp32, rows: 20))
        let texts: [[Int32]] = [[46, 1, 2, 47], [46, 47], [46, 30, 8, 9, 4, 40, 2, 3, 1, 47]]
        let together = try model(TokenBatch(texts)).floatValues()
        for (row, text) in texts.enumerated() {
            let padded = text + [Int32](repeating: 0, count: 10 - text.count)
            for tokens in [text, padded] {
                let alone = try model(TokenBatch([tokens])).floatValues()
                let expected = together[row * alone.count..<(row + 1) * alone.count]
                #expect(
                    zip(alone, expected).allSatisfy {
                        abs($0 - $1) < Tolerance.singleOperation * 10
                    })
            }
        }
    }

    @Test("what stands behind the first end token does not matter")
    func firstEnd() throws {
        let folder = try TemporaryFolder()
        let model = try TextEncoder(
            package("huggingface", in: folder), form: .packed(.fp32, rows: 20))
        let short = try model(TokenBatch([[46, 5, 47]])).floatValues()
        let long = try model(TokenBatch([[46, 5, 47, 9, 47]])).floatValues()
        #expect(zip(short, long).allSatisfy { abs($0 - $1) < Tolerance.singleOperation * 10 })
    }

    @Test("every parameter of the text side gets a gradient, the same with checkpointed blocks")
    func gradients() throws {
        let folder = try TemporaryFolder()
        let package = try package("huggingface", in: folder)
        let texts = TokenBatch([[46, 1, 2, 47], [46, 30, 8, 9, 4, 40, 2, 3, 1, 47]])
        func gradients(usesCheckpoints: Bool) throws -> [String: [Float]] {
            let model = try TextEncoder(package, form: .trainable(.fp32))
            model.usesCheckpoints = usesCheckpoints
            let embedding = try model(texts)
            try embedding.multiplied(by: embedding).sum().backward()
            return Dictionary(
                uniqueKeysWithValues: try model.parameters.map {
                    ($0.name, try $0.tensor.gradient()?.floatValues() ?? [])
                })
        }
        let plain = try gradients(usesCheckpoints: false)
        let names = WeightTable(package.configuration).entries.filter { $0.side == .text }
        #expect(Set(plain.keys) == Set(names.map(\.name)))
        #expect(plain.values.allSatisfy { gradient in gradient.contains { $0 != 0 } })
        #expect(try gradients(usesCheckpoints: true) == plain)
    }

    @Test("a token that is not in the vocabulary is an error, not a crash")
    func tokenOutOfRange() throws {
        let folder = try TemporaryFolder()
        let model = try TextEncoder(
            package("huggingface", in: folder), form: .packed(.fp32, rows: 20))
        #expect(throws: EngineError.self) { try model(TokenBatch([[46, 48, 47]])) }
    }
}
