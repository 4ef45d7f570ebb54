// Score-CAM of a similarity: which parts of one crop made it like another.
//
// Wang et al., Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks,
// 2020; on a similarity of embeddings as Habel et al., CLIP-ReIdent, 2022.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentCLIP
public import ReIdentEngine
public import ReIdentImages

/// How alike two crops are, and what that was based on in each.
public struct Explanation: Sendable, Equatable, Encodable {
    /// Cosine similarity of the embeddings, -1...1.
    public let similarity: Float
    /// On the first crop.
    public let query: SaliencyMap
    /// On the second crop.
    public let gallery: SaliencyMap
    /// Forward passes that the maps took, both together.
    public let passes: Int

    enum CodingKeys: String, CodingKey {
        case similarity, passes
        case query = "query_map"
        case gallery = "gallery_map"
    }
}

/// Explains similarities of one model.
///
/// It holds tensors, so it runs on the engine's thread.
@EngineActor
public final class ScoreCAM {
    /// How maps are computed.
    public struct Options: Sendable {
        /// The transformer's block whose input is looked at, from 0, or the stage of a
        /// convolutional encoder; nil is the last.
        public var layer: Int?
        /// Of so many groups of alike channels one each is scored, the others' scores follow from
        /// theirs; nil scores each by itself.
        public var groups: Int?
        /// Masked images that are computed at once, at least 1.
        public var batchSize = 32
        /// Number format of the computation.
        public var precision = Precision.fp32
        /// Where it is computed.
        public var device = "cpu"

        /// The last layer, each channel by itself, in single precision on the processor.
        public init() {}
    }

    /// Is told how many of how many forward passes are done.
    public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

    let model: any VisionEncoder
    /// Heads of a transformer's attention; nil for a convolutional encoder.
    let heads: Int?
    private let options: Options
    /// Name of the observed stage.
    private let stage: String

    /// Brings a package to the device.
    ///
    /// - Parameters:
    ///   - package: The model; its settings decide which embedding is explained.
    ///   - options: How maps are computed.
    /// - Throws: `SaliencyError.layer` for a layer that there is not; `EngineError` if the engine
    ///   or the device is missing; `PackageError` if the package is damaged.
    public init(_ package: ModelPackage, options: Options = Options()) throws {
        self.options = options
        let vision = package.configuration.vision
        let count: Int
        switch vision {
        case .transformer(let sizes): (count, heads) = (sizes.layers, sizes.heads)
        case .resNet(let sizes): (count, heads) = (sizes.layers.count, nil)
        case .convNeXt(let sizes): (count, heads) = (sizes.layers.count, nil)
        }
        let layer = options.layer ?? count - 1
        guard (0..<count).contains(layer) else {
            throw SaliencyError.layer(package: package.path, found: layer, count: count)
        }
        stage =
            switch vision {
            case .transformer: "norm.\(layer)"
            case .resNet, .convNeXt: vision.tokenStages[layer]
            }
        model = try package.makeEncoder(
            form: package.packedForm(options.precision, batchSize: options.batchSize),
            device: Device.named(options.device))
    }

    /// Explains the similarity of two crops, in both directions.
    ///
    /// - Parameters:
    ///   - query: A crop in the encoder's square.
    ///   - gallery: Another one.
    ///   - progress: Is told after every batch.
    /// - Returns: The similarity and both maps.
    /// - Throws: `EngineError` if memory is exhausted, `CancellationError`.
    public func explanation(
        of query: PreparedImage, and gallery: PreparedImage,
        progress: Progress = { _, _ in }
    ) async throws -> Explanation {
        let first = try look(at: query)
        let second = try look(at: gallery)
        let similarity = zip(first.embedding, second.embedding).reduce(Float(0)) {
            $0 + $1.0 * $1.1
        }
        let each = min(options.groups ?? first.masks.channels, first.masks.channels)
        let queryMap = try await map(of: first, towards: second.embedding) { done in
            progress(done, 2 * each)
        }
        let galleryMap = try await map(of: second, towards: first.embedding) { done in
            progress(each + done, 2 * each)
        }
        return Explanation(
            similarity: min(1, max(-1, similarity)), query: queryMap.map, gallery: galleryMap.map,
            passes: queryMap.passes + galleryMap.passes)
    }

    /// Explains a similarity on the first crop alone.
    ///
    /// - Parameters:
    ///   - query: A crop in the encoder's square.
    ///   - gallery: What it is compared with.
    /// - Returns: The map on `query`, and the forward passes under masks that it took.
    /// - Throws: `EngineError` if memory is exhausted, `CancellationError`.
    public func map(
        of query: PreparedImage, towards gallery: PreparedImage
    ) async throws -> (map: SaliencyMap, passes: Int) {
        let look = try look(at: query)
        return try await map(of: look, towards: unitEmbedding(of: gallery)) { _ in }
    }

    /// The embedding of a crop at unit length, `[D]`.
    func unitEmbedding(of image: PreparedImage) throws -> [Float] {
        try model.embedding(ofPixels: model.pixels(of: ImageBatch([image])), observe: nil)
            .converted(to: .float32).l2Normalized().floatValues()
    }

    /// A crop as the encoder sees it.
    private struct Look {
        let pixels: Tensor  // [1, 3, S, S]
        let embedding: [Float]  // [D], unit length
        let masks: ActivationMasks
        let image: PreparedImage
    }

    private func look(at image: PreparedImage) throws -> Look {
        let batch = ImageBatch([image])
        let pixels = try model.pixels(of: batch)
        var activations: Tensor?
        let stage = stage
        let embedding = try model.embedding(ofPixels: pixels) { name, value in
            if name == stage { activations = value }
        }
        guard let activations else { preconditionFailure("the encoder shows no stage \(stage)") }
        var values = try activations.converted(to: .float32).floatValues()
        let shape = activations.shape
        let (channels, side): (Int, Int)
        if heads != nil {
            // [1, T, E] without the class token, channels first.
            let (tokens, width) = (shape[1] - 1, shape[2])
            values = (0..<width).flatMap { channel in
                (1...tokens).map { values[$0 * width + channel] }
            }
            (channels, side) = (width, Int(Double(tokens).squareRoot().rounded()))
        } else {
            (channels, side) = (shape[1], shape[2])  // [1, C, G, G]
        }
        return Look(
            pixels: pixels,
            embedding: try embedding.converted(to: .float32).l2Normalized().floatValues(),
            masks: ActivationMasks(channels: channels, side: side, activations: values),
            image: image)
    }

    private func map(
        of look: Look, towards other: [Float], progress: (Int) -> Void
    ) async throws -> (map: SaliencyMap, passes: Int) {
        let masks = look.masks
        let chosen =
            options.groups.map { masks.representatives($0, seed: 1) } ?? Array(0..<masks.channels)
        let scores = try await scores(
            of: masks.masks(of: chosen), side: masks.side, on: look.pixels, towards: other,
            progress: progress)
        let channelScores =
            chosen.count == masks.channels
            ? scores
            : ScoreRegression.scores(
                of: masks.masks, cells: masks.side * masks.side, known: chosen, scores: scores)
        let largest = channelScores.max() ?? 0
        let exponentials = channelScores.map { exp(Double($0 - largest)) }
        let sum = exponentials.reduce(0, +)
        let values = masks.combined(exponentials.map { $0 / sum })
        let map = SaliencyMap(
            rows: masks.side, columns: masks.side,
            values: zip(values, look.image.cellsOfContent(side: masks.side)).map { $1 ? $0 : 0 })
        return (map.scaledToOne(), chosen.count)
    }

    /// Cosine similarity of the crop under each mask to the other crop.
    private func scores(
        of masks: [Float], side: Int, on pixels: Tensor, towards other: [Float],
        progress: (Int) -> Void
    ) async throws -> [Float] {
        let cells = side * side
        let count = masks.count / cells
        let size = model.imageSize
        var scores: [Float] = []
        for start in stride(from: 0, to: count, by: options.batchSize) {
            try Task.checkCancellation()
            await Task.yield()  // other work of this thread may go between
            let range = start..<min(start + options.batchSize, count)
            let enlarged = range.flatMap { mask in
                ActivationMasks.enlarged(
                    masks[mask * cells..<(mask + 1) * cells], side: side, to: size)
            }
            scores += try similarities(of: pixels, under: enlarged, to: other)
            progress(range.upperBound)
        }
        return scores
    }

    /// Cosine similarities of a crop's pixels `[1, 3, S, S]` under masks `[B, S, S]` to a unit
    /// vector `[D]`, all at once.
    func similarities(
        of pixels: Tensor, under masks: [Float], to other: [Float]
    ) throws -> [Float] {
        let size = model.imageSize
        let target = try Tensor.floats(other, shape: [other.count, 1], device: model.device)
        let mask = try Tensor.floats(
            masks, shape: [masks.count / (size * size), 1, size, size], device: model.device)
        let masked = try pixels.multiplied(by: mask)  // [B, 3, S, S]
        return try model.embedding(ofPixels: masked, observe: nil)
            .converted(to: .float32).l2Normalized().matmul(target).floatValues()
    }
}
