// Twenty steps against plain PyTorch, from the same weights on the same pairs
// (Tools/fixtures/training.py).
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFiles
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentTraining

/// A run of the reference, as its fixture tells it.
struct ReferenceRun: Decodable {
    struct Options: Decodable {
        let epochs: Int
        let peak: Double
        let end: Double
        let schedule: LearningRateSchedule.Shape
        let warmupEpochs: Double
        let labelSmoothing: Double
        let weightDecay: Double
        let accumulation: Int
        let clipping: Double?

        enum CodingKeys: String, CodingKey {
            case epochs, schedule
            case peak = "lr"
            case end = "lr_end"
            case warmupEpochs = "warmup_epochs"
            case labelSmoothing = "label_smoothing"
            case weightDecay = "weight_decay"
            case accumulation = "gradient_accumulation"
            case clipping = "clip_gradients"
        }
    }

    let options: Options
    let steps: [StepRecord]
    let finalLogitScale: Float

    enum CodingKeys: String, CodingKey {
        case options, steps
        case finalLogitScale = "final_logit_scale"
    }

    var trainingOptions: TrainingOptions {
        var result = TrainingOptions()
        result.epochs = options.epochs
        result.batchSize = 6
        result.learningRate = options.peak
        result.finalLearningRate = options.end
        result.schedule = options.schedule
        result.warmupEpochs = options.warmupEpochs
        result.labelSmoothing = options.labelSmoothing
        result.weightDecay = options.weightDecay
        result.gradientAccumulation = options.accumulation
        result.gradientClipping = options.clipping
        return result
    }

    static func named(_ name: String) throws -> ReferenceRun {
        let contents = try Data(contentsOf: URL(filePath: Fixtures.path("\(name).json")))
        return try JSONDecoder().decode(ReferenceRun.self, from: contents)
    }
}

@Suite(
    "Training parity", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct TrainingParityTests {
    @Test(
        "losses, learning rates and embeddings are PyTorch's",
        arguments: ["polynomial", "accumulation", "cosine"])
    func equalsReference(name: String) async throws {
        let reference = try ReferenceRun.named(name)
        let folder = try TemporaryFolder()
        let training = FineTuning(
            package: try Fixtures.package(in: folder),
            dataset: try Dataset(path: Fixtures.path("dataset")),
            pairsPath: Fixtures.path("pairs.csv"), options: reference.trainingOptions,
            runPath: folder.file("run"))
        try await training.run()

        let steps = try RunFolder(path: folder.file("run")).steps()
        #expect(steps.count == 20)
        for (found, expected) in zip(steps, reference.steps) {
            #expect(found.step == expected.step && found.epoch == expected.epoch)
            #expect(abs(found.loss - expected.loss) <= Tolerance.trainingLoss * expected.loss)
            #expect(
                abs(found.learningRate - expected.learningRate)
                    <= Tolerance.figure * reference.options.peak)
        }
        let package = try ModelPackage.open(folder.file("run/last"))
        let scale = try package.weights.floats("logit_scale")
        #expect(abs(scale[0] - reference.finalLogitScale) < Tolerance.trainedEmbedding)
        #expect(try await difference(of: package, from: name) < Tolerance.trainedEmbedding)
    }

    @Test("a ResNet's losses, embeddings and running statistics are PyTorch's")
    func resNetEqualsReference() async throws {
        let reference = try ReferenceRun.named("resnet")
        let folder = try TemporaryFolder()
        var options = reference.trainingOptions
        options.maximumSteps = 6
        let start = try Fixtures.package("resnet", in: folder)
        let training = FineTuning(
            package: start, dataset: try Dataset(path: Fixtures.path("dataset")),
            pairsPath: Fixtures.path("pairs.csv"), options: options,
            runPath: folder.file("run"))
        try await training.run()
        let steps = try RunFolder(path: folder.file("run")).steps()
        #expect(steps.count == 6)
        for (found, expected) in zip(steps, reference.steps) {
            #expect(abs(found.loss - expected.loss) <= Tolerance.trainingLoss * expected.loss)
        }
        let package = try ModelPackage.open(folder.file("run/last"))
        let apart = try await difference(of: package, from: "resnet")
        #expect(apart < Tolerance.trainedEmbedding, "\(apart)")
        let expected = try SafetensorsFile(path: Fixtures.path("resnet.safetensors"))
        let statistics = expected.names.filter { $0.contains("running") }
        #expect(statistics.count > 30)
        for name in statistics {
            let (found, wanted) = (try package.weights.floats(name), try expected.floats(name))
            #expect(try found != start.weights.floats(name), "\(name) did not move")
            for (left, right) in zip(found, wanted) {
                #expect(abs(left - right) <= Tolerance.trainedEmbedding * max(1, abs(right)))
            }
        }
        let counter = "visual.layer1.0.bn2.num_batches_tracked"
        #expect(try package.weights.bytes(of: counter).withUnsafeBytes { $0[0] } == 7 + 6)
    }

    @Test("a ResNet goes on where it stopped, its running statistics too")
    func resNetResumes() async throws {
        let reference = try ReferenceRun.named("resnet")
        let folder = try TemporaryFolder()
        let start = try Fixtures.package("resnet", in: folder)
        func train(steps: Int, in run: String, resumes: Bool = false) async throws {
            var options = reference.trainingOptions
            options.maximumSteps = steps
            let training = FineTuning(
                package: start, dataset: try Dataset(path: Fixtures.path("dataset")),
                pairsPath: Fixtures.path("pairs.csv"), options: options,
                runPath: folder.file(run))
            try await training.run(resumes: resumes)
        }
        try await train(steps: 4, in: "whole")
        try await train(steps: 2, in: "halves")
        try await train(steps: 4, in: "halves", resumes: true)
        let whole = try ModelPackage.open(folder.file("whole/last"))
        let halves = try ModelPackage.open(folder.file("halves/last"))
        #expect(whole.settings.weightsDigest == halves.settings.weightsDigest)
    }

    @Test("checkpointing changes no loss")
    func checkpointingChangesNothing() async throws {
        let reference = try ReferenceRun.named("polynomial")
        let folder = try TemporaryFolder()
        var options = reference.trainingOptions
        options.usesGradientCheckpointing = true
        options.maximumSteps = 8
        let training = FineTuning(
            package: try Fixtures.package(in: folder),
            dataset: try Dataset(path: Fixtures.path("dataset")),
            pairsPath: Fixtures.path("pairs.csv"), options: options,
            runPath: folder.file("run"))
        try await training.run()
        let steps = try RunFolder(path: folder.file("run")).steps()
        #expect(steps.count == 8)
        for (found, expected) in zip(steps, reference.steps) {
            #expect(abs(found.loss - expected.loss) <= Tolerance.trainingLoss * expected.loss)
        }
    }

    /// The largest difference of a unit embedding's number from the reference's after training.
    private func difference(of package: ModelPackage, from run: String) async throws -> Float {
        let paths = try String(contentsOfFile: Fixtures.path("paths.txt"), encoding: .utf8)
            .split(separator: "\n").map(String.init)
        let sources = paths.map { ImageSource(.file(Fixtures.path("dataset/\($0)"))) }
        let encoder = try await PlayerEncoder.open(package)
        let found = try await encoder.embed(sources).embeddings.values
        let expected = try SafetensorsFile(path: Fixtures.path("\(run).safetensors"))
            .floats("embeddings")
        #expect(found.count == expected.count)
        return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
}
