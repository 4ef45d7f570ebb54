// CLIP's text encoder: tokens with positions, causal blocks, the end token's features, projection.
// The blocks are those of the vision transformer.
//
// Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021.
// Stage names and weights as in open_clip; parity is in docs/PARITY.md.
//
// SPDX-License-Identifier: MIT

public import ReIdentEngine

/// CLIP's text transformer, for training and for inference.
///
/// It holds tensors, so it stays with whoever runs the engine.
public final class TextEncoder {
    /// The sizes.
    public let configuration: TextConfiguration
    /// Where the weights are.
    public let device: Device
    /// What is learned, by open_clip's names; empty unless the form is trainable.
    ///
    /// The temperature `logit_scale` is not among them: it belongs to both sides.
    public let parameters: [NamedParameter]
    /// Whether blocks are computed again in the backward pass instead of kept.
    public var usesCheckpoints = false

    private let tokenEmbedding: Tensor  // [V, E]
    private let positions: Tensor  // [C, E]
    private let blocks: [TransformerBlock]
    private let outputNorm: LayerNormLayer
    private let projection: Tensor  // [E, D]

    /// Brings a package's text encoder to a device.
    ///
    /// - Parameters:
    ///   - package: A package with a text side; its vocabulary is not needed here.
    ///   - form: For training or for inference, and the number format.
    ///   - device: Where it computes.
    /// - Throws: `PackageError.noTextSide`; `EngineError` if the engine, the device or memory is
    ///   missing.
    public init(_ package: ModelPackage, form: LayerForm, device: Device = .cpu) throws {
        guard let sizes = package.configuration.text else {
            throw PackageError.noTextSide(package: package.path)
        }
        configuration = sizes
        self.device = device
        var isTrainable = false
        if case .trainable = form { isTrainable = true }
        let tensors = WeightTensors(package, device: device, isTrainable: isTrainable)
        func stored(_ name: String) throws -> Tensor {
            let tensor = try tensors[name]
            return isTrainable ? tensor : try tensor.converted(to: form.precision.dtype)
        }
        tokenEmbedding = try stored("token_embedding.weight")
        positions = try stored("positional_embedding")
        blocks = try (0..<sizes.layers).map { layer in
            try TransformerBlock(
                "transformer.resblocks.\(layer)", from: tensors, heads: sizes.heads,
                activation: package.configuration.activation, form: form, isCausal: true)
        }
        outputNorm = try LayerNormLayer(
            weight: tensors["ln_final.weight"], bias: tensors["ln_final.bias"], form: form)
        projection = try stored("text_projection")
        parameters = tensors.parameters
    }

    /// Embeddings of texts, not at unit length: `[N, D]`.
    ///
    /// - Parameters:
    ///   - batch: N texts of at most the context's length, their tokens within the vocabulary.
    ///   - observe: Is shown every stage, for comparison with a reference.
    /// - Returns: In the encoder's number format.
    /// - Throws: `EngineError` if memory is exhausted or a token is out of range.
    public func callAsFunction(
        _ batch: TokenBatch, observe: StageObserver = { _, _ in }
    ) throws(EngineError) -> Tensor {
        precondition(batch.length <= configuration.contextLength, "texts beyond the context")
        let (count, length, width) = (batch.count, batch.length, configuration.width)
        let tokens = try Tensor.integers(batch.tokens, shape: [count, length], device: device)
        let place = try positions.narrowed(dimension: 0, to: 0..<length)  // [T, E]
        var x = try tokenEmbedding.rows(at: tokens).adding(place)  // [N, T, E]
        observe("text_embedded", x)
        for (index, block) in blocks.enumerated() {
            if usesCheckpoints {
                x = try checkpointed(x) { (x: Tensor) throws(EngineError) in try block(x) }
            } else {
                x = try block(x)  // [N, T, E]
            }
            observe("text_block.\(index)", x)
        }
        // The layer norm is the same before and after the end tokens are picked.
        let ends = batch.ends.enumerated().map { Int64($0 * length + $1) }
        let last = try x.reshaped([count * length, width])
            .rows(at: Tensor.integers(ends, shape: [count], device: device))  // [N, E]
        let features = try outputNorm(last)
        observe("text_features", features)
        let projected = try features.matmul(projection)  // [N, D]
        observe("text", projected)
        return projected
    }
}

extension ModelPackage {
    /// The package's text encoder on a device; as `TextEncoder.init`.
    ///
    /// - Throws: `PackageError.noTextSide`, `.noInt8` if the device has no products of 8-bit
    ///   integers, or `EngineError`.
    public func makeTextEncoder(form: LayerForm, device: Device = .cpu) throws -> TextEncoder {
        if form.precision == .int8, device != .cpu {
            throw PackageError.noInt8(package: path, device: "\(device)")
        }
        return try TextEncoder(self, form: form, device: device)
    }
}
