// A training as a whole: resuming, stopping, validation, what the run folder holds, and refusals.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Synchronization
import Testing

@testable import ReIdentTraining

@Suite("Fine-tuning", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct FineTuningTests {
    /// A training of the small model on drawn players, two epochs unless told otherwise.
    func training(
        in folder: TemporaryFolder, run: String = "run", change: (inout TrainingOptions) -> Void
    ) throws -> FineTuning {
        var options = TrainingOptions()
        options.epochs = 2
        options.batchSize = 4
        options.learningRate = 1e-3
        change(&options)
        return FineTuning(
            package: try Fixtures.package(in: folder),
            dataset: try Dataset(path: Fixtures.path("dataset"), options: .init(testShare: 0.2)),
            options: options, validation: .share(0.25), runPath: folder.file(run))
    }

    @Test("a training cut short and resumed has exactly the losses of one that went through")
    func resumesExactly() async throws {
        let folder = try TemporaryFolder()
        try await training(in: folder, run: "whole") { _ in }.run()
        let whole = RunFolder(path: folder.file("whole"))
        let count = try whole.steps().count
        #expect(count > 6)

        for limit in [1, 5, 7] {
            var first = try training(in: folder) { $0.saveInterval = 2 }
            first.options.maximumSteps = limit
            try await first.run(force: true)
            #expect(try RunFolder(path: folder.file("run")).steps().count == limit)
            try await training(in: folder) { _ in }.run(resumes: true)
            #expect(try RunFolder(path: folder.file("run")).steps() == whole.steps())
        }
    }

    @Test("a cancelled training finishes its step, saves, and goes on as if nothing had been")
    func stopsCleanly() async throws {
        let folder = try TemporaryFolder()
        try await training(in: folder, run: "whole") { _ in }.run()

        let interrupted = try training(in: folder) { _ in }
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
        #expect(error?.description.contains("--resume") == true)
        try await training(in: folder) { _ in }.run(resumes: true)
        #expect(
            try RunFolder(path: folder.file("run")).steps()
                == RunFolder(path: folder.file("whole")).steps())
    }

    @Test("the run folder holds what it should, and the package says where it comes from")
    func writesRunFolder() async throws {
        let folder = try TemporaryFolder()
        let training = try training(in: folder) { _ in }
        try await training.run()
        let run = RunFolder(path: folder.file("run"))
        let epochs = try run.epochs()
        #expect(epochs.map(\.epoch) == [0, 1, 2])
        #expect(epochs.allSatisfy { $0.measuredOn == "validation" })
        #expect(epochs.allSatisfy { (0...1).contains($0.meanAveragePrecision ?? -1) })
        let best = try ModelPackage.open(run.bestPackage)
        #expect(best.settings.provenance.kind == .trained)
        #expect(best.settings.decisions == nil && best.settings.numberReading == nil)
        #expect(best.settings.provenance.training?["chosen_on"] == "validation")
        let trained = Set(training.dataset.train.map(\.identity)).filter {
            best.settings.wasTrained(on: $0)
        }
        #expect(trained.count == 7)  // 10 training players, a quarter of them kept aside
        // Crops of those and of no others are known again.
        let known = TrainedImages(
            training.dataset.train.filter { trained.contains($0.identity) },
            settings: best.settings)
        #expect(known.copies == known.images && known.images > 0)
        #expect(known.players == 7 && known.knownPlayers == 7)
        let others = TrainedImages(
            training.dataset.train.filter { !trained.contains($0.identity) },
            settings: best.settings)
        #expect(others.copies == 0 && others.images > 0 && others.knownPlayers == 0)
        let before = training.package.weights
        let last = try ModelPackage.open(run.lastPackage)
        #expect(
            try before.floats("visual.ln_post.weight")
                != last.weights.floats("visual.ln_post.weight"))
        #expect(
            try before.floats("token_embedding.weight")
                == last.weights.floats("token_embedding.weight"))
    }

    @Test("no tensor outlives a training, nor one that failed")
    func leavesNoTensors() async throws {
        // In a process of its own: other tests hold tensors while this one counts.
        await #expect(processExitsWith: .success) {
            struct Left: Error { let count: Int }
            let tests = FineTuningTests()
            let folder = try TemporaryFolder()
            let before = try Engine.liveTensorCount()
            try await tests.training(in: folder) { $0.maximumSteps = 2 }.run()
            let diverging = try tests.training(in: folder) {
                $0.learningRate = 1e30
                $0.warmupEpochs = 0
            }
            do {
                try await diverging.run(force: true)
                throw Left(count: -1)  // it should have diverged
            } catch is TrainingError {}
            let left = try Engine.liveTensorCount() - before
            guard left == 0 else { throw Left(count: left) }
        }
    }

    @Test("a loss that is no number stops with step, rate and advice, and keeps the good state")
    func stopsAtInfiniteLoss() async throws {
        let folder = try TemporaryFolder()
        let training = try training(in: folder) {
            $0.learningRate = 1e30
            $0.warmupEpochs = 0
            $0.saveInterval = 1
        }
        let error = await #expect(throws: TrainingError.self) { try await training.run() }
        guard case .lossNotFinite(let step, let rate, _, _, let saved)? = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(step >= 2 && rate > 0 && saved == step - 1)
        #expect(error?.description.contains("--lr") == true)
        let weights = try SafetensorsFile(path: folder.file("run/state"))
        for name in weights.names {
            #expect(try weights.floats(name).allSatisfy(\.isFinite), "\(name)")
        }
        let state = try await savedHeader(of: folder.file("run"))
        #expect(state.position.step == step - 1)
    }

    @Test("weights that are no numbers are not saved over good ones")
    func keepsGoodState() async throws {
        let folder = try TemporaryFolder()
        let training = try training(in: folder) {
            $0.learningRate = 1e38
            $0.warmupEpochs = 0
            $0.saveInterval = 1
        }
        await #expect(throws: TrainingError.self) { try await training.run() }
        let state = try SafetensorsFile(path: folder.file("run/state"))
        for name in state.names {
            #expect(try state.floats(name).allSatisfy(\.isFinite), "\(name)")
        }
    }

    @Test("a training cut short within an accumulation goes on exactly")
    func resumesWithinAccumulation() async throws {
        let folder = try TemporaryFolder()
        try await training(in: folder, run: "whole") { $0.gradientAccumulation = 2 }.run()
        try await training(in: folder) {
            $0.gradientAccumulation = 2
            $0.maximumSteps = 3
        }.run()
        try await training(in: folder) { $0.gradientAccumulation = 2 }.run(resumes: true)
        let (whole, resumed) = (
            RunFolder(path: folder.file("whole")), RunFolder(path: folder.file("run"))
        )
        #expect(try resumed.steps() == whole.steps())
        #expect(try resumed.epochs().map(\.epoch) == whole.epochs().map(\.epoch))
    }

    @Test("a folder of other things is not replaced, and a refused start leaves none")
    func leavesForeignFoldersAlone() async throws {
        let folder = try TemporaryFolder()
        let training = try training(in: folder) { $0.device = "cuda:99" }
        await #expect(throws: EngineError.self) { try await training.run() }
        #expect(!FileManager.default.fileExists(atPath: folder.file("run")))
        try FileManager.default.createDirectory(
            atPath: folder.file("run"), withIntermediateDirectories: false)
        let precious = folder.file("run/thesis.txt")
        try "years of work".write(toFile: precious, atomically: true, encoding: .utf8)
        await #expect(throws: FileError.self) { try await training.run(force: true) }
        #expect(FileManager.default.fileExists(atPath: precious))
    }

    @Test("bf16 follows fp32")
    func bfloat16FollowsSinglePrecision() async throws {
        let folder = try TemporaryFolder()
        try await training(in: folder, run: "fp32") { $0.maximumSteps = 8 }.run()
        try await training(in: folder, run: "bf16") {
            $0.maximumSteps = 8
            $0.precision = .bf16
        }.run()
        let single = try RunFolder(path: folder.file("fp32")).steps()
        let half = try RunFolder(path: folder.file("bf16")).steps()
        #expect(single.count == half.count)
        for (expected, found) in zip(single, half) {
            #expect(
                abs(found.loss - expected.loss) < Tolerance.bfloat16Loss * expected.loss)
        }
        #expect(half.map(\.loss) != single.map(\.loss))
    }

    @Test("another model, other options or other data are not continued")
    func refusesOtherTraining() async throws {
        let folder = try TemporaryFolder()
        try await training(in: folder) { $0.maximumSteps = 2 }.run()
        let other = try training(in: folder) { $0.learningRate = 2e-3 }
        await #expect(throws: TrainingError.self) { try await other.run(resumes: true) }
        var split = try training(in: folder) { _ in }
        split.validation = .none
        let changed = split
        await #expect(throws: TrainingError.self) { try await changed.run(resumes: true) }
        let none = try training(in: folder, run: "none") { _ in }
        let error = await #expect(throws: TrainingError.self) {
            try await none.run(resumes: true)
        }
        #expect(error?.kind == .inputNotFound)
    }

    @Test("options that cannot be carried out are refused by name")
    func refusesOptions() async throws {
        let folder = try TemporaryFolder()
        func refusal(_ change: @escaping (inout TrainingOptions) -> Void) async throws -> String {
            let training = try training(in: folder, change: change)
            let error = await #expect(throws: TrainingError.self) { try await training.run() }
            #expect(error?.kind == .usage)
            return error?.description ?? ""
        }
        #expect(try await refusal { $0.precision = .fp16 }.contains("fp16"))
        #expect(try await refusal { $0.batchSize = 1 }.contains("--batch-size"))
        #expect(try await refusal { $0.learningRate = .nan }.contains("--lr"))
        #expect(try await refusal { $0.epochs = 0 }.contains("--epochs"))
        #expect(!FileManager.default.fileExists(atPath: folder.file("run")))
    }

    /// The header of a run's saved state.
    @EngineActor
    private func savedHeader(of run: String) throws -> TrainingStateHeader {
        try TrainingState.header(of: "\(run)/state", run: run)
    }
}
