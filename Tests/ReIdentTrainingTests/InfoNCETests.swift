// The loss between images and captions, and its gradients in chunks.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentTraining

@EngineActor
@Suite(
    "Image-text loss", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct InfoNCETests {
    private static let dimension = 5

    private func vectors(_ count: Int, seed: UInt64) -> [[Double]] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            (0..<Self.dimension).map { _ in generator.uniform() * 2 - 1 }
        }
    }

    private func tensor(_ rows: [[Double]]) throws -> Tensor {
        try Tensor.floats(
            rows.flatMap { $0.map(Float.init) }, shape: [rows.count, Self.dimension])
    }

    /// Cross-entropies over spread targets by their definition, in double precision.
    private func expected(
        _ images: [[Double]], _ texts: [[Double]], meanings: [Int], scale: Double,
        smoothing: Double
    ) -> Double {
        func unit(_ vector: [Double]) -> [Double] {
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { $0 / length }
        }
        let count = images.count
        func oneWay(_ rows: [[Double]], _ columns: [[Double]]) -> Double {
            var sum = 0.0
            for row in 0..<count {
                let logits = columns.map { column in
                    exp(scale) * zip(unit(rows[row]), unit(column)).reduce(0) { $0 + $1.0 * $1.1 }
                }
                let partition = log(logits.reduce(0) { $0 + exp($1) })
                let alike = (0..<count).filter { meanings[$0] == meanings[row] }
                for column in 0..<count {
                    let share = alike.contains(column) ? 1 / Double(alike.count) : 0
                    let target = (1 - smoothing) * share + smoothing / Double(count)
                    sum -= target * (logits[column] - partition)
                }
            }
            return sum / Double(count)
        }
        return (oneWay(images, texts) + oneWay(texts, images)) / 2
    }

    @Test(
        "is the cross-entropy with targets spread over equal captions",
        arguments: [
            [0, 1, 2, 3, 4, 5], [0, 1, 0, 2, 1, 0], [0, 0, 0, 0, 0, 0], [3, 9, 9, 3, 1, 2],
        ], [0, 0.1])
    func spreadsTargets(meanings: [Int], smoothing: Double) throws {
        let (images, texts) = (vectors(6, seed: 1), vectors(6, seed: 2))
        let found = try InfoNCE(labelSmoothing: smoothing)(
            images: tensor(images), texts: tensor(texts), meanings: meanings,
            logitScale: Tensor.floats([1.5], shape: []))
        let wanted = expected(
            images, texts, meanings: meanings, scale: 1.5, smoothing: smoothing)
        #expect(abs(Double(try found.item()) - wanted) < Double(Tolerance.singleOperation))
    }

    @Test("images of one caption are not pushed away from it")
    func leavesEqualCaptionsAlone() throws {
        // Two pairs that say the same, embedded the same: nothing is left to gain.
        let image = try tensor([[1, 0, 0, 0, 0], [1, 0, 0, 0, 0]])
        try image.setRequiresGradient(true)
        let texts = try tensor([[0, 1, 0, 0, 0], [0, 0, 1, 0, 0]])
        func gradient(_ meanings: [Int]) throws -> [Float] {
            try image.clearGradient()
            try InfoNCE(labelSmoothing: 0)(
                images: image, texts: texts, meanings: meanings,
                logitScale: Tensor.floats([2], shape: [])
            ).backward()
            return try image.gradient()?.floatValues() ?? []
        }
        #expect(try gradient([4, 4]).allSatisfy { abs($0) < Tolerance.singleOperation })
        #expect(try gradient([4, 5]).contains { abs($0) > 0.1 })
    }
}

@EngineActor
@Suite(
    "Gradient caching", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct GradientCacheTests {
    private struct Gradients {
        var loss: Float
        var byName: [String: [Float]]
        var statistics: [[Float]]
    }

    /// One batch of seven images; the first and the fifth show one player and have one caption.
    private static let places = [0, 2, 5, 9, 1, 20, 33]

    /// Gradients of the batch.
    private func gradients(
        of dataset: Dataset, _ package: ModelPackage, chunkSize: Int?
    ) throws -> Gradients {
        let places = Self.places
        let captions = CaptionTable(dataset.train, tokenizer: try package.tokenizer())
        let model = try TrainedModel(
            package.selecting(.projected), readsTexts: true, options: .pretraining)
        let objective = CaptionObjective(model, captions: captions, chunkSize: chunkSize)
        let images = try images(places, dataset, side: model.vision.imageSize)
        let loss = try objective.addGradients(
            of: TrainingBatch(
                images: images, places: places, keepsCaption: places.map { _ in true }), scale: 1)
        return Gradients(
            loss: loss.value,
            byName: Dictionary(
                uniqueKeysWithValues: try model.parameters.map {
                    ($0.name, try $0.tensor.gradient()?.floatValues() ?? [])
                }), statistics: try model.statistics.map { try $0.tensor.floatValues() })
    }

    @Test(
        "gradients in chunks are those of the whole batch, for every parameter of both sides",
        arguments: [1, 3])
    func equalsPlainGradient(chunkSize: Int) throws {
        let folder = try TemporaryFolder()
        let dataset = try Dataset(path: CaptionedPlayers.write(in: folder, colors: 6))
        let package = try CaptionedPlayers.package(for: dataset, in: folder)
        let whole = try gradients(of: dataset, package, chunkSize: nil)
        let cached = try gradients(of: dataset, package, chunkSize: chunkSize)
        #expect(abs(whole.loss - cached.loss) < Tolerance.cachedGradient)
        let names = Set(WeightTable(package.configuration).entries.map(\.name))
        #expect(Set(cached.byName.keys) == names)
        for (name, expected) in whole.byName {
            let found = cached.byName[name] ?? []
            #expect(found.count == expected.count && !expected.isEmpty, "\(name)")
            #expect(expected.contains { abs($0) > 1e-7 }, "\(name) has no gradient")
            let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(difference < Tolerance.cachedGradient, "\(name): \(difference)")
        }
    }

    @Test(
        "chunks are as few and as even as their size allows, and hold every item once",
        arguments: [(7, 3), (7, 6), (256, 255), (9, 4), (5, 5), (3, 8), (4, 1)])
    func cutsEvenly(count: Int, size: Int) {
        let chunks = GradientCache.chunks(of: count, size: size)
        #expect(chunks.flatMap(Array.init) == Array(0..<count))
        #expect(chunks.count == (count + size - 1) / size)
        let sizes = chunks.map(\.count)
        #expect((sizes.max() ?? 0) <= size && (sizes.max() ?? 0) - (sizes.min() ?? 9) <= 1)
    }

    @Test(
        "a batch norm follows each chunk once, though two passes see it, and none is of one image",
        arguments: [4, 6, 3])
    func followsStatisticsOnce(chunkSize: Int) throws {
        let folder = try TemporaryFolder()
        let dataset = try Dataset(path: CaptionedPlayers.write(in: folder, colors: 6))
        let package = try CaptionedPlayers.package(for: dataset, in: folder, isResNet: true)
        let cached = try gradients(of: dataset, package, chunkSize: chunkSize)
        // What batches as large as the chunks leave behind, without any cache.
        let chunks = GradientCache.chunks(of: Self.places.count, size: chunkSize)
        #expect(chunks.allSatisfy { $0.count >= 2 })
        let batches = chunks.map { Array(Self.places[$0]) }
        let expected = try statistics(after: batches, dataset, package)
        #expect(!expected.isEmpty && cached.statistics == expected)
        #expect(expected.allSatisfy { $0.allSatisfy(\.isFinite) })
        #expect(cached.byName["visual.conv1.weight"]?.contains { $0 != 0 } == true)
    }

    @Test("a batch norm of one value sees no spread: why chunks of one image are refused")
    func seesNoSpreadOfOne() throws {
        let folder = try TemporaryFolder()
        let dataset = try Dataset(path: CaptionedPlayers.write(in: folder, colors: 6))
        let package = try CaptionedPlayers.package(for: dataset, in: folder, isResNet: true)
        // The last stage has one pixel of these images: its variances go a tenth of the way from 1
        // to 0, whatever the image.
        let ruined = try statistics(after: [[0]], dataset, package)
        #expect(ruined.contains { $0.allSatisfy { abs($0 - 0.9) < 1e-6 } })
        let sound = try statistics(after: [[0, 1, 2, 3]], dataset, package)
        #expect(!sound.contains { $0.allSatisfy { abs($0 - 0.9) < 1e-6 } })
    }

    /// The running statistics of a model that has seen batches of these images.
    private func statistics(
        after batches: [[Int]], _ dataset: Dataset, _ package: ModelPackage
    ) throws -> [[Float]] {
        let model = try TrainedModel(
            package.selecting(.projected), readsTexts: false, options: .pretraining)
        for places in batches {
            _ = try model.vision(images(places, dataset, side: model.vision.imageSize))
        }
        return try model.statistics.map { try $0.tensor.floatValues() }
    }

    private func images(
        _ places: [Int], _ dataset: Dataset, side: Int
    ) throws -> ImageBatch {
        let loader = ImageLoader(preprocessing: .letterbox, side: side)
        return ImageBatch(
            try places.map { try loader.prepare(ImageSource(dataset.train[$0].source)) })
    }
}
