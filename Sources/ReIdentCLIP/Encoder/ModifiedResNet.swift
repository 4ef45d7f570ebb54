// CLIP's modified ResNet: a stem of three convolutions, four stages of bottlenecks that average
// before they stride, and a pool by attention of the mean over all places.
//
// He et al., Deep Residual Learning, 2016; Radford et al., 2021. Stages and weights as in
// open_clip.
//
// SPDX-License-Identifier: MIT

public import ReIdentEngine
public import ReIdentImages

/// CLIP's convolutional image encoder.
public final class ModifiedResNet: VisionEncoder {
    /// The sizes.
    public let configuration: ModifiedResNetConfiguration
    public let normalization: PixelNormalization
    public let device: Device
    public let parameters: [NamedParameter]
    public let statistics: [NamedParameter]
    /// Blocks are not computed again: their batch norms would count a batch twice.
    public let canUseCheckpoints = false
    public var usesCheckpoints = false
    public var usesBatchStatistics = false

    /// Three convolutions, in fp32 in every packed form.
    ///
    /// All blocks amplify what is rounded here: it made most of the error of bf16, though only a
    /// few hundredths of the operations are here (docs/PARITY.md).
    private let stem: [NormalizedConvolution]
    /// The number format in which the stages take the stem's result; nil keeps it.
    private let stageType: DType?
    private let stages: [[Bottleneck]]
    private let pool: AttentionPool

    /// Brings a package's image encoder to a device.
    ///
    /// - Throws: `EngineError` if the engine, the device or memory is missing; `PackageError` if
    ///   the package is damaged.
    public init(_ package: ModelPackage, form: LayerForm, device: Device = .cpu) throws {
        guard case .resNet(let sizes) = package.configuration.vision else {
            preconditionFailure("a ResNet from another architecture's package")
        }
        configuration = sizes
        normalization = package.settings.normalization
        self.device = device
        var isTrainable = false
        if case .trainable = form { isTrainable = true }
        let tensors = WeightTensors(package, device: device, isTrainable: isTrainable)
        var stemForm = form
        var stageType: DType?
        if case .packed(let precision, let rows) = form {
            stemForm = .packed(.fp32, rows: rows)
            stageType = precision.dtype
        }
        self.stageType = stageType
        var stem: [NormalizedConvolution] = []
        for place in 1...3 {
            stem.append(
                try NormalizedConvolution(
                    "visual.conv\(place)", norm: "visual.bn\(place)",
                    ConvolutionGeometry(stride: place == 1 ? 2 : 1, padding: 1), from: tensors,
                    form: stemForm))
        }
        self.stem = stem
        var stages: [[Bottleneck]] = []
        for (stage, count) in sizes.layers.enumerated() {
            var blocks: [Bottleneck] = []
            for block in 0..<count {
                blocks.append(
                    try Bottleneck(
                        "visual.layer\(stage + 1).\(block)",
                        stride: block == 0 && stage > 0 ? 2 : 1, projectsResidual: block == 0,
                        from: tensors, form: form))
            }
            stages.append(blocks)
        }
        self.stages = stages
        pool = try AttentionPool("visual.attnpool", heads: sizes.heads, from: tensors, form: form)
        parameters = tensors.parameters
        statistics = tensors.statistics
    }

    public var imageSize: Int { configuration.imageSize }

    public func embedding(
        ofPixels pixels: Tensor, observe: StageObserver?
    ) throws(EngineError) -> Tensor {
        var x = pixels
        for convolution in stem {
            x = try convolution(x, isRectified: true, usesBatch: usesBatchStatistics)
        }
        x = try x.averagePooled(size: 2)  // [N, W, S/4, S/4]
        observe?("stem", x)
        x = try x.converted(to: stageType)
        for (stage, blocks) in stages.enumerated() {
            for block in blocks { x = try block(x, usesBatch: usesBatchStatistics) }
            observe?("layer\(stage + 1)", x)  // [N, 4W·2^stage, S/4 / 2^stage, S/4 / 2^stage]
        }
        let features = try pool(x)  // [N, D]
        observe?("features", features)
        return features
    }
}

/// x + a narrow 3 x 3 convolution between two of 1 x 1, rectified.
private struct Bottleneck {
    private let entry: NormalizedConvolution
    private let middle: NormalizedConvolution
    private let exit: NormalizedConvolution
    private let shortcut: NormalizedConvolution?
    private let stride: Int

    init(
        _ name: String, stride: Int, projectsResidual: Bool, from tensors: borrowing WeightTensors,
        form: LayerForm
    ) throws {
        self.stride = stride
        entry = try NormalizedConvolution(
            "\(name).conv1", norm: "\(name).bn1", ConvolutionGeometry(), from: tensors, form: form)
        middle = try NormalizedConvolution(
            "\(name).conv2", norm: "\(name).bn2", ConvolutionGeometry(padding: 1), from: tensors,
            form: form)
        exit = try NormalizedConvolution(
            "\(name).conv3", norm: "\(name).bn3", ConvolutionGeometry(), from: tensors, form: form)
        shortcut =
            projectsResidual
            ? try NormalizedConvolution(
                "\(name).downsample.0", norm: "\(name).downsample.1", ConvolutionGeometry(),
                from: tensors, form: form) : nil
    }

    /// `[N, C, H, W] → [N, 4 · inner, H / stride, W / stride]`.
    func callAsFunction(_ x: Tensor, usesBatch: Bool) throws(EngineError) -> Tensor {
        var y = try entry(x, isRectified: true, usesBatch: usesBatch)
        y = try middle(y, isRectified: true, usesBatch: usesBatch)
        var residual = x
        if stride > 1 {
            y = try y.averagePooled(size: stride)
            residual = try x.averagePooled(size: stride)
        }
        if let shortcut {
            residual = try shortcut(residual, isRectified: false, usesBatch: usesBatch)
        }
        return try exit(y, isRectified: true, residual: residual, usesBatch: usesBatch)
    }
}

/// Attention of the mean over all places, which alone is kept, and the projection to CLIP's space.
private struct AttentionPool {
    private let positions: Tensor  // [1, T, C]
    private let query: LinearLayer
    private let key: LinearLayer
    private let value: LinearLayer
    private let output: LinearLayer
    private let heads: Int

    init(
        _ name: String, heads: Int, from tensors: borrowing WeightTensors, form: LayerForm
    ) throws {
        self.heads = heads
        func linear(_ part: String, _ tensors: borrowing WeightTensors) throws -> LinearLayer {
            try LinearLayer(
                weight: tensors["\(name).\(part).weight"], bias: tensors["\(name).\(part).bias"],
                form: form)
        }
        let stored = try tensors["\(name).positional_embedding", batched: true]
        if case .packed(let precision, _) = form {
            positions = try stored.converted(to: precision.dtype)
        } else {
            positions = stored
        }
        query = try linear("q_proj", tensors)
        key = try linear("k_proj", tensors)
        value = try linear("v_proj", tensors)
        output = try linear("c_proj", tensors)
    }

    /// `[N, C, H, W] → [N, D]`.
    func callAsFunction(_ x: Tensor) throws(EngineError) -> Tensor {
        let (count, channels) = (x.shape[0], x.shape[1])
        let places = try x.reshaped([count, channels, -1]).permuted([0, 2, 1])  // [N, H·W, C]
        let mean = try places.mean(dimension: 1)  // [N, 1, C]
        let tokens = try Tensor.concatenated([mean, places], dimension: 1).adding(positions)
        let first = try tokens.narrowed(dimension: 1, to: 0..<1)  // [N, 1, C]
        let mixed = try query(first).attention(
            keys: key(tokens), values: value(tokens), heads: heads)  // [N, 1, C]
        return try output(mixed.reshaped([count, channels]))  // [N, D]
    }
}
