// Score-CAM of a similarity: which parts of one crop made it like another.
//
// Wang et al., Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks,
// 2020; on a similarity of embeddings as Habel et al., CLIP-ReIdent, 2022.
//
// SPDX-License-Identifier: MIT

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
    /// Channels that each map is made of.
    public let channels: Int

    enum CodingKeys: String, CodingKey {
        case similarity, passes, channels
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
        /// Which channels are scored; the others' scores follow from theirs.
        public var scored = ScoredChannels.all
        /// Masked images that are computed at once, at least 1.
        public var batchSize = 32
        /// Number format of the computation.
        public var precision = Precision.fp32
        /// Which patches of a transformer take part; nil for what the package says.
        ///
        /// By content tokens, maps lie on images as `ModelPackage.placed(_:_:)` gives them.
        public var tokens: TokenSelection?
        /// Where it is computed.
        public var device = "cpu"

        /// The last layer, each channel by itself, in single precision on the processor.
        public init() {}

        /// Chooses channels and number format so that a map costs about a tenth of a plain one in
        /// single precision on a processor (docs/PERFORMANCE.md has times and fidelity).
        ///
        /// A transformer's scores follow from one another worse than a convolutional encoder's: a
        /// sixth of its channels and more where a map needs them, in 8-bit integers, which on a
        /// processor are three times as fast. Of others a tenth, in the number format as it is.
        ///
        /// - Parameter vision: The encoder whose similarities are explained.
        public mutating func reduce(for vision: VisionConfiguration) {
            guard case .transformer = vision else {
                scored = .needed(first: 0.1, correlation: 0)
                return
            }
            scored = .needed(first: 1.0 / 6, most: 0.5, correlation: 0.97)
            precision = device == "cpu" ? .int8 : .bf16
        }
    }

    /// Is told how many forward passes are done, of how many that are planned so far.
    public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

    let model: any VisionEncoder
    /// Heads of a transformer's attention; nil for a convolutional encoder.
    let heads: Int?
    /// Side of a transformer's patches; nil for a convolutional encoder.
    private let patchSize: Int?
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
        patchSize = vision.patchSize
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
            device: Device.named(options.device),
            tokens: options.tokens ?? package.settings.tokens)
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
        let channels = first.masks.channels
        let each = options.scored.first(of: channels)
        let queryMap = try await map(of: first, towards: second.embedding) { done, planned in
            progress(done, planned + each)
        }
        let before = queryMap.passes
        let galleryMap = try await map(of: second, towards: first.embedding) { done, planned in
            progress(before + done, before + planned)
        }
        return Explanation(
            similarity: min(1, max(-1, similarity)), query: queryMap.map, gallery: galleryMap.map,
            passes: before + galleryMap.passes, channels: channels)
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
        return try await map(of: look, towards: unitEmbedding(of: gallery)) { _, _ in }
    }

    /// The embedding of a crop at unit length, `[D]`.
    func unitEmbedding(of image: PreparedImage) throws -> [Float] {
        try model(ImageBatch([image])).converted(to: .float32).l2Normalized().floatValues()
    }

    /// A crop where the encoder looks at it, and its pixels `[1, 3, S, S]`.
    func placed(_ image: PreparedImage) throws -> (image: PreparedImage, pixels: Tensor) {
        let batch = model.placed(ImageBatch([image]))
        return (batch[0], try model.pixels(of: batch))
    }

    /// A crop as the encoder sees it.
    private struct Look {
        let pixels: Tensor  // [1, 3, S, S]
        let embedding: [Float]  // [D], unit length
        let masks: ActivationMasks
        let image: PreparedImage
    }

    private func look(at image: PreparedImage) throws -> Look {
        let (image, pixels) = try placed(image)
        var activations: Tensor?
        let stage = stage
        let embedding = try model.embedding(ofPixels: pixels, showing: [image.content]) {
            if $0 == stage { activations = $1 }
        }
        guard let activations else { preconditionFailure("the encoder shows no stage \(stage)") }
        var values = try activations.converted(to: .float32).floatValues()
        let shape = activations.shape
        let (channels, side): (Int, Int)
        if heads != nil {
            // [1, T, E] without the class token, channels first.
            let grid = tokenGrid(of: image, tokens: shape[1])
            let width = shape[2]
            values = (0..<width).flatMap { channel in
                grid.tokens.map { values[$0 * width + channel] }
            }
            (channels, side) = (width, grid.side)
        } else {
            (channels, side) = (shape[1], shape[2])  // [1, C, G, G]
        }
        return Look(
            pixels: pixels,
            embedding: try embedding.converted(to: .float32).l2Normalized().floatValues(),
            masks: ActivationMasks(channels: channels, side: side, activations: values),
            image: image)
    }

    /// For each cell of the transformer's grid, row by row, the token that shows it, of `tokens`
    /// with the class token in front; where it takes no part, that of the nearest which does.
    func tokenGrid(of image: PreparedImage, tokens: Int) -> (side: Int, tokens: [Int]) {
        let side = model.imageSize / (patchSize ?? model.imageSize)
        guard tokens != side * side + 1 else { return (side, Array(1...side * side)) }
        let isShown = image.cellsOfContent(side: side)
        let rows = (0..<side).filter { row in (0..<side).contains { isShown[row * side + $0] } }
        let columns = (0..<side).filter { column in
            (0..<side).contains { isShown[$0 * side + column] }
        }
        precondition(tokens == rows.count * columns.count + 1, "tokens and patches of the crop")
        let cells = (0..<side * side).map { cell in
            let row = min(max(cell / side - rows[0], 0), rows.count - 1)
            let column = min(max(cell % side - columns[0], 0), columns.count - 1)
            return 1 + row * columns.count + column
        }
        return (side, cells)
    }

    private func map(
        of look: Look, towards other: [Float], progress: (_ done: Int, _ planned: Int) -> Void
    ) async throws -> (map: SaliencyMap, passes: Int) {
        let masks = look.masks
        let isShown = look.image.cellsOfContent(side: masks.side)
        var estimate = MapEstimate(of: masks, showing: isShown)
        var next = estimate.representatives(options.scored.first(of: masks.channels))
        while !next.isEmpty {
            let (done, planned) = (estimate.known.count, estimate.known.count + next.count)
            let scores = try await scores(
                of: masks.masks(of: next), side: masks.side, on: look, towards: other
            ) { progress(done + $0, planned) }
            estimate.learn(next, scores: scores)
            next = estimate.strongestUnknown(
                options.scored.more(
                    of: masks.channels, known: planned, correlation: estimate.correlation))
        }
        return (estimate.map, estimate.known.count)
    }

    /// Cosine similarity of the crop under each mask to the other crop.
    private func scores(
        of masks: [Float], side: Int, on look: Look, towards other: [Float],
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
            scores += try similarities(
                of: look.pixels, showing: look.image.content, under: enlarged, to: other)
            progress(range.upperBound)
        }
        return scores
    }

    /// Cosine similarities of a placed crop's pixels `[1, 3, S, S]` under masks `[B, S, S]` to a
    /// unit vector `[D]`, all at once.
    func similarities(
        of pixels: Tensor, showing content: PixelRectangle, under masks: [Float],
        to other: [Float]
    ) throws -> [Float] {
        let size = model.imageSize
        let target = try Tensor.floats(other, shape: [other.count, 1], device: model.device)
        let mask = try Tensor.floats(
            masks, shape: [masks.count / (size * size), 1, size, size], device: model.device)
        let masked = try pixels.multiplied(by: mask)  // [B, 3, S, S]
        let contents = Array(repeating: content, count: masked.shape[0])
        return try model.embedding(ofPixels: masked, showing: contents, observe: nil)
            .converted(to: .float32).l2Normalized().matmul(target).floatValues()
    }
}
