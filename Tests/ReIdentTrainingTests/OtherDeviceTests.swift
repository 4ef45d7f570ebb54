// A graphics processor computes what the processor computes: embeddings by all and by content
// tokens, and the losses of a training. Skipped where there is none.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@testable import ReIdentTraining

private let otherDevice = ["cuda", "mps"].lazy.compactMap { try? Device.named($0) }.first

@Suite(
    "Other devices",
    .enabled(if: otherDevice != nil, "needs a device of NVIDIA or Apple"), .serialized)
struct OtherDeviceTests {
    @Test(
        "embeddings are the processor's", arguments: TokenSelection.allCases,
        [Precision.fp32, .bf16])
    @EngineActor
    func embeddings(tokens: TokenSelection, precision: Precision) throws {
        let folder = try TemporaryFolder()
        let package = try Fixtures.package(in: folder)
        let side = package.configuration.imageSize
        var generator = SeededGenerator(seed: 3)
        let crops = [(20, 40), (40, 20), (9, 64), (30, 30), (20, 40)].map { width, height in
            Letterbox(side: side).apply(
                Image(
                    width: width, height: height,
                    pixels: (0..<width * height * 3).map { _ in
                        UInt8(generator.integer(below: 256))
                    }))
        }
        func embedded(_ precision: Precision, on device: Device) throws -> [[Float]] {
            let model = try VisionTransformer(
                package, form: .packed(precision, rows: 40), device: device, tokens: tokens)
            let values = try model(ImageBatch(crops)).floatValues()
            let width = values.count / crops.count
            return stride(from: 0, to: values.count, by: width).map {
                Array(values[$0..<$0 + width])
            }
        }
        let device = try #require(otherDevice)
        let least = precision == .fp32 ? 1 - Tolerance.unitEmbedding : Tolerance.bfloat16Cosine
        for (found, expected) in zip(
            try embedded(precision, on: device), try embedded(.fp32, on: .cpu))
        {
            let product = zip(found, expected).reduce(0) { $0 + $1.0 * $1.1 }
            let lengths = [found, expected].map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            #expect(product / (lengths[0] * lengths[1]) >= least)
        }
    }

    @Test(
        "losses are the processor's", arguments: TokenSelection.allCases,
        [Precision.fp32, .bf16])
    func losses(tokens: TokenSelection, precision: Precision) async throws {
        let folder = try TemporaryFolder()
        func losses(
            _ run: String, _ precision: Precision, on device: String
        ) async throws -> [Float] {
            var options = TrainingOptions()
            options.epochs = 1
            options.batchSize = 4
            options.learningRate = 1e-3
            options.maximumSteps = 5
            options.device = device
            options.precision = precision
            options.tokens = tokens
            try await FineTuning(
                package: try Fixtures.package(in: folder),
                dataset: try Dataset(
                    path: Fixtures.path("dataset"), options: .init(testShare: 0.2)),
                options: options, validation: .share(0.25),
                runPath: folder.file(run)
            ).run()
            return try RunFolder(path: folder.file(run)).steps().map(\.loss)
        }
        let device = try #require(otherDevice).description
        let allowed = precision == .fp32 ? Tolerance.trainingLoss : Tolerance.bfloat16Loss
        let found = try await losses("device", precision, on: device)
        let expected = try await losses("processor", .fp32, on: "cpu")
        #expect(found.count == expected.count)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < allowed * $1 })
    }
}
