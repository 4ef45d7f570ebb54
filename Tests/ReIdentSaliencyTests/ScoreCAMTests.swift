// Score-CAM against an independent implementation in PyTorch (Tools/fixtures/saliency.py), and how
// near the reduced maps come to the plain ones.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentFiles
import ReIdentImages
import ReIdentTestSupport
import Synchronization
import Testing

@testable import ReIdentSaliency

@EngineActor
@Suite("Score-CAM", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct ScoreCAMTests {
    private static let fixtures = Bundle.module.bundleURL.appending(path: "Fixtures").path
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func package(_ name: String) throws -> ModelPackage {
        let path = folder.file(name)
        let architecture = try Architecture.resolve("\(Self.fixtures)/\(name)/config.json")
        return try CheckpointImport(
            source: "\(Self.fixtures)/\(name)/weights.safetensors", architecture: architecture,
            keepProjection: true
        ).write(to: path)
    }

    /// The pictures of a fixture, in the encoder's square.
    private func pictures(_ file: SafetensorsFile) throws -> [PreparedImage] {
        let shape = try #require(file.tensors["pictures"]).shape
        let bytes = try file.bytes(of: "pictures").withUnsafeBytes { Array($0) }
        let contents = try file.bytes(of: "contents").withUnsafeBytes { bytes in
            (0..<16).map { Int(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
        }
        let size = shape[1] * shape[2] * 3
        return (0..<shape[0]).map { index in
            let place = Array(contents[4 * index..<4 * index + 4])
            return PreparedImage(
                side: shape[1], pixels: Array(bytes[size * index..<size * (index + 1)]),
                content: PixelRectangle(
                    left: place[0], top: place[1], width: place[2], height: place[3]))
        }
    }

    /// Correlation of two maps on the cells that are not 0 in both.
    private static func correlation(_ first: [Float], _ second: [Float]) -> Double {
        let pairs = zip(first, second).filter { $0 != 0 || $1 != 0 }
            .map { (Double($0), Double($1)) }
        // Both may be dark everywhere: what speaks for a crop is then negative on all cells.
        guard !pairs.isEmpty else { return 1 }
        let count = Double(pairs.count)
        let (x, y) = (
            pairs.reduce(0) { $0 + $1.0 } / count, pairs.reduce(0) { $0 + $1.1 } / count
        )
        let xy = pairs.reduce(0) { $0 + ($1.0 - x) * ($1.1 - y) }
        let xx = pairs.reduce(0) { $0 + ($1.0 - x) * ($1.0 - x) }
        let yy = pairs.reduce(0) { $0 + ($1.1 - y) * ($1.1 - y) }
        return xy / (xx * yy).squareRoot()
    }

    @Test(
        "plain maps equal PyTorch's on a transformer's last and earlier block and on a ResNet",
        arguments: [("transformer", 2), ("transformer", 1), ("resnet", 3)])
    func equalsReference(name: String, layer: Int) async throws {
        let file = try SafetensorsFile(path: "\(Self.fixtures)/\(name).safetensors")
        let pictures = try pictures(file)
        let expected = try file.floats("map.\(layer)")
        let similarities = try file.floats("similarity")
        var options = ScoreCAM.Options()
        options.layer = layer
        options.batchSize = 20
        let explainer = try ScoreCAM(package(name), options: options)
        let cells = expected.count / 4
        for (pair, places) in [(0, 1), (2, 3)].enumerated() {
            let found = try await explainer.explanation(
                of: pictures[places.0], and: pictures[places.1])
            #expect(abs(found.similarity - similarities[pair]) < Tolerance.unitEmbedding)
            for (side, map) in [found.query, found.gallery].enumerated() {
                let start = (2 * pair + side) * cells
                let reference = Array(expected[start..<start + cells])
                #expect(map.rows * map.columns == cells)
                #expect(Self.correlation(map.values, reference) >= Tolerance.mapCorrelation)
                let largest = zip(map.values, reference).map { abs($0 - $1) }.max() ?? 1
                #expect(largest < Tolerance.mapValue, "\(largest)")
            }
        }
    }

    @Test("by content tokens, plain maps equal PyTorch's on the patches that show the crop")
    func contentTokens() async throws {
        let file = try SafetensorsFile(path: "\(Self.fixtures)/content.safetensors")
        let pictures = try pictures(file)
        let expected = try file.floats("map.2")
        let similarities = try file.floats("similarity")
        var options = ScoreCAM.Options()
        options.tokens = .content
        let package = try package("transformer")
        let explainer = try ScoreCAM(package, options: options)
        let cells = expected.count / 4
        for (pair, places) in [(0, 1), (2, 3)].enumerated() {
            let (query, gallery) = (pictures[places.0], pictures[places.1])
            #expect(package.placed(query, .content) == query, "fixtures are placed already")
            let found = try await explainer.explanation(of: query, and: gallery)
            #expect(abs(found.similarity - similarities[pair]) < Tolerance.unitEmbedding)
            for (side, map) in [found.query, found.gallery].enumerated() {
                let start = (2 * pair + side) * cells
                let reference = Array(expected[start..<start + cells])
                #expect(Self.correlation(map.values, reference) >= Tolerance.mapCorrelation)
                let largest = zip(map.values, reference).map { abs($0 - $1) }.max() ?? 1
                #expect(largest < Tolerance.mapValue, "\(largest)")
            }
            // Roll-out and curves look at the same patches.
            let rollout = try #require(try explainer.rollout(of: query))
            #expect(zip(rollout.values, found.query.values).allSatisfy { $0 > 0 || $1 == 0 })
            let curves = try explainer.faithfulness(
                of: found.query, on: query, towards: gallery)
            #expect(abs(curves.deletion[0] - similarities[pair]) < Tolerance.unitEmbedding)
        }
    }

    @Test("padding stays dark, and the brightest cell is 1")
    func padding() async throws {
        let file = try SafetensorsFile(path: "\(Self.fixtures)/transformer.safetensors")
        let pictures = try pictures(file)
        let found = try await ScoreCAM(package("transformer"))
            .explanation(of: pictures[0], and: pictures[1])
        #expect(found.query.values.max() == 1 && found.gallery.values.max() == 1)
        // The first is a third as wide as tall: its columns are 21...42 of 64, cells 2...5.
        for row in 0..<8 {
            for column in [0, 1, 6, 7] { #expect(found.query.values[row * 8 + column] == 0) }
        }
        #expect(found.passes == 2 * 48)
    }

    @Test("with as many groups as channels nothing is reduced; with few, order is nearly kept")
    func groups() async throws {
        let file = try SafetensorsFile(path: "\(Self.fixtures)/transformer.safetensors")
        let pictures = try pictures(file)
        let package = try package("transformer")
        let plain = try await ScoreCAM(package).explanation(of: pictures[0], and: pictures[1])
        var options = ScoreCAM.Options()
        options.scored = .groups(48)
        let all = try await ScoreCAM(package, options: options)
            .explanation(of: pictures[0], and: pictures[1])
        #expect(all == plain)
        options.scored = .groups(6)
        let progress = Mutex([Int]())
        let few = try await ScoreCAM(package, options: options)
            .explanation(of: pictures[0], and: pictures[1]) { done, total in
                progress.withLock { $0 = [done, total] }
            }
        #expect(few.passes == 12)
        #expect(progress.withLock { $0 } == [12, 12])
        #expect(Self.correlation(few.query.values, plain.query.values) > 0.9)
        // As many as are needed: no more than the first where anything will do, and all where
        // nothing but the plain map will.
        options.scored = .needed(first: 0.25, correlation: 0)
        let first = try await ScoreCAM(package, options: options)
            .explanation(of: pictures[0], and: pictures[1])
        #expect(first.passes == 24)
        options.scored = .needed(first: 0.25, correlation: 1)
        let needed = try await ScoreCAM(package, options: options)
            .explanation(of: pictures[0], and: pictures[1])
        #expect(needed.passes == 96)
        #expect(
            zip(needed.query.values, plain.query.values).allSatisfy {
                abs($0 - $1) < Tolerance.mapValue
            })
    }

    @Test("attention roll-out equals PyTorch's; a ResNet has none")
    func rollout() throws {
        let file = try SafetensorsFile(path: "\(Self.fixtures)/transformer.safetensors")
        let pictures = try pictures(file)
        let expected = try file.floats("rollout")
        let explainer = try ScoreCAM(package("transformer"))
        for (place, picture) in pictures.enumerated() {
            let found = try #require(try explainer.rollout(of: picture))
            let cells = found.values.count
            let reference = Array(expected[place * cells..<(place + 1) * cells])
            let largest = zip(found.values, reference).map { abs($0 - $1) }.max() ?? 1
            #expect(largest < Tolerance.mapValue, "\(largest)")
        }
        let convolutional = try ScoreCAM(package("resnet"))
        let file2 = try SafetensorsFile(path: "\(Self.fixtures)/resnet.safetensors")
        #expect(try convolutional.rollout(of: self.pictures(file2)[0]) == nil)
    }

    @Test("deletion and insertion equal PyTorch's", arguments: ["transformer", "resnet"])
    func faithfulness(name: String) throws {
        let file = try SafetensorsFile(path: "\(Self.fixtures)/\(name).safetensors")
        let pictures = try pictures(file)
        let side = pictures[0].side
        let order = SaliencyMap(rows: side, columns: side, values: try file.floats("order"))
        let found = try ScoreCAM(package(name))
            .faithfulness(of: order, on: pictures[0], towards: pictures[1])
        for (curve, reference) in [
            (found.deletion, try file.floats("deletion")),
            (found.insertion, try file.floats("insertion")),
        ] {
            #expect(curve.count == reference.count)
            let largest = zip(curve, reference).map { abs($0 - $1) }.max() ?? 1
            #expect(largest < Tolerance.unitEmbedding, "\(largest)")
        }
        // Nothing is missing at the start of the one and at the end of the other.
        #expect(abs(found.deletion[0] - found.insertion[10]) < Tolerance.unitEmbedding)
        let flat = Faithfulness(deletion: [1, 0.5, 0], insertion: [0, 1, 1])
        #expect(flat.deletionArea == 0.5 && flat.insertionArea == 0.75)
    }

    @Test("a layer that there is not is refused")
    func layer() throws {
        var options = ScoreCAM.Options()
        options.layer = 3
        let package = try package("transformer")
        let error = #expect(throws: SaliencyError.self) {
            try ScoreCAM(package, options: options)
        }
        #expect(error?.description.contains("0 to 2") == true)
    }

    @Test("masks are enlarged with cells' middles in place, and one of alike ones stands for them")
    func masks() {
        let level = ActivationMasks(
            channels: 2, side: 2, activations: [5, 5, 5, 5, -1, 0, 1, 3])
        #expect(level.masks == [0, 0, 0, 0, 0, 0.25, 0.5, 1])
        let enlarged = ActivationMasks.enlarged([0, 1, 0, 1], side: 2, to: 4)
        #expect(Array(enlarged.prefix(4)) == [0, 0.25, 0.75, 1])
        let channels = ActivationMasks(
            channels: 5, side: 2,
            activations: [0, 1, 0, 1, 0, 1, 0.2, 1, 0, 1, 0.1, 1, 1, 0, 1, 0, 3, 0, 3, 0])
        let chosen = ActivationMasks.representatives(
            2, of: channels.masks, cells: 4, seed: 1)
        // Of three alike ones that in the middle; the other two are one.
        #expect(chosen.count == 2 && chosen[0] == 2 && chosen[1] >= 3)
        #expect(channels.masks(of: [2]) == [0, 1, 0.1, 1])
        #expect(channels.masks(onCells: [1, 3]) == [1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
        let all = ActivationMasks.representatives(9, of: channels.masks, cells: 4, seed: 1)
        #expect(all == [0, 1, 2, 3, 4])
    }
}
