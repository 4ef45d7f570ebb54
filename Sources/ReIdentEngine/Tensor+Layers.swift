// The operations of a transformer's layers, and the loss. Formulas stand with each.
//
// SPDX-License-Identifier: MIT

import CReIdentEngine

/// What follows a packed product.
public enum FusedActivation: Sendable {
    /// Nothing.
    case none
    /// x·Φ(x).
    case gelu
    /// x·sigmoid(x).
    case swish

    var code: re_activation {
        switch self {
        case .none: RE_NO_ACTIVATION
        case .gelu: RE_GELU
        case .swish: RE_SWISH
        }
    }
}

/// How 8-bit integers are multiplied, from any processor's way to the widest.
public enum Int8Kernel: Sendable, CaseIterable {
    /// One by one, on any processor.
    case plain
    /// Widened to 16 bits, with AVX2.
    case avx2
    /// Sums of four products, with AVX-512 and VNNI.
    case avx512

    var code: re_int8_kernel {
        switch self {
        case .plain: RE_INT8_PLAIN
        case .avx2: RE_INT8_AVX2
        case .avx512: RE_INT8_AVX512
        }
    }
}

extension Tensor {
    /// Linear layer x·Wᵀ + b, `[…, K] → […, N]`.
    ///
    /// - Parameters:
    ///   - weight: `[N, K]`.
    ///   - bias: `[N]`.
    ///   - residual: `[…, N]`, added to the product in its own type.
    ///   - dtype: The type the product is computed in.
    /// - Returns: `[…, N]`, of the residual's type, or `dtype` without one.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func linear(
        weight: Tensor, bias: Tensor?, residual: Tensor? = nil, computingIn dtype: DType
    ) throws(EngineError) -> Tensor {
        try engine.tensor("linear") {
            $0.linear(
                handle, weight.handle, bias?.handle, residual?.handle, dtype.code, &$1)
        }
    }

    /// A weight `[N, K]` laid out once for `linearPacked` on about `rows` rows.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func packedWeight(rows: Int) throws(EngineError) -> Tensor {
        try engine.tensor("pack_weight") { $0.pack_weight(handle, Int64(rows), &$1) }
    }

    /// Linear layer on a packed weight, with what follows it in one go; records no gradients.
    ///
    /// - Parameters:
    ///   - weight: From `packedWeight(rows:)`.
    ///   - bias: `[N]`, of the weight's element type.
    ///   - activation: Applied to the product; none if there is a residual.
    ///   - residual: `[…, N]`, added to the product.
    /// - Returns: `[…, N]`, of the weight's element type.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func linearPacked(
        weight: Tensor, bias: Tensor?, activation: FusedActivation = .none,
        residual: Tensor? = nil
    ) throws(EngineError) -> Tensor {
        try engine.tensor("linear_packed") {
            $0.linear_packed(
                handle, weight.handle, bias?.handle, activation.code, residual?.handle, &$1)
        }
    }

    /// A weight `[N, K]` in 8-bit integers, laid out once for `linearInt8`.
    ///
    /// - Returns: The integers, and for each output what 1 stands for and their sum, `[2, N]`.
    /// - Throws: `EngineError` unless it is a matrix on the processor.
    public func quantizedWeight() throws(EngineError) -> (packed: Tensor, scales: Tensor) {
        var packed: OpaquePointer?
        var scales: OpaquePointer?
        try engine.check(
            "quantize_weight",
            engine.functions.pointee.quantize_weight(handle, &packed, &scales))
        guard let packed, let scales else {
            throw EngineError(code: .operation, operation: "quantize_weight", message: "no result")
        }
        return (Tensor(owning: packed, of: engine), Tensor(owning: scales, of: engine))
    }

    /// Linear layer in 8-bit integers, with what follows it in one go; records no gradients.
    ///
    /// Each row of this tensor gets a scale and a zero of its own from its smallest and largest
    /// number. Sums are exact, and what follows them is in fp32.
    ///
    /// - Parameters:
    ///   - weight: From `quantizedWeight()`.
    ///   - scales: From there, too.
    ///   - bias: `[N]`.
    ///   - activation: Applied to the product.
    ///   - residual: `[…, N]`, added after that.
    ///   - widest: The widest kernel up to this one that the processor has computes it.
    /// - Returns: `[…, N]`, of this tensor's element type, fp32 or bf16.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func linearInt8(
        weight: Tensor, scales: Tensor, bias: Tensor?, activation: FusedActivation = .none,
        residual: Tensor? = nil, upTo widest: Int8Kernel = .avx512
    ) throws(EngineError) -> Tensor {
        try engine.tensor("linear_int8") {
            $0.linear_int8(
                handle, weight.handle, scales.handle, bias?.handle, activation.code,
                residual?.handle, widest.code, &$1)
        }
    }

    /// Layer norm over the last dimension: (x - mean) / √(variance + ε) · weight + bias.
    ///
    /// - Parameters:
    ///   - weight: `[E]`.
    ///   - bias: `[E]`.
    ///   - epsilon: ε.
    ///   - dtype: The type of the result; this tensor's unless it is given.
    /// - Returns: A tensor of the same shape.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func layerNorm(
        weight: Tensor, bias: Tensor, epsilon: Double, as dtype: DType? = nil
    ) throws(EngineError) -> Tensor {
        let code = (dtype ?? self.dtype).code
        return try engine.tensor("layer_norm") {
            $0.layer_norm(handle, weight.handle, bias.handle, epsilon, code, &$1)
        }
    }

    /// x·Φ(x), Φ by the error function.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func gelu() throws(EngineError) -> Tensor {
        try engine.tensor("gelu") { $0.gelu(handle, &$1) }
    }

    /// v·sigmoid(1.702 v), the activation of OpenAI's CLIP, of this tensor plus a bias.
    ///
    /// - Parameter bias: `[N]`, a layer's whose product this tensor is: added here, it costs no
    ///   pass of its own.
    /// - Returns: `[…, N]`.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func quickGELU(adding bias: Tensor) throws(EngineError) -> Tensor {
        try engine.tensor("quick_gelu") { $0.quick_gelu(handle, bias.handle, &$1) }
    }

    /// The perceptron of a block of OpenAI's CLIP, two linear layers with QuickGELU between:
    /// residual + W₂·quickGELU(W₁·x + b₁) + b₂, `[…, K] → […, N]`.
    ///
    /// - Parameters:
    ///   - first: Weight `[H, K]` and bias `[H]`.
    ///   - second: Weight `[N, H]` and bias `[N]`.
    ///   - residual: `[…, N]`.
    ///   - dtype: The type the products are computed in.
    /// - Returns: `[…, N]`, of the residual's type.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func perceptron(
        first: (weight: Tensor, bias: Tensor), second: (weight: Tensor, bias: Tensor),
        residual: Tensor, computingIn dtype: DType
    ) throws(EngineError) -> Tensor {
        try engine.tensor("perceptron") {
            $0.perceptron(
                handle, first.weight.handle, first.bias.handle, second.weight.handle,
                second.bias.handle, residual.handle, dtype.code, &$1)
        }
    }

    /// Multi-head self-attention softmax(q·kᵀ/√D)·v, `[N, T, 3E] → [N, T, E]`.
    ///
    /// The last dimension holds queries, keys and values side by side.
    ///
    /// - Parameters:
    ///   - heads: Into so many parts the width is cut.
    ///   - isCausal: Whether no token looks at those behind it.
    ///   - plainly: Whether to take LibTorch's operator even where the engine has its own, which
    ///     differs from it in the last digits.
    /// - Returns: `[N, T, E]`.
    /// - Throws: `EngineError` if the width is not a multiple of three times `heads`.
    public func attention(
        heads: Int, isCausal: Bool = false, plainly: Bool = false
    ) throws(EngineError) -> Tensor {
        try engine.tensor("attention") {
            $0.attention(handle, Int64(heads), isCausal ? 1 : 0, plainly ? 1 : 0, &$1)
        }
    }

    /// Multi-head self-attention within each of several images whose tokens lie one behind the
    /// other, `[1, T, 3E] → [1, T, E]`.
    ///
    /// - Parameters:
    ///   - heads: Into so many parts the width is cut.
    ///   - counts: Tokens of each image, together T.
    ///   - plainly: Whether to take LibTorch's operator even where the engine has its own.
    /// - Returns: `[1, T, E]`.
    /// - Throws: `EngineError` unless the images have so many tokens, or if the width is not a
    ///   multiple of three times `heads`.
    public func attention(
        heads: Int, withinTokens counts: [Int], plainly: Bool = false
    ) throws(EngineError) -> Tensor {
        try engine.tensor("attention_within") {
            $0.attention_within(
                handle, counts.map(Int64.init), Int32(counts.count), Int64(heads),
                plainly ? 1 : 0, &$1)
        }
    }

    /// Rows of this matrix, `[V, E]` by indices `[…] → […, E]`.
    ///
    /// - Throws: `EngineError` unless this is a matrix and the indices are `int64` rows of it.
    public func rows(at indices: Tensor) throws(EngineError) -> Tensor {
        try engine.tensor("rows") { $0.rows(handle, indices.handle, &$1) }
    }

    /// Bytes `[N, H, W, C]` to (x/255 - mean) / deviation, single precision `[N, C, H, W]`.
    ///
    /// - Parameters:
    ///   - mean: One number a channel.
    ///   - deviation: One number a channel.
    /// - Returns: `[N, C, H, W]`.
    /// - Throws: `EngineError` unless there are four dimensions.
    public func normalizedPixels(
        mean: [Float], deviation: [Float]
    ) throws(EngineError) -> Tensor {
        precondition(mean.count == shape.last && deviation.count == mean.count, "channels differ")
        return try engine.tensor("normalize_pixels") {
            $0.normalize_pixels(handle, mean, deviation, &$1)
        }
    }

    /// Square patches, row by row: `[N, C, H, W] → [N, H/P · W/P, C·P·P]`.
    ///
    /// - Throws: `EngineError` unless `size` divides both H and W.
    public func patches(size: Int) throws(EngineError) -> Tensor {
        try engine.tensor("patches") { $0.patches(handle, Int64(size), &$1) }
    }

    /// Mean cross-entropy of logits `[B, B]` where row i belongs to class i.
    ///
    /// - Parameter labelSmoothing: Share 0...1 of the target spread evenly over all classes.
    /// - Returns: One number.
    /// - Throws: `EngineError` unless the logits are square.
    public func diagonalCrossEntropy(labelSmoothing: Double) throws(EngineError) -> Tensor {
        try engine.tensor("diagonal_cross_entropy") {
            $0.diagonal_cross_entropy(handle, labelSmoothing, &$1)
        }
    }
}
