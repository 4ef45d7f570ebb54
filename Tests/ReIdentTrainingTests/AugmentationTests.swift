// Changed crops in a training: which crops share what, and that a resumed training sees the same.
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

@Suite("Augmentation by step and camera")
struct CropAugmentationTests {
    private let images = ["b", "a", "a", nil].enumerated().map { index, camera in
        PlayerImage(
            path: "\(index).png", source: .file("\(index).png"), identity: "1", camera: camera,
            split: .train)
    }

    private func always(seed: UInt64 = 1) -> CropAugmentation {
        var options = ImageAugmentation()
        (options.blur, options.colorShift) = (1, 1)
        return CropAugmentation(options, seed: seed, images: images)
    }

    @Test("crops of one camera share a step's colours and nothing else")
    func sharesColors() {
        let source = always()
        let first = source.degradation(camera: "a", step: 3, position: 0)
        let second = source.degradation(camera: "a", step: 3, position: 1)
        #expect(first.colorShift == second.colorShift && first.colorShift != nil)
        #expect(first.blur != second.blur)
        #expect(
            source.degradation(camera: "b", step: 3, position: 0).colorShift
                != first.colorShift)
        #expect(
            source.degradation(camera: "a", step: 4, position: 0).colorShift
                != first.colorShift)
    }

    @Test("crops of no known camera have colours of their own")
    func separatesUnknownCameras() {
        let source = always()
        let shifts = (0..<8).map {
            source.degradation(camera: nil, step: 0, position: $0).colorShift
        }
        for (index, shift) in shifts.enumerated() {
            #expect(!shifts.prefix(index).contains(shift))
            #expect(shift != source.degradation(camera: "a", step: 0, position: index).colorShift)
        }
    }

    @Test("everything follows from seed, step and place")
    func isReproducible() {
        for (step, position) in [(0, 0), (0, 31), (17, 5), (100_000, 1)] {
            let found = always().degradation(camera: "b", step: step, position: position)
            #expect(found == always().degradation(camera: "b", step: step, position: position))
            #expect(
                found != always(seed: 2).degradation(camera: "b", step: step, position: position))
        }
    }
}

@Suite(
    "Training with augmentation", .enabled(if: Engine.isAvailable, EngineRequirement.reason),
    .serialized)
struct AugmentedTrainingTests {
    func training(
        in folder: TemporaryFolder, run: String, augmentation: ImageAugmentation?,
        steps: Int? = nil
    ) throws -> FineTuning {
        var options = TrainingOptions()
        options.epochs = 2
        options.batchSize = 4
        options.learningRate = 1e-3
        options.augmentation = augmentation
        options.maximumSteps = steps
        return FineTuning(
            package: try Fixtures.package(in: folder),
            dataset: try Dataset(path: Fixtures.path("dataset"), options: .init(testShare: 0.2)),
            options: options, validation: .none, runPath: folder.file(run))
    }

    @Test("probabilities of 0 give the very losses of a training without augmentation")
    func zeroIsNone() async throws {
        let folder = try TemporaryFolder()
        try await training(in: folder, run: "a", augmentation: nil, steps: 4).run()
        try await training(in: folder, run: "b", augmentation: .init(), steps: 4).run()
        try await training(in: folder, run: "c", augmentation: .robust, steps: 4).run()
        let steps = try ["a", "b", "c"].map { try RunFolder(path: folder.file($0)).steps() }
        #expect(steps[0] == steps[1])
        #expect(steps[0] != steps[2])
        let package = try ModelPackage.open(folder.file("c/last"))
        let said = package.settings.provenance.training?["augmentation"]
        #expect(said == ImageAugmentation.robust.summary)
    }

    /// Every change there is.
    private static let everything: ImageAugmentation = {
        var result = ImageAugmentation.robust
        (result.colorShift, result.erase) = (0.3, 0.2)
        return result
    }()

    @Test("a training cut short and resumed sees the same crops")
    func resumesExactly() async throws {
        let folder = try TemporaryFolder()
        try await training(in: folder, run: "whole", augmentation: Self.everything).run()
        let whole = try RunFolder(path: folder.file("whole")).steps()
        let count = whole.count
        #expect(count > 6)
        for limit in [1, 5] {
            try await training(in: folder, run: "cut", augmentation: Self.everything, steps: limit)
                .run(force: true)
            try await training(in: folder, run: "cut", augmentation: Self.everything).run(
                resumes: true)
            #expect(try RunFolder(path: folder.file("cut")).steps() == whole)
        }
    }

    @Test("a training is not resumed with other probabilities")
    func refusesOthers() async throws {
        let folder = try TemporaryFolder()
        try await training(in: folder, run: "run", augmentation: .robust, steps: 2).run()
        var other = ImageAugmentation.robust
        other.jpeg = 0.9
        for augmentation in [other, nil] {
            let resumed = try training(in: folder, run: "run", augmentation: augmentation)
            let error = await #expect(throws: TrainingError.self) {
                try await resumed.run(resumes: true)
            }
            #expect(error?.kind == .badData)
            #expect(error?.description.contains("augmentation.") == true)
        }
    }

    @Test("listed pairs and impossible probabilities are refused")
    func refusesOptions() async throws {
        let folder = try TemporaryFolder()
        var listed = try training(in: folder, run: "run", augmentation: .robust)
        listed.pairsPath = Fixtures.path("pairs.csv")
        let given = listed
        let error = await #expect(throws: TrainingError.self) { try await given.run() }
        #expect(error?.kind == .usage)
        #expect(error?.description.contains("--pairs") == true)
        var impossible = ImageAugmentation()
        impossible.colorShift = 1.5
        let refused = try training(in: folder, run: "run", augmentation: impossible)
        let problem = await #expect(throws: TrainingError.self) { try await refused.run() }
        #expect(problem?.description.contains("--color-shift") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.file("run")))
    }
}
