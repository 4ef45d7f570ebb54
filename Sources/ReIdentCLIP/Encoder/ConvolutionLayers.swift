// Layers of convolutional encoders: convolution, batch norm and the two joined, each in the forms
// of `LayerForm`. In the packed form a batch norm's fixed statistics are put into the convolution
// before it, so that the pair, the activation and the residual are one product.
//
// Ioffe and Szegedy, Batch Normalization, 2015.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine

/// A convolution with a bias of its own.
struct ConvolutionLayer {
    let weight: Tensor  // [O, C / groups, K, K]; of unknown layout once packed
    let bias: Tensor?  // [O]
    let geometry: ConvolutionGeometry
    let form: LayerForm

    init(
        weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, form: LayerForm
    ) throws(EngineError) {
        switch form {
        case .trainable:
            self.weight = weight
            self.bias = bias
        case .packed(let precision, _):
            self.weight = try weight.converted(to: precision.dtype).packedConvolution(geometry)
            self.bias = try bias?.converted(to: precision.dtype)
        }
        self.geometry = geometry
        self.form = form
    }

    /// `[N, C, H, W] → [N, O, H', W']`; activation and residual in the packed form only.
    func callAsFunction(
        _ x: Tensor, isRectified: Bool = false, residual: Tensor? = nil
    ) throws(EngineError) -> Tensor {
        switch form {
        case .packed:
            return try x.convolutionPacked(
                weight: weight, bias: bias, geometry, isRectified: isRectified, residual: residual)
        case .trainable(let precision):
            precondition(!isRectified && residual == nil, "fused into packed products only")
            return try x.convolution(
                weight: weight, bias: bias, geometry, computingIn: precision.dtype)
        }
    }
}

/// The statistics, gain and bias of a batch norm.
struct BatchNormLayer {
    let gain: Tensor  // [C]
    let bias: Tensor  // [C]
    let mean: Tensor  // [C]
    let variance: Tensor  // [C]

    /// ε of CLIP's ResNets.
    static let epsilon = 1e-5

    init(_ name: String, from tensors: borrowing WeightTensors) throws {
        gain = try tensors["\(name).weight"]
        bias = try tensors["\(name).bias"]
        mean = try tensors.statistic("\(name).running_mean")
        variance = try tensors.statistic("\(name).running_var")
    }

    /// `[N, C, H, W] → [N, C, H, W]`, plus the residual, then max(0, x) if it is rectified.
    func callAsFunction(
        _ x: Tensor, isRectified: Bool, residual: Tensor?, usesBatch: Bool
    ) throws(EngineError) -> Tensor {
        try x.batchNorm(
            weight: gain, bias: bias, mean: mean, variance: variance, usesBatch: usesBatch,
            epsilon: Self.epsilon, residual: residual, isRectified: isRectified)
    }
}

/// A convolution without bias and the batch norm behind it.
struct NormalizedConvolution {
    private let convolution: ConvolutionLayer
    private let norm: BatchNormLayer?  // nil once it is part of the convolution

    /// Takes the tensors of both by their names.
    init(
        _ name: String, norm normName: String, _ geometry: ConvolutionGeometry,
        from tensors: borrowing WeightTensors, form: LayerForm
    ) throws {
        let weight = try tensors["\(name).weight"]
        let norm = try BatchNormLayer(normName, from: tensors)
        switch form {
        case .trainable:
            convolution = try ConvolutionLayer(weight: weight, bias: nil, geometry, form: form)
            self.norm = norm
        case .packed:
            let folded = try weight.foldingBatchNorm(
                gain: norm.gain, bias: norm.bias, mean: norm.mean, variance: norm.variance,
                epsilon: BatchNormLayer.epsilon)
            convolution = try ConvolutionLayer(
                weight: folded.weight, bias: folded.bias, geometry, form: form)
            self.norm = nil
        }
    }

    /// `[N, C, H, W] → [N, O, H', W']`, plus the residual, then max(0, x) if it is rectified.
    func callAsFunction(
        _ x: Tensor, isRectified: Bool, residual: Tensor? = nil, usesBatch: Bool
    ) throws(EngineError) -> Tensor {
        guard let norm else {
            return try convolution(x, isRectified: isRectified, residual: residual)
        }
        return try norm(
            convolution(x), isRectified: isRectified, residual: residual, usesBatch: usesBatch)
    }
}
