// CLIP's ResNets against open_clip and ImageNet's encoders against timm: stages, tensors, import
// (Tools/fixtures/other_models.py).
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

/// A small model of another kind than CLIP's transformer, and a way to hold its layers.
struct OtherModel: Sendable, CustomTestStringConvertible {
    let name: String
    let form: LayerForm

    var testDescription: String { "\(name), \(form)" }

    static let names = ["resnet", "timm-vit", "timm-convnext"]
    static let all = names.flatMap { name in
        [LayerForm.packed(.fp32, rows: 64), .trainable(.fp32)].map {
            OtherModel(name: name, form: $0)
        }
    }
}

@EngineActor
@Suite(
    "Other encoders", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct OtherEncoderTests {
    @Test("every stage equals the library's", arguments: OtherModel.all)
    func stagesEqualReference(model: OtherModel) throws {
        let folder = try TemporaryFolder()
        let found = try StageComparison.compare(
            folder: Fixtures.path(model.name), packageFolder: folder.file("package"),
            form: model.form)
        #expect(found.stages.count >= 6)
        for stage in found.stages {
            #expect(stage.largestRelative < stage.tolerance, "\(stage.stage)")
        }
        #expect(found.largestUnitDifference <= Tolerance.unitEmbedding)
        #expect(found.bfloat16Cosine >= Tolerance.bfloat16Cosine)
    }

    @Test(
        "a ResNet for inference has its stem in fp32, whatever its stages compute in",
        arguments: [Precision.bf16, .fp16])
    func stemInSinglePrecision(precision: Precision) throws {
        let folder = try TemporaryFolder()
        let package = try imported("resnet", to: folder)
        let reference = try SafetensorsFile(path: Fixtures.path("resnet/stages.safetensors"))
        let batch = try StageComparison.pictures(in: reference)
        let model = try package.makeEncoder(
            form: package.packedForm(precision, batchSize: batch.count))
        var found: [String: Tensor] = [:]
        _ = try model(batch, observe: { stage, value in found[stage] = value })
        let expected = try reference.floats("stem")
        let difference = largestDifference(
            try #require(found["stem"]).floatValues(), expected)
        let magnitude = expected.reduce(0) { max($0, abs($1)) }
        #expect(difference / magnitude < Tolerance.encoderStage)
        #expect(found["layer1"]?.dtype == precision.dtype)
        #expect(found["features"]?.dtype == precision.dtype)
    }

    @Test(
        "every learned tensor gets a gradient, and no other is learned", arguments: OtherModel.names
    )
    func everyParameterLearns(name: String) throws {
        let folder = try TemporaryFolder()
        let package = try imported(name, to: folder)
        let model = try package.makeEncoder(form: .trainable(.fp32))
        model.usesBatchStatistics = true
        let embedding = try model(batch(side: model.imageSize))
        try embedding.multiplied(by: embedding).sum().backward()
        let learned = WeightTable(package.configuration).entries.filter {
            $0.side == .vision && !WeightTable.isStatistic($0.name)
        }
        #expect(Set(model.parameters.map(\.name)) == Set(learned.map(\.name)))
        for parameter in model.parameters {
            // The pool looks at all places alike whatever is added to every key.
            if parameter.name.hasSuffix("attnpool.k_proj.bias") { continue }
            let gradient = try #require(try parameter.tensor.gradient()).floatValues()
            #expect(gradient.contains { $0 != 0 }, "\(parameter.name)")
        }
    }

    @Test("checkpointed blocks of a ConvNeXt give the same gradients")
    func checkpointsChangeNothing() throws {
        let folder = try TemporaryFolder()
        let package = try imported("timm-convnext", to: folder)
        func gradients(usesCheckpoints: Bool) throws -> [[Float]] {
            let model = try package.makeEncoder(form: .trainable(.fp32))
            model.usesCheckpoints = usesCheckpoints
            let embedding = try model(batch(side: model.imageSize))
            try embedding.multiplied(by: embedding).sum().backward()
            return try model.parameters.map { try $0.tensor.gradient()?.floatValues() ?? [] }
        }
        #expect(try gradients(usesCheckpoints: true) == gradients(usesCheckpoints: false))
    }

    @Test("statistics move in training alone")
    func statisticsMoveInTraining() throws {
        let folder = try TemporaryFolder()
        let model = try imported("resnet", to: folder).makeEncoder(form: .trainable(.fp32))
        let before = try model.statistics.map { try $0.tensor.floatValues() }
        #expect(before.count > 30)
        _ = try model(batch(side: model.imageSize))
        #expect(try model.statistics.map { try $0.tensor.floatValues() } == before)
        model.usesBatchStatistics = true
        _ = try model(batch(side: model.imageSize))
        #expect(
            try zip(model.statistics, before).allSatisfy {
                try $0.tensor.floatValues() != $1
            })
    }

    private func batch(side: Int) -> ImageBatch {
        ImageBatch(
            (0..<2).map { index in
                PreparedImage(
                    side: side,
                    pixels: (0..<side * side * 3).map {
                        UInt8(truncatingIfNeeded: $0 * (2 * index + 5) / 3)
                    })
            })
    }
}

private func imported(_ name: String, to folder: TemporaryFolder) throws -> ModelPackage {
    try CheckpointImport(
        source: Fixtures.path("\(name)/weights.safetensors"),
        architecture: Fixtures.architecture(name)
    ).write(to: folder.file("package"))
}

@Suite("Other architectures")
struct OtherArchitectureTests {
    @Test(
        "have exactly the tensors of the library's state dict",
        arguments: [
            "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64", "vit_base_patch16_224",
            "vit_large_patch16_224", "convnext_base", "convnext_large",
        ])
    func tensorsAreTheLibrarys(name: String) throws {
        let listed = try #require(
            try Fixtures.json("other-architectures.json").members[name]?.elements)
        var expected: [String: [Int]] = [:]
        for row in listed {
            let pattern = try #require(row.members["name"]?.text)
            let shape = try #require(row.members["shape"]).elements.compactMap(\.whole)
            for block in row.members["blocks"]?.elements.compactMap(\.whole) ?? [] {
                expected[pattern.replacingOccurrences(of: "{i}", with: "\(block)")] = shape
            }
        }
        let architecture = try #require(Architecture.named(name))
        var found = WeightTable(architecture.configuration).entries
        if architecture.configuration.vision.isImageNet {
            found.removeAll { $0.name == "logit_scale" }
        }
        #expect(Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.shape) }) == expected)
    }

    @Test("the known ones have the published numbers of parameters")
    func parameterCounts() throws {
        for (name, count) in [
            ("RN50", 38_316_896), ("RN101", 56_259_936), ("RN50x4", 87_137_080),
            ("RN50x16", 167_328_912), ("RN50x64", 420_380_352),
            ("vit_base_patch16_224", 85_798_656), ("vit_large_patch16_224", 303_301_632),
            ("convnext_base", 87_566_464), ("convnext_large", 196_230_336),
        ] {
            let architecture = try #require(Architecture.named(name))
            let found = WeightTable(architecture.configuration).entries
                .filter { $0.side == .vision && !WeightTable.isStatistic($0.name) }
                .reduce(0) { $0 + $1.count }
            #expect(found == count, "\(name)")
        }
    }

    @Test("their configuration is written and read as it was", arguments: OtherModel.names)
    func configurationRoundTrip(name: String) throws {
        let folder = try TemporaryFolder()
        let package = try imported(name, to: folder)
        #expect(package.configuration == (try Fixtures.architecture(name).configuration))
        let opened = try ModelPackage.open(package.path)
        #expect(opened.configuration == package.configuration)
        #expect(try opened.inspect().isSound)
    }

    @Test("an import keeps every tensor under its name, but the classifier")
    func everyTensorIsKept() throws {
        for name in OtherModel.names {
            let folder = try TemporaryFolder()
            let package = try imported(name, to: folder)
            let original = try SafetensorsFile(
                path: Fixtures.path("\(name)/weights.safetensors"))
            let kept = original.names.filter {
                !($0.hasPrefix("head.") && !$0.hasPrefix("head.norm."))
            }
            let added = name == "resnet" ? [] : ["logit_scale"]
            #expect(Set(package.weights.names) == Set(kept + added))
            for tensor in kept {
                let expected = try original.bytes(of: tensor).withUnsafeBytes { Array($0) }
                #expect(
                    try package.weights.bytes(of: tensor).withUnsafeBytes { Array($0) }
                        == expected)
            }
        }
    }

    @Test("pixels are normalised as each was trained, or as the file beside the weights says")
    func normalization() throws {
        let folder = try TemporaryFolder()
        let means = try OtherModel.names.map { name in
            try CheckpointImport(
                source: Fixtures.path("\(name)/weights.safetensors"),
                architecture: Fixtures.architecture(name)
            ).normalization
        }
        #expect(means == [.clip, .symmetric, .imageNet])
        try Fixtures.copy("timm-vit/weights.safetensors", to: folder.file("model.safetensors"))
        try """
        {"architecture": "vit_base_patch16_224", "num_classes": 3,
         "pretrained_cfg": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}
        """.write(toFile: folder.file("config.json"), atomically: true, encoding: .utf8)
        let described = try CheckpointImport(
            source: folder.file("model.safetensors"),
            architecture: Fixtures.architecture("timm-vit"))
        #expect(described.normalization == .imageNet)
        let error = failure {
            _ = try CheckpointImport(
                source: folder.file("model.safetensors"),
                architecture: Architecture.resolve("vit_large_patch16_224"))
        }
        #expect(error?.kind == .badData)
    }

    @Test("a checkpoint without numbers of batches begins to count")
    func missingCounters() throws {
        let folder = try TemporaryFolder()
        let source = folder.file("w.safetensors")
        try Fixtures.copy(
            "resnet/weights.safetensors", to: source,
            renaming: { WeightTable.isCounter($0) ? nil : $0 })
        let package = try CheckpointImport(
            source: source, architecture: Fixtures.architecture("resnet")
        ).write(to: folder.file("package"))
        let counter = try package.weights.bytes(of: "visual.bn1.num_batches_tracked")
        #expect(counter.withUnsafeBytes { Array($0) } == [UInt8](repeating: 0, count: 8))
    }

    @Test("a ResNet's embedding contains the projection, and its image size is fixed")
    func resNetProjection() throws {
        let folder = try TemporaryFolder()
        let source = Fixtures.path("resnet/weights.safetensors")
        let architecture = try Fixtures.architecture("resnet")
        let package = try CheckpointImport(
            source: source, architecture: architecture, keepProjection: true
        ).write(to: folder.file("package"))
        #expect(package.embeddingDimension == 24)
        #expect(try imported("resnet", to: TemporaryFolder()).embeddingDimension == 24)
        let error = failure {
            _ = try CheckpointImport(source: source, architecture: architecture, imageSize: 96)
        }
        #expect(error?.kind == .usage)
        #expect(error?.description.contains("64 pixels") == true)
    }

    @Test("an encoder of timm takes another image size; its positions are resampled")
    func timmImageSize() throws {
        for (name, resampled) in [("timm-vit", 64), ("timm-convnext", nil)] as [(String, Int?)] {
            let folder = try TemporaryFolder()
            let checkpoint = try CheckpointImport(
                source: Fixtures.path("\(name)/weights.safetensors"),
                architecture: Fixtures.architecture(name), imageSize: 96)
            #expect(checkpoint.resampledFromImageSize == resampled)
            let package = try checkpoint.write(to: folder.file("package"))
            #expect(package.configuration.imageSize == 96)
        }
    }

    @Test("a new model of each kind is a sound package; a ResNet's new blocks add nothing")
    func create() throws {
        for name in OtherModel.names {
            let folder = try TemporaryFolder()
            let architecture = try Fixtures.architecture(name)
            let package = try ModelPackage.create(architecture, seed: 3, at: folder.file("new"))
            #expect(try package.inspect().isSound)
            #expect(
                package.settings.normalization
                    == architecture.configuration.vision.standardNormalization)
            guard name == "resnet" else { continue }
            #expect(try package.weights.floats("visual.layer2.1.bn3.weight").allSatisfy { $0 == 0 })
            #expect(try package.weights.floats("visual.bn3.weight").allSatisfy { $0 == 1 })
            #expect(
                try package.weights.floats("visual.bn1.running_var").allSatisfy { $0 == 1 })
        }
    }

    @Test(
        "configurations that make no sense are refused with the key",
        arguments: [
            ("\"layers\": [1, 2, 1]", "vision_cfg.layers"),
            ("\"layers\": [1, 2, 1, 0]", "vision_cfg.layers"),
            ("\"layers\": [1, 1, 1, 1], \"width\": 5", "vision_cfg.width"),
            ("\"layers\": [1, 1, 1, 1], \"image_size\": 100", "vision_cfg.image_size"),
            ("\"layers\": [1, 1, 1, 1], \"head_width\": 7", "vision_cfg.head_width"),
            ("\"timm_model\": \"swin\"", "vision_cfg.timm_model"),
            ("\"timm_model\": \"convnext\"", "embed_dim"),
            ("\"timm_model\": \"convnext\", \"widths\": 8", "vision_cfg.widths"),
        ])
    func badConfigurations(members: String, key: String) throws {
        let error = failure {
            _ = try CLIPConfiguration(
                json: Data("{\"embed_dim\": 16, \"vision_cfg\": {\(members)}}".utf8),
                file: "c.json")
        }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("'\(key)'") == true, "\(String(describing: error))")
    }
}
