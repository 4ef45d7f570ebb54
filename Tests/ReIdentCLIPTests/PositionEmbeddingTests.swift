// Position embeddings for other image sizes: open_clip's numbers.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Position embedding")
struct PositionEmbeddingTests {
    @Test("resampled is what open_clip resamples", arguments: [(7, 7), (3, 3), (5, 3)])
    func resampledIsOpenClips(height: Int, width: Int) throws {
        let file = try SafetensorsFile(path: Fixtures.path("positions.safetensors"))
        let source = PositionEmbedding(values: try file.floats("from_4x4"), width: 8)
        let found = source.resampled(from: 4, toHeight: height, width: width)
        let expected = try file.floats("to_\(height)x\(width)")
        #expect(found.values.count == expected.count)
        let difference = zip(found.values, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(difference <= Tolerance.resampledPositions, "largest difference \(difference)")
        #expect(found.values.prefix(8) == source.values.prefix(8), "the class token is kept")
    }

    @Test("a grid of the same size stays as it is")
    func sameSizeStays() throws {
        let file = try SafetensorsFile(path: Fixtures.path("positions.safetensors"))
        let source = PositionEmbedding(values: try file.floats("from_4x4"), width: 8)
        #expect(source.resampled(from: 4, toHeight: 4, width: 4).values == source.values)
    }

    @Test("only a class token and a square grid have a grid size")
    func gridSizes() {
        #expect(PositionEmbedding.gridSize(rows: 197) == 14)
        #expect(PositionEmbedding.gridSize(rows: 2) == 1)
        #expect(PositionEmbedding.gridSize(rows: 196) == nil)
        #expect(PositionEmbedding.gridSize(rows: 1) == nil)
        #expect(PositionEmbedding.gridSize(rows: 0) == nil)
    }

    @Test("an import for another image size resamples, and says from which")
    func importResamples() throws {
        let folder = try TemporaryFolder()
        let architecture = try Fixtures.architecture("gelu")
        let source = Fixtures.path("gelu/weights.safetensors")
        let package = try CheckpointImport(
            source: source, architecture: architecture, imageSize: 98
        ).write(to: folder.file("package"))
        #expect(package.configuration.imageSize == 98)
        #expect(package.weights.tensors["visual.positional_embedding"]?.shape == [50, 32])
        #expect(package.settings.provenance.source?.resampledFromImageSize == 56)
        let original = PositionEmbedding(
            values: try SafetensorsFile(path: source).floats("visual.positional_embedding"),
            width: 32)
        #expect(
            try package.weights.floats("visual.positional_embedding")
                == original.resampled(from: 4, toHeight: 7, width: 7).values)
    }

    @Test("an image size that does not fit the patches is a usage error", arguments: [0, -14, 100])
    func unsuitableImageSize(size: Int) throws {
        let error = failure {
            _ = try CheckpointImport(
                source: Fixtures.path("gelu/weights.safetensors"),
                architecture: Fixtures.architecture("gelu"), imageSize: size)
        }
        #expect(error?.kind == .usage)
    }
}
