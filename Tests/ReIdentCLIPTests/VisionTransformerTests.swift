// The vision transformer against open_clip, stage by stage: small models by stored fixtures, the
// full sizes when `make parity` provides them.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

/// A small model of the fixtures and a way to hold its layers.
struct SmallModel: Sendable, CustomTestStringConvertible {
    let name: String
    let form: LayerForm

    var testDescription: String { "\(name), \(form)" }

    static let all = ["quickgelu", "gelu", "huggingface"].flatMap { name in
        [LayerForm.packed(.fp32, rows: 34), .trainable(.fp32)].map {
            SmallModel(name: name, form: $0)
        }
    }
}

@EngineActor
@Suite(
    "Vision transformer", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct VisionTransformerTests {
    @Test("every stage equals open_clip's", arguments: SmallModel.all)
    func stagesEqualReference(model: SmallModel) throws {
        let folder = try TemporaryFolder()
        let found = try StageComparison.compare(
            folder: Fixtures.path(model.name), packageFolder: folder.file("package"),
            form: model.form)
        #expect(found.stages.count >= 7)
        for stage in found.stages {
            #expect(stage.largestRelative < stage.tolerance, "\(stage.stage)")
        }
        #expect(found.largestUnitDifference <= Tolerance.unitEmbedding)
        #expect(found.bfloat16Cosine >= Tolerance.bfloat16Cosine)
        #expect(found.int8Cosine >= Tolerance.int8Cosine)
    }

    @Test("int8 stays near where a few channels are a hundred times as large as others")
    func outliers() throws {
        let folder = try TemporaryFolder()
        let source = try SafetensorsFile(path: Fixtures.path("quickgelu/weights.safetensors"))
        // Larger in the norm and smaller in the weights behind it: the function stays the same.
        var tensors: [SafetensorsWriter.Tensor] = []
        for name in source.names {
            let shape = try #require(source.tensors[name]).shape
            var values = try source.floats(name)
            let width = 48
            for channel in [3, 17, 40] where name.hasPrefix("visual.transformer") {
                if name.contains(".ln_") {
                    values[channel] *= 100
                } else if name.hasSuffix("in_proj_weight") || name.hasSuffix("c_fc.weight") {
                    for row in 0..<values.count / width { values[row * width + channel] /= 100 }
                }
            }
            tensors.append(SafetensorsWriter.Tensor(name: name, shape: shape, values: values))
        }
        try SafetensorsWriter.write(to: folder.file("weights.safetensors"), tensors: tensors)
        let package = try CheckpointImport(
            source: folder.file("weights.safetensors"),
            architecture: Fixtures.architecture("quickgelu")
        ).write(to: folder.file("package"))
        let image = PreparedImage(
            side: 64, pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0 * 5 / 3) })
        var norms: [[Float]] = []
        func unit(_ precision: Precision) throws -> [Float] {
            try VisionTransformer(package, form: .packed(precision, rows: 17))(
                ImageBatch([image])
            ) { stage, value in
                guard stage == "norm.0" else { return }
                norms.append((try? value.converted(to: .float32).floatValues()) ?? [])
            }.converted(to: .float32).l2Normalized().floatValues()
        }
        let cosine = zip(try unit(.fp32), try unit(.int8)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(cosine >= Tolerance.int8Cosine)
        // Who looks at the norm sees it as it is.
        let largest = norms[0].map(abs).max() ?? 0
        #expect(norms.count == 2 && largest > 50)
        #expect(
            zip(norms[0], norms[1]).allSatisfy {
                abs($0 - $1) <= Tolerance.bfloat16Operation * largest
            })
    }

    @Test("a batch's embedding does not depend on what else is in the batch")
    func imagesAreIndependent() throws {
        let folder = try TemporaryFolder()
        let package = try CheckpointImport(
            source: Fixtures.path("quickgelu/weights.safetensors"),
            architecture: Fixtures.architecture("quickgelu")
        ).write(to: folder.file("package"))
        let model = try VisionTransformer(package, form: .packed(.fp32, rows: 51))
        let images = (0..<3).map { index in
            PreparedImage(
                side: 64,
                pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0 * (index + 3) / 7) })
        }
        let together = try model(ImageBatch(images)).floatValues()
        for (index, image) in images.enumerated() {
            let alone = try model(ImageBatch([image])).floatValues()
            let row = together[index * alone.count..<(index + 1) * alone.count]
            #expect(zip(alone, row).allSatisfy { abs($0 - $1) < Tolerance.singleOperation * 10 })
        }
    }

    @Test("checkpointed blocks give the same embedding and gradients")
    func checkpointsChangeNothing() throws {
        let folder = try TemporaryFolder()
        let package = try CheckpointImport(
            source: Fixtures.path("gelu/weights.safetensors"),
            architecture: Fixtures.architecture("gelu")
        ).write(to: folder.file("package"))
        let image = PreparedImage(
            side: 56, pixels: (0..<56 * 56 * 3).map { UInt8(truncatingIfNeeded: $0 * 5) })
        func gradients(usesCheckpoints: Bool) throws -> [[Float]] {
            let model = try VisionTransformer(package, form: .trainable(.fp32))
            model.usesCheckpoints = usesCheckpoints
            let embedding = try model(ImageBatch([image]))
            try embedding.multiplied(by: embedding).sum().backward()
            return try model.parameters.map { try $0.tensor.gradient()?.floatValues() ?? [] }
        }
        let plain = try gradients(usesCheckpoints: false)
        #expect(plain.allSatisfy { gradient in gradient.contains { $0 != 0 } })
        #expect(try gradients(usesCheckpoints: true) == plain)
    }

    @Test(
        "a last block of class tokens alone gives the same embedding, and its gradient",
        arguments: [TokenSelection.all, .content])
    func lastBlockChangesNothing(tokens: TokenSelection) throws {
        let folder = try TemporaryFolder()
        let package = try CheckpointImport(
            source: Fixtures.path("quickgelu/weights.safetensors"),
            architecture: Fixtures.architecture("quickgelu")
        ).write(to: folder.file("package"))
        // Crops of several sizes, the largest in front.
        let images = [64, 40, 24].map { width in
            PreparedImage(
                side: 64,
                pixels: (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: $0 * width / 7) },
                content: PixelRectangle(left: (64 - width) / 2, top: 0, width: width, height: 64))
        }
        let model = try VisionTransformer(package, form: .trainable(.fp32), tokens: tokens)
        let batch = ImageBatch(images)
        let recorded = try model(batch)
        let weights = try Tensor.floats(
            seededNumbers(recorded.count, seed: 1), shape: recorded.shape)
        // An observer may look at every token, so all are computed.
        func whole() throws -> Tensor {
            try withoutGradients { try model(batch, observe: { _, _ in }) }
        }
        let difference = zip(
            try recorded.l2Normalized().floatValues(), try whole().l2Normalized().floatValues()
        ).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(difference <= Tolerance.unitEmbedding)
        for (precision, cosine) in [
            (Precision.fp32, 1 - Tolerance.unitEmbedding), (.bf16, Tolerance.bfloat16Cosine),
            (.int8, Tolerance.int8Cosine),
        ] {
            let packed = try VisionTransformer(
                package, form: .packed(precision, rows: 40), tokens: tokens)
            let alone = try packed(batch).converted(to: .float32).l2Normalized().floatValues()
            let all = try packed(batch, observe: { _, _ in }).converted(to: .float32)
                .l2Normalized().floatValues()
            let width = alone.count / images.count
            for image in images.indices {
                let own = image * width..<(image + 1) * width
                let product = zip(alone[own], all[own]).reduce(0) { $0 + $1.0 * $1.1 }
                #expect(product >= cosine, "\(precision)")
            }
        }
        try recorded.multiplied(by: weights).sum().backward()

        let last = package.configuration.vision.blockCount - 1
        let inside = model.parameters.filter { $0.name.contains(".resblocks.\(last).") }
        #expect(inside.count == 12)
        for (index, parameter) in inside.enumerated() {
            let tensor = parameter.tensor
            let gradient = try #require(try tensor.gradient()).floatValues()
            let start = try tensor.floatValues()
            let direction = seededNumbers(start.count, seed: UInt64(index + 2))
            func value(_ step: Float) throws -> Float {
                let moved = zip(start, direction).map { $0 + step * $1 }
                try withoutGradients {
                    try tensor.assign(.floats(moved, shape: tensor.shape))
                }
                return try whole().multiplied(by: weights).sum().item()
            }
            let step: Float = 1e-3
            let expected = (try value(step) - value(-step)) / (2 * step)
            _ = try value(0)
            let found = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(
                abs(found - expected) <= 10 * Tolerance.finiteDifference * max(1, abs(expected)),
                "\(parameter.name): \(found), by differences \(expected)")
        }
    }
}

/// Seeded numbers between -1 and 1.
private func seededNumbers(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float(generator.uniform() * 2 - 1) }
}

@EngineActor
@Suite(
    "Full-size parity",
    .enabled(
        if: ProcessInfo.processInfo.environment["REIDENT_PARITY_FOLDER"] != nil,
        "needs reference outputs, which `make parity` computes"), .serialized)
struct FullSizeParity {
    @Test("every stage of every full-size model equals open_clip's")
    func fullSizeModelsEqualReference() throws {
        let folder = try #require(ProcessInfo.processInfo.environment["REIDENT_PARITY_FOLDER"])
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let path = "\(folder)/\(name)"
            let stages = "\(path)/stages.safetensors"
            guard FileManager.default.fileExists(atPath: stages) else { continue }
            let temporary = try TemporaryFolder()
            var found = try StageComparison.compare(
                folder: path, packageFolder: temporary.file("package"),
                form: .packed(.fp32, rows: 4 * 197))
            if try SafetensorsFile(path: stages).tensors["tokens"] != nil {
                let text = try TextComparison.compare(
                    folder: path, package: .open(temporary.file("package")),
                    form: .packed(.fp32, rows: 6 * 77))
                #expect(text.largestUnitDifference <= Tolerance.unitEmbedding, "\(name)")
                #expect(text.bfloat16Cosine >= Tolerance.bfloat16Cosine, "\(name)")
                found.text = text
            }
            let encoded = try JSONEncoder().encode(found)
            try encoded.write(to: URL(filePath: "\(path)/differences.json"))
            #expect(found.largestUnitDifference <= Tolerance.unitEmbedding, "\(name)")
            #expect(found.bfloat16Cosine >= Tolerance.bfloat16Cosine, "\(name)")
            #expect(found.int8Cosine >= Tolerance.int8Cosine, "\(name)")
        }
    }
}
