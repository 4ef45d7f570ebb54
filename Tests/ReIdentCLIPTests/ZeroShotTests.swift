// Zero-shot logits against open_clip's classifier, from words and pixels: a small model by stored
// fixtures, ViT-B-32 when `make parity` provides it.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFiles
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

/// How far a model's zero-shot logits are from their reference.
private struct ZeroShotComparison: Encodable {
    let images: Int
    let classes: Int
    let difference: Float

    enum CodingKeys: String, CodingKey {
        case images, classes
        case difference = "max_logit_difference"
    }

    /// Compares the model of a folder that Tools/reference/zero_shot.py wrote.
    @EngineActor
    static func compare(
        folder: String, packageFolder: String, vocabulary: String? = nil
    ) throws -> ZeroShotComparison {
        let package = try CheckpointImport(
            source: "\(folder)/weights.safetensors",
            architecture: Architecture.resolve("\(folder)/config.json"), keepProjection: true,
            vocabulary: vocabulary
        ).write(to: packageFolder)
        let prompts = try JSONDecoder().decode(
            [[String]].self, from: Data(contentsOf: URL(filePath: "\(folder)/prompts.json")))
        let reference = try SafetensorsFile(path: "\(folder)/zero_shot.safetensors")
        let batch = try StageComparison.pictures(in: reference)
        let form = package.packedForm(.fp32, batchSize: batch.count)
        let classifier = try ZeroShotClassifier(
            prompts: prompts, package: package, encoder: package.makeTextEncoder(form: form))
        let model = try package.makeEncoder(form: form)
        let images = try withoutGradients { try model(batch).l2Normalized().floatValues() }
        return ZeroShotComparison(
            images: batch.count, classes: classifier.classCount,
            difference: largestDifference(
                classifier.logits(of: images), try reference.floats("logits")))
    }
}

@EngineActor
@Suite("Zero-shot", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct ZeroShotTests {
    private let folder = Fixtures.path("zero-shot")

    @Test("logits of a small model equal those of open_clip's classifier")
    func small() throws {
        let temporary = try TemporaryFolder()
        let found = try ZeroShotComparison.compare(
            folder: folder, packageFolder: temporary.file("package"),
            vocabulary: TokenizerTests.small)
        #expect(found.images == 5)
        #expect(found.classes == 4)
        #expect(found.difference <= Tolerance.zeroShotLogit)
    }

    @Test("classes are means of unit vectors, and cut prompts are named")
    func classes() throws {
        let temporary = try TemporaryFolder()
        let package = try CheckpointImport(
            source: "\(folder)/weights.safetensors",
            architecture: Architecture.resolve("\(folder)/config.json"),
            vocabulary: TokenizerTests.small
        ).write(to: temporary.file("package"))
        let encoder = try package.makeTextEncoder(form: .packed(.fp32, rows: 64))
        let long = String(repeating: "7 ", count: 50)
        let classifier = try ZeroShotClassifier(
            prompts: [["a", "b"], ["a"], ["b"], [long]], package: package, encoder: encoder,
            batchSize: 2)
        #expect(classifier.classCount == 4)
        #expect(classifier.dimension == 16)
        #expect(classifier.cutTexts == [long])
        #expect(abs(classifier.scale - 100) < 1e-3)
        let rows = (0..<4).map { Array(classifier.weights[$0 * 16..<($0 + 1) * 16]) }
        func dot(_ left: [Float], _ right: [Float]) -> Float {
            zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
        }
        #expect(rows.allSatisfy { abs(dot($0, $0) - 1) < Tolerance.unitLength })
        let mean = zip(rows[1], rows[2]).map { $0 + $1 }
        let length = dot(mean, mean).squareRoot()
        #expect(abs(dot(rows[0], mean) / length - 1) < Tolerance.unitLength)
    }
}

@EngineActor
@Suite(
    "Full-size zero-shot",
    .enabled(
        if: ProcessInfo.processInfo.environment["REIDENT_PARITY_FOLDER"].map {
            FileManager.default.fileExists(atPath: "\($0)/zero-shot")
        } ?? false, "needs reference outputs, which `make parity` computes"), .serialized)
struct FullSizeZeroShot {
    @Test("logits of ViT-B-32 for 101 numbers equal those of open_clip's classifier")
    func equalsReference() throws {
        let place = try #require(ProcessInfo.processInfo.environment["REIDENT_PARITY_FOLDER"])
        let folder = "\(place)/zero-shot"
        let temporary = try TemporaryFolder()
        let found = try ZeroShotComparison.compare(
            folder: folder, packageFolder: temporary.file("package"))
        try JSONEncoder().encode(found).write(to: URL(filePath: "\(folder)/differences.json"))
        #expect(found.classes == 101)
        #expect(found.difference <= Tolerance.zeroShotLogit)
    }
}
