// The operations of convolutional encoders. Images are [N, C, H, W].
//
// SPDX-License-Identifier: MIT

import CReIdentEngine

/// What a convolution does besides its weights.
public struct ConvolutionGeometry: Sendable, Equatable {
    /// Pixels from one place of the window to the next.
    public var stride: Int
    /// Zeros on every side.
    public var padding: Int
    /// Parts of the channels that do not mix.
    public var groups: Int

    /// Creates a geometry; the default is a window that visits every pixel.
    public init(stride: Int = 1, padding: Int = 0, groups: Int = 1) {
        self.stride = stride
        self.padding = padding
        self.groups = groups
    }
}

extension Tensor {
    /// Convolution, `[N, C, H, W] → [N, O, H', W']`.
    ///
    /// - Parameters:
    ///   - weight: `[O, C / groups, K, K]`.
    ///   - bias: `[O]`.
    ///   - geometry: Stride, padding and groups.
    ///   - dtype: The type it is computed in.
    /// - Returns: `[N, O, H', W']`, of the type `dtype`.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func convolution(
        weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, computingIn dtype: DType
    ) throws(EngineError) -> Tensor {
        try engine.tensor("convolution") {
            $0.convolution(
                handle, weight.handle, bias?.handle, Int64(geometry.stride),
                Int64(geometry.padding), Int64(geometry.groups), dtype.code, &$1)
        }
    }

    /// A convolution's weight laid out once for `convolutionPacked` of the same geometry.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func packedConvolution(_ geometry: ConvolutionGeometry) throws(EngineError) -> Tensor {
        try engine.tensor("pack_convolution") {
            $0.pack_convolution(
                handle, Int64(geometry.stride), Int64(geometry.padding), Int64(geometry.groups),
                &$1)
        }
    }

    /// Convolution with a packed weight and what follows it in one go; records no gradients.
    ///
    /// - Parameters:
    ///   - weight: From `packedConvolution(_:)`.
    ///   - bias: `[O]`, of the weight's element type.
    ///   - geometry: As the weight was packed for.
    ///   - isRectified: Whether max(0, y) follows, after the residual.
    ///   - residual: `[N, O, H', W']`, added to the result.
    /// - Returns: `[N, O, H', W']`, of the weight's element type.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func convolutionPacked(
        weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, isRectified: Bool = false,
        residual: Tensor? = nil
    ) throws(EngineError) -> Tensor {
        try engine.tensor("convolution_packed") {
            $0.convolution_packed(
                handle, weight.handle, bias?.handle, Int64(geometry.stride),
                Int64(geometry.padding), Int64(geometry.groups), isRectified ? 1 : 0,
                residual?.handle, &$1)
        }
    }

    /// This convolution weight `[O, C, K, K]` with the batch norm behind it put in.
    ///
    /// With f = gain / √(variance + ε) the weight becomes f·weight and the bias bias - f·mean.
    /// - Returns: The new weight, and the bias `[O]` that goes with it.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func foldingBatchNorm(
        gain: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: Double
    ) throws(EngineError) -> (weight: Tensor, bias: Tensor) {
        var weight: OpaquePointer?
        var shift: OpaquePointer?
        try engine.check(
            "fold_batch_norm",
            engine.functions.pointee.fold_batch_norm(
                handle, gain.handle, bias.handle, mean.handle, variance.handle, epsilon, &weight,
                &shift))
        guard let weight, let shift else {
            throw EngineError(code: .operation, operation: "fold_batch_norm", message: "no result")
        }
        return (Tensor(owning: weight, of: engine), Tensor(owning: shift, of: engine))
    }

    /// Batch norm of each channel: (x - mean) / √(variance + ε) · weight + bias, and what follows
    /// it.
    ///
    /// - Parameters:
    ///   - weight: `[C]`.
    ///   - bias: `[C]`.
    ///   - mean: `[C]`, the running mean.
    ///   - variance: `[C]`, the running variance.
    ///   - usesBatch: Whether the batch's own statistics count; the running ones then move towards
    ///     them by a tenth.
    ///   - epsilon: ε.
    ///   - residual: `[N, C, H, W]`, added to the result.
    ///   - isRectified: Whether max(0, y) follows, after the residual.
    /// - Returns: `[N, C, H, W]`.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func batchNorm(
        weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, usesBatch: Bool,
        epsilon: Double, residual: Tensor? = nil, isRectified: Bool = false
    ) throws(EngineError) -> Tensor {
        try engine.tensor("batch_norm") {
            $0.batch_norm(
                handle, weight.handle, bias.handle, mean.handle, variance.handle,
                usesBatch ? 1 : 0, 0.1, epsilon, residual?.handle, isRectified ? 1 : 0, &$1)
        }
    }

    /// Means of squares of `size` pixels, `[N, C, H, W] → [N, C, H / size, W / size]`.
    ///
    /// - Throws: `EngineError` if there are fewer pixels than `size`.
    public func averagePooled(size: Int) throws(EngineError) -> Tensor {
        try engine.tensor("average_pool") { $0.average_pool(handle, Int64(size), &$1) }
    }

    /// The mean over one dimension, which stays with an extent of 1.
    ///
    /// - Throws: `EngineError` if there is no such dimension.
    public func mean(dimension: Int) throws(EngineError) -> Tensor {
        try engine.tensor("mean") { $0.mean(handle, Int64(dimension), &$1) }
    }

    /// Multi-head attention of these queries, `[N, Q, E]`, over keys and values `[N, T, E]`.
    ///
    /// - Returns: `[N, Q, E]`.
    /// - Throws: `EngineError` if the shapes do not go together.
    public func attention(
        keys: Tensor, values: Tensor, heads: Int
    ) throws(EngineError) -> Tensor {
        try engine.tensor("attention_over") {
            $0.attention_over(handle, keys.handle, values.handle, Int64(heads), &$1)
        }
    }
}
