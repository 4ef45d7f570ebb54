// CLIP's vision transformer: patches, class token, positions, blocks, features, projection.
//
// Dosovitskiy et al., An Image is Worth 16x16 Words, 2021; Radford et al., 2021. Stage names and
// weights as in open_clip; parity is in docs/PARITY.md.
//
// SPDX-License-Identifier: MIT

public import ReIdentEngine
public import ReIdentImages

/// A vision transformer: CLIP's image encoder, and timm's for ImageNet.
///
/// It holds tensors, so it stays with whoever runs the engine.
public final class VisionTransformer: VisionEncoder {
    /// The sizes.
    public let configuration: VisionTransformerConfiguration
    /// How pixels are normalised.
    public let normalization: PixelNormalization
    /// Where the weights are.
    public let device: Device
    /// What is learned: every tensor of the image side that the embedding depends on.
    public let parameters: [NamedParameter]
    /// Which patches take part where whole images are embedded.
    public let tokenSelection: TokenSelection
    /// Whether blocks are computed again in the backward pass instead of kept.
    public var usesCheckpoints = false
    public let canUseCheckpoints = true
    /// It has no batch norms.
    public let statistics: [NamedParameter] = []
    public var usesBatchStatistics = false

    private let patchProjection: LinearLayer
    private let classToken: Tensor  // [1, 1, E]
    private let positions: Tensor  // [1, T, E]
    private let inputNorm: LayerNormLayer?  // CLIP's
    private let blocks: [TransformerBlock]
    private let outputNorm: LayerNormLayer
    private let projection: Tensor?  // [E, D]

    /// A stage of the computation, named as in the parity tables.
    public typealias Observer = StageObserver

    /// Brings a package's image encoder to a device.
    ///
    /// - Parameters:
    ///   - package: Its settings decide whether the projection is part of the embedding.
    ///   - form: For training or for inference, and the number format.
    ///   - device: Where it computes.
    ///   - tokenSelection: Which patches take part.
    /// - Throws: `EngineError` if the engine, the device or memory is missing; `PackageError` if
    ///   the package is damaged.
    public init(
        _ package: ModelPackage, form: LayerForm, device: Device = .cpu,
        tokens tokenSelection: TokenSelection = .all
    ) throws {
        self.tokenSelection = tokenSelection
        guard case .transformer(let sizes) = package.configuration.vision else {
            preconditionFailure("a vision transformer from another architecture's package")
        }
        configuration = sizes
        normalization = package.settings.normalization
        self.device = device
        var isTrainable = false
        if case .trainable = form { isTrainable = true }
        let tensors = WeightTensors(
            package, device: device, isTrainable: isTrainable, storedName: sizes.storedName)
        func stored(_ tensor: Tensor) throws(EngineError) -> Tensor {
            isTrainable ? tensor : try tensor.converted(to: form.precision.dtype)
        }

        let width = sizes.width
        let patchWidth = 3 * sizes.patchSize * sizes.patchSize
        patchProjection = try LinearLayer(
            weight: tensors["visual.conv1.weight", shape: [width, patchWidth]],
            bias: sizes.family == .timm ? tensors["visual.conv1.bias"] : nil,
            form: form.unquantized)
        classToken = try stored(tensors["visual.class_embedding", shape: [1, 1, width]])
        positions = try stored(
            tensors["visual.positional_embedding", shape: [1, sizes.tokenCount, width]])
        inputNorm =
            sizes.family == .clip
            ? try LayerNormLayer(
                weight: tensors["visual.ln_pre.weight"], bias: tensors["visual.ln_pre.bias"],
                form: form) : nil
        var blocks: [TransformerBlock] = []
        for layer in 0..<sizes.layers {
            blocks.append(
                try TransformerBlock(
                    "visual.transformer.resblocks.\(layer)", from: tensors, heads: sizes.heads,
                    activation: package.configuration.activation, form: form,
                    epsilon: sizes.normEpsilon, isLast: layer == sizes.layers - 1))
        }
        self.blocks = blocks
        outputNorm = try LayerNormLayer(
            weight: tensors["visual.ln_post.weight"], bias: tensors["visual.ln_post.bias"],
            form: form, epsilon: sizes.normEpsilon)
        let isProjected = package.settings.embedding == .projected
        projection = isProjected ? try stored(tensors["visual.proj"]) : nil
        parameters = tensors.parameters
    }

    public var imageSize: Int { configuration.imageSize }

    /// Embeddings of pixels, not at unit length: `[N, D]`, or `[N, E]` without projection.
    ///
    /// Beside the stages it shows `norm.I`, what the first layer norm of block I gives,
    /// `[N, T, E]`, and `qkv.I`, its queries, keys and values of all heads, `[N, T, 3E]`.
    public func embedding(
        ofPixels pixels: Tensor, observe: StageObserver?
    ) throws(EngineError) -> Tensor {
        let tokens = try tokens(of: pixels, observe: observe)  // [N, T, E]
        return try embedding(of: tokens, observe: observe)
    }

    /// Patch tokens with their positions behind the class token: `[N, 3, H, W] → [N, T, E]`.
    ///
    /// - Returns: The transformer's input, before its first layer norm.
    /// - Throws: `EngineError` if memory is exhausted.
    public func tokens(
        of pixels: Tensor, observe: Observer? = nil
    ) throws(EngineError) -> Tensor {
        let count = pixels.shape[0]
        let patches = try patchProjection(pixels.patches(size: configuration.patchSize))
        observe?("patches", patches)  // [N, T-1, E]
        let start = try classToken.expanded([count, 1, configuration.width])
            .converted(to: patches.dtype)
        let tokens = try Tensor.concatenated([start, patches], dimension: 1)  // [N, T, E]
        let embedded = try tokens.adding(positions)
        observe?("embedded", embedded)
        return embedded
    }

    /// What the transformer makes of tokens: `[N, T, E] → [N, D]`, or `[N, E]` unprojected.
    ///
    /// Apart from the class token in front, nothing here knows how many tokens there are or which
    /// part of an image they come from. Without an observer the last block computes the class
    /// tokens alone: nothing else of it reaches the embedding.
    /// - Returns: In the encoder's number format.
    /// - Throws: `EngineError` if memory is exhausted.
    public func embedding(
        of tokens: Tensor, observe: Observer? = nil
    ) throws(EngineError) -> Tensor {
        var x = tokens
        if let inputNorm {
            x = try inputNorm(tokens)  // [N, T, E]
            observe?("pre_normalized", x)
        }
        for (index, block) in blocks.enumerated() {
            if index == blocks.count - 1, observe == nil {
                x = try block.firstTokens(x)  // [N, 1, E]
            } else if usesCheckpoints {
                x = try checkpointed(x) { (x: Tensor) throws(EngineError) in try block(x) }
            } else {
                // [N, T, E]
                x = try block(x, observe: observe.map { Self.named($0, index) })
            }
            observe?("block.\(index)", x)
        }
        let first = try x.narrowed(dimension: 1, to: 0..<1)  // [N, 1, E]
        return try output(of: first.reshaped([x.shape[0], configuration.width]), observe: observe)
    }

    /// Patches `[P, 3·size²]` with class tokens and positions, one behind the other: `[1, T, E]`.
    func packedTokens(
        of patches: Tensor, sources: Tensor, positions places: Tensor
    ) throws(EngineError) -> Tensor {
        let width = configuration.width
        let projected = try patchProjection(patches)  // [P, E]
        let start = try classToken.reshaped([1, width]).converted(to: projected.dtype)
        let tokens = try Tensor.concatenated([start, projected], dimension: 0).rows(at: sources)
        let shifts = try positions.reshaped([configuration.tokenCount, width]).rows(at: places)
        return try tokens.adding(shifts).reshaped([1, tokens.shape[0], width])
    }

    /// What the transformer makes of packed tokens `[1, T, E]`, with each image's class token by
    /// its place: `[N, D]`.
    ///
    /// `observe` is shown of block I `norm.I` and `qkv.I`, of all packed
    /// tokens, and `block.I`, the mean of each image's tokens, `[N, 1, E]`.
    func embedding(
        of tokens: Tensor, content: ContentTokens, observe: Observer?
    ) throws(EngineError) -> Tensor {
        let groups = content.groups
        func indices(_ values: [Int64]) throws(EngineError) -> Tensor {
            try .integers(values, shape: [values.count], device: device)
        }
        var x = try inputNorm.map { (norm) throws(EngineError) in try norm(tokens) } ?? tokens
        for (index, block) in blocks.enumerated() {
            if index == blocks.count - 1, observe == nil {
                x = try block.firstTokens(
                    x, groups: groups, places: indices(content.classTokens.sorted()))
                let first = try x.reshaped([x.shape[1], configuration.width])
                    .rows(at: indices(content.classTokenRanks))
                return try output(of: first, observe: observe)
            } else if usesCheckpoints {
                x = try checkpointed(x) { (x: Tensor) throws(EngineError) in
                    try block(x, groups: groups)
                }
            } else {
                x = try block(x, groups: groups, observe: observe.map { Self.named($0, index) })
            }
            if let observe { observe("block.\(index)", try content.means(of: x)) }
        }
        let first = try x.reshaped([x.shape[1], configuration.width])
            .rows(at: indices(content.classTokens))
        return try output(of: first, observe: observe)
    }

    /// An observer of one block's stages.
    private static func named(_ observe: @escaping Observer, _ block: Int) -> Observer {
        { stage, value in observe("\(stage).\(block)", value) }
    }

    /// Features of class tokens, `[N, E]`, and their projection where it is part of the embedding.
    private func output(of first: Tensor, observe: Observer?) throws(EngineError) -> Tensor {
        let features = try outputNorm(first)  // [N, E]
        observe?("features", features)
        guard let projection else { return features }
        let projected = try features.matmul(projection)  // [N, D]
        observe?("projected", projected)
        return projected
    }
}
