// Patches without padding: which they are, and that packing crops changes nothing.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@EngineActor
@Suite("Content tokens", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct ContentTokensTests {
    /// Letterboxed crops of noise.
    private func batch(_ shapes: [(width: Int, height: Int)], side: Int) -> ImageBatch {
        var generator = SeededGenerator(seed: 12)
        return ImageBatch(
            shapes.map { shape in
                let pixels = (0..<shape.width * shape.height * 3).map { _ in
                    UInt8(generator.integer(below: 256))
                }
                return Letterbox(side: side).apply(
                    Image(width: shape.width, height: shape.height, pixels: pixels))
            })
    }

    private func package(_ name: String, in folder: TemporaryFolder) throws -> ModelPackage {
        try CheckpointImport(
            source: Fixtures.path("\(name)/weights.safetensors"),
            architecture: Fixtures.architecture(name)
        ).write(to: folder.file("package"))
    }

    @Test("of a crop of 64 x 128 in 224 pixels 99 of 197 tokens are left")
    func player() {
        let batch = batch([(64, 128), (128, 128), (64, 128)], side: 224)
        let aligned = batch.alignedToPatches(of: 16)
        let content = ContentTokens(aligned.contents, side: 224, patchSize: 16)
        #expect(
            content.groups == [.init(images: 2, tokens: 99), .init(images: 1, tokens: 197)])
        #expect(content.count == 2 * 99 + 197 && content.patches.count == content.count - 3)
        // The second image's tokens come last.
        #expect(content.classTokens == [0, 198, 99])
        #expect(content.sources[1] == 1 && content.sources[99] == 0)
        let columns = aligned.contents[0].left / 16
        #expect(content.positions.prefix(3) == [0, Int64(columns + 1), Int64(columns + 2)])
        #expect(content.patches.first == Int64(columns))
    }

    @Test(
        "crops of any shapes together give what each gives alone, and its content's patches give",
        arguments: ["quickgelu", "gelu"])
    func packing(name: String) throws {
        let folder = try TemporaryFolder()
        let package = try package(name, in: folder)
        let side = package.configuration.imageSize
        let batch = batch([(20, 40), (40, 20), (9, 64), (30, 30), (20, 40)], side: side)
        let patch = try #require(package.configuration.vision.patchSize)
        for form in [LayerForm.packed(.fp32, rows: 40), .trainable(.fp32)] {
            let model = try VisionTransformer(package, form: form, tokens: .content)
            let together = try model(batch).floatValues()
            let whole = try VisionTransformer(package, form: form)
            let aligned = batch.alignedToPatches(of: patch)
            for index in 0..<batch.count {
                let row = together[
                    index * together.count / batch.count..<(index + 1) * together.count
                        / batch.count]
                let alone = try model(batch[index..<index + 1]).floatValues()
                #expect(
                    zip(alone, row).allSatisfy { abs($0 - $1) < Tolerance.singleOperation * 10 })
                // The plain way: all tokens of one image, and of them those that show it.
                let own = aligned[index..<index + 1]
                let tokens = try whole.tokens(of: whole.pixels(of: own))
                let grid = side / patch
                let area = own.contents[0]
                let kept = (0..<grid * grid).filter { place in
                    let (top, left) = (place / grid * patch, place % grid * patch)
                    return left < area.left + area.width && left + patch > area.left
                        && top < area.top + area.height && top + patch > area.top
                }.map { Int64($0 + 1) }
                let width = tokens.shape[2]
                let chosen = try tokens.reshaped([tokens.shape[1], width]).rows(
                    at: .integers([0] + kept, shape: [kept.count + 1]))
                let plain = try whole.embedding(
                    of: chosen.reshaped([1, kept.count + 1, width])
                ).floatValues()
                #expect(
                    zip(plain, row).allSatisfy { abs($0 - $1) < Tolerance.singleOperation * 10 })
            }
        }
    }

    @Test(
        "patches and embeddings equal those of open_clip's modules, one crop after the other",
        arguments: ["quickgelu", "gelu", "huggingface"])
    func equalsReference(name: String) throws {
        let folder = try TemporaryFolder()
        let package = try CheckpointImport(
            source: Fixtures.path("\(name)/weights.safetensors"),
            architecture: Fixtures.architecture(name), keepProjection: true
        ).write(to: folder.file("package"))
        let reference = try SafetensorsFile(path: Fixtures.path("content/\(name).safetensors"))
        let crops = try (0..<8).map { index in
            let shape = try #require(reference.tensors["crop.\(index)"]).shape
            return Image(
                width: shape[1], height: shape[0],
                pixels: try reference.withBytes(of: "crop.\(index)") { Array($0) })
        }
        let side = package.configuration.imageSize
        let patch = try #require(package.configuration.vision.patchSize)
        let batch = ImageBatch(crops.map { Letterbox(side: side).apply($0) })
        let aligned = batch.alignedToPatches(of: patch)
        for index in crops.indices {
            let content = ContentTokens(
                [aligned.contents[index]], side: side, patchSize: patch)
            let places = try reference.withBytes(of: "positions.\(index)") { $0.map(Int64.init) }
            #expect(content.positions.dropFirst().map { $0 - 1 } == places)
        }
        let model = try VisionTransformer(
            package, form: .packed(.fp32, rows: 40), tokens: .content)
        var features: [Float] = []
        let projected = try model(batch) { stage, value in
            if stage == "features" { features = (try? value.l2Normalized().floatValues()) ?? [] }
        }.l2Normalized().floatValues()
        for (found, expected) in [
            (features, try reference.floats("features_unit")),
            (projected, try reference.floats("projected_unit")),
        ] {
            #expect(found.count == expected.count)
            #expect(
                zip(found, expected).allSatisfy { abs($0 - $1) <= Tolerance.unitEmbedding })
        }
    }

    @Test("of each block the mean of an image's own tokens is shown, in the batch's order")
    func blockMeans() throws {
        let folder = try TemporaryFolder()
        let package = try package("quickgelu", in: folder)
        let side = package.configuration.imageSize
        let batch = batch([(40, 20), (9, 64), (30, 30), (9, 64)], side: side)
        let model = try VisionTransformer(
            package, form: .packed(.fp32, rows: 40), tokens: .content)
        func means(_ batch: ImageBatch) throws -> [String: (shape: [Int], values: [Float])] {
            var found: [String: (shape: [Int], values: [Float])] = [:]
            _ = try model(batch) { stage, value in
                guard stage.hasPrefix("block.") else { return }
                found[stage] = (value.shape, (try? value.floatValues()) ?? [])
            }
            return found
        }
        let together = try means(batch)
        #expect(Set(together.keys) == Set(package.configuration.vision.tokenStages))
        // A square that is filled has all tokens, whose mean is known.
        let full = batch[2..<3]
        let whole = try VisionTransformer(package, form: .packed(.fp32, rows: 40))
        for (stage, packed) in together {
            let width = packed.shape[2]
            #expect(packed.shape == [4, 1, width])
            for index in 0..<batch.count {
                let alone = try #require(means(batch[index..<index + 1])[stage]).values
                let row = packed.values[index * width..<(index + 1) * width]
                #expect(
                    zip(alone, row).allSatisfy { abs($0 - $1) < Tolerance.singleOperation * 10 })
            }
            var expected: [Float] = []
            _ = try whole(full) {
                if $0 == stage { expected = (try? $1.mean(dimension: 1).floatValues()) ?? [] }
            }
            #expect(
                zip(expected, packed.values[2 * width..<3 * width])
                    .allSatisfy { abs($0 - $1) < Tolerance.singleOperation * 10 })
        }
    }

    @Test("where images fill the square it is the same as all tokens")
    func fullSquares() throws {
        let folder = try TemporaryFolder()
        let package = try package("quickgelu", in: folder)
        let side = package.configuration.imageSize
        let batch = batch([(30, 30), (64, 64)], side: side)
        let all = try VisionTransformer(package, form: .packed(.fp32, rows: 34))(batch)
            .floatValues()
        let content = try VisionTransformer(
            package, form: .packed(.fp32, rows: 34), tokens: .content)(
                batch
            ).floatValues()
        #expect(zip(all, content).allSatisfy { abs($0 - $1) < Tolerance.singleOperation * 10 })
    }

    @Test("gradients of packed crops are the sums of each crop's own")
    func gradients() throws {
        let folder = try TemporaryFolder()
        let package = try package("gelu", in: folder)
        let batch = batch([(20, 40), (40, 12), (20, 40)], side: package.configuration.imageSize)
        func gradients(of batches: [ImageBatch], checkpoints: Bool) throws -> [[Float]] {
            let model = try VisionTransformer(package, form: .trainable(.fp32), tokens: .content)
            model.usesCheckpoints = checkpoints
            for batch in batches {
                let embedding = try model(batch)
                try embedding.multiplied(by: embedding).sum().backward()
            }
            return try model.parameters.map { try $0.tensor.gradient()?.floatValues() ?? [] }
        }
        let alone = try gradients(of: (0..<3).map { batch[$0..<$0 + 1] }, checkpoints: false)
        #expect(alone.contains { !$0.isEmpty })
        for checkpoints in [false, true] {
            let together = try gradients(of: [batch], checkpoints: checkpoints)
            for (one, other) in zip(alone, together) {
                #expect(one.count == other.count)
                let largest = one.map(abs).max() ?? 0
                #expect(
                    zip(one, other).allSatisfy {
                        abs($0 - $1) <= Tolerance.singleOperation * 10 * max(1, largest)
                    })
            }
        }
    }

    @Test("an encoder without patches refuses")
    func refuses() throws {
        let folder = try TemporaryFolder()
        let package = try package("resnet", in: folder)
        let error = failure {
            _ = try package.makeEncoder(form: .trainable(.fp32), tokens: .content)
        }
        #expect(error?.kind == .usage)
        #expect(error?.description.contains("--tokens all") == true)
    }
}
