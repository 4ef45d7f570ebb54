// A pretraining as a whole: learning, resuming, what the run folder holds, and refusals.
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
import Synchronization
import Testing

@testable import ReIdentTraining

@Suite("Pretraining", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct PretrainingTests {
    private func training(
        in folder: TemporaryFolder, data: String, run: String = "run",
        start: Pretraining.Start? = nil, change: (inout TrainingOptions) -> Void = { _ in }
    ) throws -> Pretraining {
        var options = TrainingOptions.pretraining
        options.epochs = 2
        options.batchSize = 4
        options.learningRate = 2e-3
        change(&options)
        return Pretraining(
            start: start ?? .new(CaptionedPlayers.architecture(), .learned(tokenCount: 560)),
            dataset: try Dataset(path: data), options: options, validation: .share(0.2),
            runPath: folder.file(run))
    }

    @Test("a model from scratch learns which caption belongs to which image")
    func learns() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder, colors: 6)
        try await training(in: folder, data: data) {
            $0.epochs = 10
            $0.batchSize = 14
            $0.learningRate = 4e-3
        }.run()
        let epochs = try RunFolder(path: folder.file("run")).epochs()
        let (first, last) = (try #require(epochs.first), try #require(epochs.last))
        #expect(first.captions == 7 && first.measuredOn == "validation")
        #expect(last.epoch == 10 && last.meanAveragePrecision == nil)
        // Colours of shirt and shorts that were seen, together in pairs that were not.
        #expect((last.imageToText ?? 0) > 3 * max(1.0 / 7, first.imageToText ?? 1) / 2)
        #expect((last.meanLoss ?? 9) < 0.7 * (epochs[1].meanLoss ?? 0))
        let best = epochs.dropFirst().compactMap(\.imageToText).max()
        #expect(best ?? 0 > 0.5)
    }

    @Test("a run cut short and resumed has exactly the losses of one that went through")
    func resumesExactly() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        let settings: (inout TrainingOptions) -> Void = {
            $0.chunkSize = 3
            $0.augmentation = .robust
            $0.flipProbability = 0.5
        }
        try await training(in: folder, data: data, run: "whole", change: settings).run()
        let whole = try RunFolder(path: folder.file("whole")).steps()
        #expect(whole.count == 6 && whole.allSatisfy { $0.logitScale ?? 0 > 1 })
        try await training(in: folder, data: data) {
            settings(&$0)
            $0.maximumSteps = 4
            $0.saveInterval = 2
        }.run(force: true)
        try await training(in: folder, data: data, change: settings).run(resumes: true)
        #expect(try RunFolder(path: folder.file("run")).steps() == whole)
        let weights = try ["whole", "run"].map {
            try ModelPackage.open(folder.file("\($0)/last")).settings.weightsDigest
        }
        #expect(weights[0] == weights[1])
    }

    @Test("a cancelled run finishes its step, saves, and goes on as if nothing had been")
    func stopsCleanly() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        try await training(in: folder, data: data, run: "whole").run()
        let interrupted = try training(in: folder, data: data)
        let task = Mutex<Task<Void, any Error>?>(nil)
        let running = Task {
            try await interrupted.run { event in
                if case .step(let record, _, _) = event, record.step == 4 {
                    task.withLock { $0?.cancel() }
                }
            }
        }
        task.withLock { $0 = running }
        let error = await #expect(throws: TrainingError.self) { try await running.value }
        #expect(error?.kind == .interrupted)
        try await training(in: folder, data: data).run(resumes: true)
        #expect(
            try RunFolder(path: folder.file("run")).steps()
                == RunFolder(path: folder.file("whole")).steps())
    }

    @Test("the packages hold both sides, the vocabulary and the temperature, and read texts")
    func writesPackages() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        try await training(in: folder, data: data) { $0.maximumSteps = 4 }.run()
        for name in ["last", "best"] {
            let package = try ModelPackage.open(folder.file("run/\(name)"))
            #expect(package.settings.embedding == .projected && package.hasTextSide)
            let tokens = try package.tokenizer().tokenize("a player in a red shirt").tokens
            #expect(tokens.count == 8)
            #expect(package.settings.provenance.training?["captions"] == "7")
            #expect(try package.settings.wasTrained(on: "player00") == !isAside("player00", data))
            #expect(try package.weights.floats("logit_scale") != [2.659_260])
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.sorted() == ["players", "run"])
    }

    /// Whether a player is kept aside, found out by training without validation.
    private func isAside(_ player: String, _ data: String) throws -> Bool {
        var options = TrainingOptions.pretraining
        options.batchSize = 4
        let split = try Pretraining(
            start: .new(CaptionedPlayers.architecture(), .learned(tokenCount: 560)),
            dataset: Dataset(path: data), options: options, validation: .share(0.2),
            runPath: ""
        ).captionedSplit()
        #expect(split.validation.count == 4 && split.training.count == 14)
        return split.validation.contains { $0.identity == player }
    }

    @Test("a package is trained further, its vocabulary kept")
    func continuesPackage() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        let start = try CaptionedPlayers.package(for: Dataset(path: data), in: folder)
        try await training(in: folder, data: data, start: .package(start)) {
            $0.maximumSteps = 3
        }.run()
        let last = try ModelPackage.open(folder.file("run/last"))
        #expect(try last.vocabularyFile()?.digest() == start.vocabularyFile()?.digest())
        #expect(last.settings.embedding == start.settings.embedding)
        for name in start.weights.names {
            #expect(
                try last.weights.floats(name) != start.weights.floats(name), "\(name) stayed")
        }
        let other = try training(in: folder, data: data) { $0.maximumSteps = 5 }
        let error = await #expect(throws: TrainingError.self) {
            try await other.run(resumes: true)
        }
        #expect(error?.kind == .badData)
    }

    @Test("images without a caption are left out and counted")
    func countsUncaptioned() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder, uncaptioned: 3)
        let notes = Mutex<[String]>([])
        try await training(in: folder, data: data) { $0.maximumSteps = 1 }.run { event in
            if case .note(let text) = event { notes.withLock { $0.append(text) } }
        }
        #expect(notes.withLock { $0 }.contains { $0.hasPrefix("3 training images have no") })
    }

    @Test("the temperature stays where CLIP keeps it")
    func clampsTemperature() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        var architecture = CaptionedPlayers.architecture().configuration
        architecture.initialLogitScale = 6  // a factor of 403
        let start = Pretraining.Start.new(
            Architecture(name: "hot", configuration: architecture), .learned(tokenCount: 560))
        try await training(in: folder, data: data, start: start) { $0.maximumSteps = 3 }.run()
        let scales = try RunFolder(path: folder.file("run")).steps().compactMap(\.logitScale)
        #expect(scales.count == 3 && scales[0] > 400)
        #expect(scales.dropFirst().allSatisfy { $0 <= 100.001 && $0 > 90 })
    }

    @Test("chunks in which a batch norm would see one image are refused, and only those")
    func refusesChunksOfOne() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        func run(isResNet: Bool, batch: Int, chunk: Int) async throws {
            let start = Pretraining.Start.new(
                CaptionedPlayers.architecture(isResNet: isResNet), .learned(tokenCount: 560))
            try await training(in: folder, data: data, start: start) {
                $0.batchSize = batch
                $0.chunkSize = chunk
                $0.maximumSteps = 1
            }.run(force: true)
        }
        for (batch, chunk, least) in [(4, 1, 2), (5, 2, 3)] {
            let error = await #expect(throws: TrainingError.self) {
                try await run(isResNet: true, batch: batch, chunk: chunk)
            }
            #expect(error?.kind == .usage)
            #expect(error?.description.contains("--chunk-size needs at least \(least)") == true)
            #expect(!FileManager.default.fileExists(atPath: folder.file("run")))
        }
        try await run(isResNet: true, batch: 5, chunk: 4)
        let trained = try ModelPackage.open(folder.file("run/last")).weights
        for name in trained.names where name.contains("running_") {
            #expect(try trained.floats(name).allSatisfy(\.isFinite), "\(name)")
        }
        try await run(isResNet: false, batch: 3, chunk: 1)
    }

    @Test("gains, biases and the temperature do not decay; matrices do")
    func decaysMatricesOnly() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        let start = try CaptionedPlayers.package(for: Dataset(path: data), in: folder)
        func trained(_ run: String, decay: Double) async throws -> ModelPackage {
            try await training(in: folder, data: data, run: run, start: .package(start)) {
                $0.maximumSteps = 1
                $0.warmupEpochs = 0
                $0.weightDecay = decay
            }.run()
            return try ModelPackage.open(folder.file("\(run)/last"))
        }
        let plain = try await trained("plain", decay: 0)
        let decayed = try await trained("decayed", decay: 0.5)
        for entry in WeightTable(start.configuration).entries {
            let isEqual =
                try plain.weights.floats(entry.name) == decayed.weights.floats(entry.name)
            #expect(isEqual == (entry.shape.count < 2), "\(entry.name)")
        }
    }

    @Test("a loss that is no number stops with advice, and keeps the good state")
    func stopsAtInfiniteLoss() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        let training = try training(in: folder, data: data) {
            $0.learningRate = 1e30
            $0.warmupEpochs = 0
            $0.saveInterval = 1
        }
        let error = await #expect(throws: TrainingError.self) { try await training.run() }
        #expect(error?.description.contains("--lr") == true)
        let state = try SafetensorsFile(path: folder.file("run/state"))
        for name in state.names {
            #expect(try state.floats(name).allSatisfy(\.isFinite), "\(name)")
        }
    }

    @Test("bf16 follows fp32")
    func bfloat16FollowsSinglePrecision() async throws {
        let folder = try TemporaryFolder()
        let data = try CaptionedPlayers.write(in: folder)
        for precision in [Precision.fp32, .bf16] {
            try await training(in: folder, data: data, run: precision.rawValue) {
                $0.maximumSteps = 3
                $0.precision = precision
                $0.chunkSize = 2
            }.run()
        }
        let single = try RunFolder(path: folder.file("fp32")).steps().map(\.loss)
        let half = try RunFolder(path: folder.file("bf16")).steps().map(\.loss)
        #expect(half != single && half.count == single.count)
        for (found, expected) in zip(half, single) {
            #expect(abs(found - expected) < Tolerance.bfloat16Loss * expected)
        }
    }
}
