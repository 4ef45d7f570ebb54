// Fine-tuning with captions beside the pairs of images.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentTraining

@Suite(
    "Fine-tuning with captions", .enabled(if: Engine.isAvailable, EngineRequirement.reason),
    .serialized)
struct TextWeightTests {
    private func training(
        in folder: TemporaryFolder, _ data: String, run: String,
        change: (inout TrainingOptions) -> Void
    ) throws -> FineTuning {
        let dataset = try Dataset(path: data)
        var options = TrainingOptions()
        options.epochs = 2
        options.batchSize = 4
        options.learningRate = 1e-3
        change(&options)
        return FineTuning(
            package: try CaptionedPlayers.package(for: dataset, in: folder), dataset: dataset,
            options: options, validation: .none, runPath: folder.file(run))
    }

    @Test("a weight of 0 gives the very losses and weights of a training without captions")
    func zeroIsNone() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        let weights: [(run: String, weight: Double?)] = [("off", nil), ("zero", 0), ("on", 0.5)]
        for (run, weight) in weights {
            try await training(in: folder, data, run: run) {
                $0.textWeight = weight
                $0.flipProbability = 0  // so that every batch has images with captions
            }.run()
        }
        let steps = try ["off", "zero", "on"].map { try RunFolder(path: folder.file($0)).steps() }
        #expect(steps[0] == steps[1] && steps[0].allSatisfy { $0.textLoss == nil })
        #expect(steps[0] != steps[2] && steps[2].allSatisfy { $0.textLoss != nil })
        let digests = try ["off", "zero", "on"].map {
            try ModelPackage.open(folder.file("\($0)/last")).settings.weightsDigest
        }
        #expect(digests[0] == digests[1] && digests[0] != digests[2])
    }

    @Test("with a weight the loss of the captions falls, and the text side learns")
    func textLossFalls() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder, colors: 6)
        let training = try training(in: folder, data, run: "run") {
            $0.textWeight = 1
            $0.batchSize = 12
            $0.epochs = 6
            $0.learningRate = 2e-3
            $0.flipProbability = 0
        }
        let sentences = "player {number}\nno number\n"
        try sentences.write(
            toFile: "\(training.package.path)/\(NumberPrompts.packageFile)", atomically: true,
            encoding: .utf8)
        try await training.run()
        let losses = try RunFolder(path: folder.file("run")).steps().compactMap(\.textLoss)
        let third = losses.count / 3
        let (early, late) = (losses.prefix(third), losses.suffix(third))
        #expect(late.reduce(0, +) < 0.8 * early.reduce(0, +))
        let last = try ModelPackage.open(folder.file("run/last"))
        for name in ["text_projection", "visual.proj"] {
            #expect(try last.weights.floats(name) != training.package.weights.floats(name))
        }
    }

    @Test("a training with captions goes on exactly, and not with another weight")
    func resumesExactly() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        func run(_ name: String, weight: Double = 0.5, steps: Int? = nil) throws -> FineTuning {
            try training(in: folder, data, run: name) {
                $0.textWeight = weight
                $0.maximumSteps = steps
            }
        }
        try await run("whole").run()
        try await run("run", steps: 2).run()
        try await run("run").run(resumes: true)
        #expect(
            try RunFolder(path: folder.file("run")).steps()
                == RunFolder(path: folder.file("whole")).steps())
        let other = try run("run", weight: 0.25)
        let error = await #expect(throws: TrainingError.self) {
            try await other.run(resumes: true)
        }
        #expect(error?.description.contains("textWeight") == true)
    }

    @Test("mirrored images say nothing about their captions")
    func leavesMirroredOut() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        try await training(in: folder, data, run: "run") {
            $0.textWeight = 1
            $0.flipProbability = 1
            $0.maximumSteps = 2
        }.run()
        #expect(
            try RunFolder(path: folder.file("run")).steps().allSatisfy { $0.textLoss == nil })
    }

    @Test(
        "where shirts are trained, a tall crop's caption counts only if it is cut",
        arguments: [(1e-9, false), (1, true)])
    func leavesWholePlayersOut(shirt: Double, counts: Bool) async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        try await training(in: folder, data, run: "run") {
            $0.textWeight = 1
            $0.flipProbability = 0
            $0.augmentation = ImageAugmentation()
            $0.augmentation?.shirt = shirt
            $0.maximumSteps = 2
        }.run()
        let steps = try RunFolder(path: folder.file("run")).steps()
        #expect(steps.count == 2 && steps.allSatisfy { ($0.textLoss != nil) == counts })
    }

    @Test("captions are needed, and a package that reads")
    func refuses() async throws {
        let folder = try TemporaryFolder()
        let bare = FineTuning(
            package: try Fixtures.package(in: folder),
            dataset: try Dataset(path: Fixtures.path("dataset")),
            options: {
                var options = TrainingOptions()
                options.batchSize = 4
                options.textWeight = 1
                return options
            }(), validation: .none, runPath: folder.file("run"))
        let missing = await #expect(throws: PackageError.self) { try await bare.run() }
        #expect(missing?.kind == .badData)
        let data = try CaptionedPlayers.write(in: folder, uncaptioned: 18)
        let training = try training(in: folder, data, run: "run") { $0.textWeight = 1 }
        // Its vocabulary was learned from nothing, which is allowed.
        let error = await #expect(throws: TrainingError.self) { try await training.run() }
        #expect(error?.kind == .badData && error?.description.contains("caption") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.file("run")))
    }
}
