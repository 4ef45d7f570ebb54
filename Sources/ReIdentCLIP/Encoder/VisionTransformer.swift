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
    /// - Throws: `EngineError` if the engine, the device or memory is missing; `PackageError` if
    ///   the package is damaged.
    public init(_ package: ModelPackage, form: LayerForm, device: Device = .cpu) throws {
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
            bias: sizes.family == .timm ? tensors["visual.conv1.bias"] : nil, form: form)
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
                    epsilon: sizes.normEpsilon))
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
        ofPixels pixels: Tensor, observe: StageObserver
    ) throws(EngineError) -> Tensor {
        let tokens = try tokens(of: pixels, observe: observe)  // [N, T, E]
        return try embedding(of: tokens, observe: observe)
    }

    /// Patch tokens with their positions behind the class token: `[N, 3, H, W] → [N, T, E]`.
    ///
    /// - Returns: The transformer's input, before its first layer norm.
    /// - Throws: `EngineError` if memory is exhausted.
    public func tokens(
        of pixels: Tensor, observe: Observer = { _, _ in }
    ) throws(EngineError) -> Tensor {
        let count = pixels.shape[0]
        let patches = try patchProjection(pixels.patches(size: configuration.patchSize))
        observe("patches", patches)  // [N, T-1, E]
        let start = try classToken.expanded([count, 1, configuration.width])
            .converted(to: patches.dtype)
        let tokens = try Tensor.concatenated([start, patches], dimension: 1)  // [N, T, E]
        let embedded = try tokens.adding(positions)
        observe("embedded", embedded)
        return embedded
    }

    /// What the transformer makes of tokens: `[N, T, E] → [N, D]`, or `[N, E]` unprojected.
    ///
    /// Apart from the class token in front, nothing here knows how many tokens there are or which
    /// part of an image they come from.
    /// - Returns: In the encoder's number format.
    /// - Throws: `EngineError` if memory is exhausted.
    public func embedding(
        of tokens: Tensor, observe: Observer = { _, _ in }
    ) throws(EngineError) -> Tensor {
        var x = tokens
        if let inputNorm {
            x = try inputNorm(tokens)  // [N, T, E]
            observe("pre_normalized", x)
        }
        for (index, block) in blocks.enumerated() {
            if usesCheckpoints {
                x = try checkpointed(x) { (x: Tensor) throws(EngineError) in try block(x) }
            } else {
                x = try block(x) { observe("\($0).\(index)", $1) }  // [N, T, E]
            }
            observe("block.\(index)", x)
        }
        let first = try x.narrowed(dimension: 1, to: 0..<1)  // [N, 1, E]
        let features = try outputNorm(first.reshaped([x.shape[0], configuration.width]))  // [N, E]
        observe("features", features)
        guard let projection else { return features }
        let projected = try features.matmul(projection)  // [N, D]
        observe("projected", projected)
        return projected
    }
}
