// Import: both forms give the same package, and what does not fit is named.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Checkpoint import")
struct CheckpointImportTests {
    private let openCLIP = Fixtures.path("huggingface/weights.safetensors")
    private let transformers = Fixtures.path("huggingface/transformers/model.safetensors")

    private func contents(_ path: String) throws -> Data {
        try Data(contentsOf: URL(filePath: path))
    }

    @Test("both forms of a model give the same weights, byte for byte")
    func bothFormsAreEqual() throws {
        let folder = try TemporaryFolder()
        let architecture = try Fixtures.architecture("huggingface")
        let first = try CheckpointImport(source: openCLIP, architecture: architecture)
        let second = try CheckpointImport(source: transformers, architecture: architecture)
        #expect(first.form == .openCLIP)
        #expect(second.form == .huggingFace)
        try first.write(to: folder.file("a"))
        try second.write(to: folder.file("b"))
        let left = try contents(folder.file("a/model.safetensors"))
        #expect(try left == contents(folder.file("b/model.safetensors")))
        #expect(
            try ModelPackage.open(folder.file("a")).fingerprint()
                == ModelPackage.open(folder.file("b")).fingerprint())
    }

    @Test("every tensor is kept as it was", arguments: ["gelu", "quickgelu", "huggingface"])
    func everyTensorIsKept(name: String) throws {
        let folder = try TemporaryFolder()
        let source = Fixtures.path("\(name)/weights.safetensors")
        let package = try CheckpointImport(
            source: source, architecture: Fixtures.architecture(name)
        ).write(to: folder.file("package"))
        let original = try SafetensorsFile(path: source)
        #expect(Set(package.weights.names) == Set(original.names))
        for tensor in original.names {
            #expect(package.weights.tensors[tensor]?.shape == original.tensors[tensor]?.shape)
            let expected = try original.bytes(of: tensor).withUnsafeBytes { Array($0) }
            #expect(try package.weights.bytes(of: tensor).withUnsafeBytes { Array($0) } == expected)
        }
        #expect(package.hasTextSide)
    }

    @Test("the package says where it comes from")
    func provenanceIsRecorded() throws {
        let folder = try TemporaryFolder()
        let package = try CheckpointImport(
            source: transformers, architecture: Fixtures.architecture("huggingface")
        ).write(to: folder.file("package"))
        let provenance = package.settings.provenance
        #expect(provenance.kind == .imported)
        #expect(provenance.source?.file == "model.safetensors")
        #expect(provenance.source?.form == .huggingFace)
        #expect(
            try provenance.source?.sha256
                == MessageDigest.sha256.hexadecimal(ofFile: transformers))
        #expect(package.settings.embedding == .features)
        #expect(package.settings.preprocessing == .letterbox)
        #expect(package.settings.tokens == .all)
    }

    @Test("--keep-projection selects the projected embedding, of CLIP's width")
    func projectionIsSelected() throws {
        let folder = try TemporaryFolder()
        let architecture = try Fixtures.architecture("huggingface")
        let features = try CheckpointImport(source: openCLIP, architecture: architecture)
            .write(to: folder.file("features"))
        let projected = try CheckpointImport(
            source: openCLIP, architecture: architecture, keepProjection: true
        ).write(to: folder.file("projected"))
        #expect(features.embeddingDimension == 32)
        #expect(projected.embeddingDimension == 20)
        #expect(try features.fingerprint() != projected.fingerprint())
    }

    @Test("wrappers' prefixes are taken off")
    func prefixesAreTakenOff() throws {
        let folder = try TemporaryFolder()
        let names: [(String) -> String] = [
            { "module.\($0)" },
            { $0.hasPrefix("visual.") || $0 == "logit_scale" ? $0 : "text.\($0)" },
        ]
        for (index, rename) in names.enumerated() {
            let source = folder.file("\(index).safetensors")
            try Fixtures.copy("gelu/weights.safetensors", to: source, renaming: rename)
            let package = try CheckpointImport(
                source: source, architecture: Fixtures.architecture("gelu")
            ).write(to: folder.file("package\(index)"))
            #expect(package.hasTextSide)
        }
    }

    @Test("a bare vision model without projection and temperature makes a package of features")
    func visionModelAlone() throws {
        let folder = try TemporaryFolder()
        let source = folder.file("vision.safetensors")
        try Fixtures.copy("huggingface/transformers/model.safetensors", to: source) { name in
            name.hasPrefix("vision_model.") ? String(name.dropFirst("vision_model.".count)) : nil
        }
        let architecture = try Fixtures.architecture("huggingface")
        let package = try CheckpointImport(source: source, architecture: architecture)
            .write(to: folder.file("package"))
        #expect(!package.hasTextSide)
        #expect(!package.hasProjection)
        #expect(try package.weights.floats("logit_scale") == [Float(log(1 / 0.07))])
        let error = failure {
            _ = try CheckpointImport(
                source: source, architecture: architecture, keepProjection: true)
        }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("visual.proj") == true)
    }

    @Test("half precision is kept", arguments: [ElementType.float16, .bfloat16])
    func halfPrecisionIsKept(type: ElementType) throws {
        let folder = try TemporaryFolder()
        let original = try SafetensorsFile(path: transformers)
        let tensors = try original.names.filter { !$0.hasSuffix("position_ids") }.map { name in
            SafetensorsWriter.Tensor(
                name: name, shape: original.tensors[name]?.shape ?? [],
                values: try original.floats(name), as: type)
        }
        try SafetensorsWriter.write(to: folder.file("half.safetensors"), tensors: tensors)
        let package = try CheckpointImport(
            source: folder.file("half.safetensors"),
            architecture: Fixtures.architecture("huggingface")
        ).write(to: folder.file("package"))
        #expect(package.weights.tensors.values.allSatisfy { $0.elementType == type })
        let whole = try SafetensorsFile(path: openCLIP)
        for name in ["visual.proj", "visual.transformer.resblocks.0.attn.in_proj_weight"] {
            let expected = type.bytes(of: try whole.floats(name))
            #expect(try package.weights.bytes(of: name).withUnsafeBytes { Array($0) } == expected)
        }
    }

    @Test("weights in whole or double numbers are refused by name")
    func otherElementTypesAreRefused() throws {
        let folder = try TemporaryFolder()
        let source = folder.file("double.safetensors")
        try Fixtures.copy(
            "gelu/weights.safetensors", to: source,
            renaming: { $0 == "visual.ln_post.bias" ? nil : $0 },
            adding: [
                .init(
                    name: "visual.ln_post.bias", shape: [32],
                    values: [Float](repeating: 0, count: 32), as: .float64)
            ])
        let error = failure {
            _ = try CheckpointImport(
                source: source, architecture: Fixtures.architecture("gelu"))
        }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("'visual.ln_post.bias' is stored as F64") == true)
    }

    @Test("statistics beside the weights replace CLIP's")
    func statisticsBesideTheWeights() throws {
        let folder = try TemporaryFolder()
        try Fixtures.copy("gelu/weights.safetensors", to: folder.file("w.safetensors"))
        let config = try String(contentsOfFile: Fixtures.path("gelu/config.json"), encoding: .utf8)
        try """
        {"model_cfg": \(config),
         "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}
        """.write(
            toFile: folder.file("open_clip_config.json"), atomically: true, encoding: .utf8)
        let checkpoint = try CheckpointImport(
            source: folder.file("w.safetensors"), architecture: Fixtures.architecture("gelu"))
        #expect(checkpoint.normalization.mean == [0.5, 0.5, 0.5])
    }
}
