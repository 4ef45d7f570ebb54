// ConvNeXt: patches of four pixels, four stages of blocks (a 7 x 7 convolution of each channel, a
// layer norm, a perceptron, a learned scale), halved in between; the mean over all places, normed.
//
// Liu et al., A ConvNet for the 2020s, 2022. Stages and weights as in timm, without classifier.
//
// SPDX-License-Identifier: MIT

public import ReIdentEngine
public import ReIdentImages

/// A ConvNeXt image encoder.
public final class ConvNeXt: VisionEncoder {
    /// The sizes.
    public let configuration: ConvNeXtConfiguration
    public let normalization: PixelNormalization
    public let device: Device
    public let parameters: [NamedParameter]
    /// It has no batch norms.
    public let statistics: [NamedParameter] = []
    public let canUseCheckpoints = true
    public var usesCheckpoints = false
    public var usesBatchStatistics = false

    private let stem: ConvolutionLayer
    private let stemNorm: LayerNormLayer
    private let stages: [Stage]
    private let outputNorm: LayerNormLayer

    /// ε of every layer norm.
    private static let epsilon = 1e-6

    private struct Stage {
        /// Norm and convolution that halve the image; nil in the first stage.
        let halving: (norm: LayerNormLayer, convolution: ConvolutionLayer)?
        let blocks: [ConvNeXtBlock]
    }

    /// Brings a package's image encoder to a device.
    ///
    /// - Throws: `EngineError` if the engine, the device or memory is missing; `PackageError` if
    ///   the package is damaged.
    public init(_ package: ModelPackage, form: LayerForm, device: Device = .cpu) throws {
        guard case .convNeXt(let sizes) = package.configuration.vision else {
            preconditionFailure("a ConvNeXt from another architecture's package")
        }
        configuration = sizes
        normalization = package.settings.normalization
        self.device = device
        var isTrainable = false
        if case .trainable = form { isTrainable = true }
        let tensors = WeightTensors(package, device: device, isTrainable: isTrainable)
        stem = try ConvolutionLayer(
            weight: tensors["stem.0.weight"], bias: tensors["stem.0.bias"],
            ConvolutionGeometry(stride: ConvNeXtConfiguration.stemSize), form: form)
        stemNorm = try LayerNormLayer(
            weight: tensors["stem.1.weight"], bias: tensors["stem.1.bias"], form: form,
            epsilon: Self.epsilon)
        var stages: [Stage] = []
        for (stage, count) in sizes.layers.enumerated() {
            let name = "stages.\(stage)"
            var halving: (norm: LayerNormLayer, convolution: ConvolutionLayer)?
            if stage > 0 {
                halving = (
                    try LayerNormLayer(
                        weight: tensors["\(name).downsample.0.weight"],
                        bias: tensors["\(name).downsample.0.bias"], form: form,
                        epsilon: Self.epsilon),
                    try ConvolutionLayer(
                        weight: tensors["\(name).downsample.1.weight"],
                        bias: tensors["\(name).downsample.1.bias"], ConvolutionGeometry(stride: 2),
                        form: form)
                )
            }
            var blocks: [ConvNeXtBlock] = []
            for block in 0..<count {
                blocks.append(
                    try ConvNeXtBlock(
                        "\(name).blocks.\(block)", width: sizes.widths[stage], from: tensors,
                        form: form, epsilon: Self.epsilon))
            }
            stages.append(Stage(halving: halving, blocks: blocks))
        }
        self.stages = stages
        outputNorm = try LayerNormLayer(
            weight: tensors["head.norm.weight"], bias: tensors["head.norm.bias"], form: form,
            epsilon: Self.epsilon)
        parameters = tensors.parameters
    }

    public var imageSize: Int { configuration.imageSize }

    public func embedding(
        ofPixels pixels: Tensor, observe: StageObserver?
    ) throws(EngineError) -> Tensor {
        var x = try stemNorm(stem(pixels).channelsLast())  // [N, S/4, S/4, C]
        try observe?("stem", x.channelsFirst())
        for (index, stage) in stages.enumerated() {
            if let (norm, convolution) = stage.halving {
                x = try convolution(norm(x).channelsFirst()).channelsLast()  // [N, H/2, W/2, C']
            }
            for block in stage.blocks {
                if usesCheckpoints {
                    x = try checkpointed(x) { (x: Tensor) throws(EngineError) in try block(x) }
                } else {
                    x = try block(x)  // [N, H, W, C]
                }
            }
            try observe?("stage.\(index)", x.channelsFirst())
        }
        let (count, channels) = (x.shape[0], x.shape[3])
        let mean = try x.reshaped([count, -1, channels]).mean(dimension: 1)  // [N, 1, C]
        let features = try outputNorm(mean.reshaped([count, channels]))  // [N, C]
        observe?("features", features)
        return features
    }
}

/// x + scale · perceptron(norm(7 x 7 convolution of each channel)).
private struct ConvNeXtBlock {
    private let convolution: ConvolutionLayer
    private let norm: LayerNormLayer
    private let first: LinearLayer
    private let second: LinearLayer
    private let scale: Tensor?  // [C]; nil once it is part of the second layer

    init(
        _ name: String, width: Int, from tensors: borrowing WeightTensors, form: LayerForm,
        epsilon: Double
    ) throws {
        convolution = try ConvolutionLayer(
            weight: tensors["\(name).conv_dw.weight"], bias: tensors["\(name).conv_dw.bias"],
            ConvolutionGeometry(padding: 3, groups: width), form: form)
        norm = try LayerNormLayer(
            weight: tensors["\(name).norm.weight"], bias: tensors["\(name).norm.bias"], form: form,
            epsilon: epsilon)
        first = try LinearLayer(
            weight: tensors["\(name).mlp.fc1.weight"], bias: tensors["\(name).mlp.fc1.bias"],
            form: form)
        let weight = try tensors["\(name).mlp.fc2.weight"]  // [C, 4C]
        let bias = try tensors["\(name).mlp.fc2.bias"]
        let scale = try tensors["\(name).gamma"]
        if case .packed = form {
            second = try LinearLayer(
                weight: weight.multiplied(by: scale.reshaped([width, 1])),
                bias: bias.multiplied(by: scale), form: form)
            self.scale = nil
        } else {
            second = try LinearLayer(weight: weight, bias: bias, form: form)
            self.scale = scale
        }
    }

    /// `[N, H, W, C] → [N, H, W, C]`.
    func callAsFunction(_ x: Tensor) throws(EngineError) -> Tensor {
        let mixed = try convolution(x.channelsFirst()).channelsLast()
        guard let scale else {
            let hidden = try first(norm(mixed), activation: .gelu)  // [N, H, W, 4C]
            return try second(hidden, residual: x)
        }
        let normed = try norm(mixed.converted(to: .float32))
        let hidden = try first(normed).gelu()
        // The scale is in fp32, and so is what flows on.
        return try x.adding(second(hidden).converted(to: .float32).multiplied(by: scale))
    }
}

extension Tensor {
    /// `[N, C, H, W] → [N, H, W, C]`, without moving a number.
    fileprivate func channelsLast() throws(EngineError) -> Tensor { try permuted([0, 2, 3, 1]) }

    /// `[N, H, W, C] → [N, C, H, W]`, without moving a number.
    fileprivate func channelsFirst() throws(EngineError) -> Tensor { try permuted([0, 3, 1, 2]) }
}
