// The names and shapes of all tensors of a model, as open_clip's state dict has them, and how each
// is initialised. Names and initialisation after mlfoundations/open_clip, src/open_clip/model.py
// and transformer.py: the vision tower keeps PyTorch's defaults, the text tower has its own.
//
// SPDX-License-Identifier: MIT

/// What a model's state dict contains.
public struct WeightTable: Sendable {
    /// Which part of the model a tensor belongs to.
    public enum Side: Sendable, Equatable {
        /// The image encoder.
        case vision
        /// The image encoder's projection, which may be missing.
        case visionProjection
        /// The text encoder, present as a whole or not at all.
        case text
        /// The learned log temperature.
        case temperature
        /// How many batches a batch norm has seen; files may leave these out.
        case batchCount
    }

    /// How the numbers of a new tensor are drawn.
    public enum Initialisation: Sendable, Equatable {
        /// Normal with mean 0.
        case normal(deviation: Double)
        /// Uniform between -bound and bound.
        case uniform(bound: Double)
        /// All the same.
        case constant(Float)
    }

    /// One tensor of the state dict.
    public struct Entry: Sendable, Equatable {
        /// open_clip's name.
        public let name: String
        /// The shape; empty for a single number.
        public let shape: [Int]
        /// The part it belongs to.
        public let side: Side
        /// How it starts in a created model.
        public let initialisation: Initialisation

        /// How many numbers the tensor holds.
        public var count: Int { shape.reduce(1, *) }
    }

    /// All tensors, in a fixed order.
    public let entries: [Entry]

    /// The table of a configuration; without `text_cfg` it has no text side.
    public init(_ configuration: CLIPConfiguration) {
        var builder = WeightTableBuilder()
        switch configuration.vision {
        case .transformer(let sizes) where sizes.family == .timm:
            builder.entries += TimmTable(sizes).entries
        case .transformer(let sizes):
            builder.addVision(sizes, embeddingDimension: configuration.embeddingDimension)
        case .resNet(let sizes):
            builder.entries +=
                ResNetTable(
                    sizes: sizes, embeddingDimension: configuration.embeddingDimension
                ).entries
        case .convNeXt(let sizes):
            builder.entries += TimmTable(sizes).entries
        }
        if let text = configuration.text {
            builder.addText(text, embeddingDimension: configuration.embeddingDimension)
        }
        builder.add(
            "logit_scale", [], .temperature,
            .constant(Float(configuration.initialLogitScale)))
        entries = builder.entries
    }

    /// The parts that a checkpoint may lack as a whole.
    static let optionalSides: [Side] = [.visionProjection, .temperature, .batchCount]

    /// How many numbers all tensors hold, as a floating-point number: it cannot overflow.
    var parameterEstimate: Double {
        entries.reduce(0) { $0 + $1.shape.reduce(1.0) { $0 * Double($1) } }
    }
}

/// Collects the entries of a table.
private struct WeightTableBuilder {
    var entries: [WeightTable.Entry] = []

    mutating func add(
        _ name: String, _ shape: [Int], _ side: WeightTable.Side,
        _ initialisation: WeightTable.Initialisation
    ) {
        entries.append(
            WeightTable.Entry(
                name: name, shape: shape, side: side, initialisation: initialisation))
    }

    mutating func addNorm(_ name: String, _ width: Int, _ side: WeightTable.Side) {
        add("\(name).weight", [width], side, .constant(1))
        add("\(name).bias", [width], side, .constant(0))
    }

    mutating func addVision(_ sizes: VisionTransformerConfiguration, embeddingDimension: Int) {
        let width = sizes.width
        let scale = 1 / Double(width).squareRoot()
        let patchInputs = 3 * sizes.patchSize * sizes.patchSize
        add("visual.class_embedding", [width], .vision, .normal(deviation: scale))
        add(
            "visual.positional_embedding", [sizes.tokenCount, width], .vision,
            .normal(deviation: scale))
        add(
            "visual.proj", [width, embeddingDimension], .visionProjection,
            .normal(deviation: scale))
        add(
            "visual.conv1.weight", [width, 3, sizes.patchSize, sizes.patchSize], .vision,
            linear(inputs: patchInputs))
        addNorm("visual.ln_pre", width, .vision)
        for block in 0..<sizes.layers {
            addBlock(
                "visual.transformer.resblocks.\(block)", width: width, mlpWidth: sizes.mlpWidth,
                side: .vision,
                // PyTorch's multi-head attention starts from Xavier's uniform numbers.
                attention: .uniform(bound: (6 / Double(4 * width)).squareRoot()),
                output: linear(inputs: width), first: linear(inputs: width),
                second: linear(inputs: sizes.mlpWidth))
        }
        addNorm("visual.ln_post", width, .vision)
    }

    mutating func addText(_ sizes: TextConfiguration, embeddingDimension: Int) {
        let width = sizes.width
        let scale = 1 / Double(width).squareRoot()
        let residual = scale / Double(2 * sizes.layers).squareRoot()
        add(
            "positional_embedding", [sizes.contextLength, width], .text, .normal(deviation: 0.01))
        add("text_projection", [width, embeddingDimension], .text, .normal(deviation: scale))
        add(
            "token_embedding.weight", [sizes.vocabularySize, width], .text,
            .normal(deviation: 0.02))
        for block in 0..<sizes.layers {
            addBlock(
                "transformer.resblocks.\(block)", width: width, mlpWidth: sizes.mlpWidth,
                side: .text, attention: .normal(deviation: scale),
                output: .normal(deviation: residual),
                first: .normal(deviation: 1 / Double(2 * width).squareRoot()),
                second: .normal(deviation: residual))
        }
        addNorm("ln_final", width, .text)
    }

    private mutating func addBlock(
        _ name: String, width: Int, mlpWidth: Int, side: WeightTable.Side,
        attention: WeightTable.Initialisation, output: WeightTable.Initialisation,
        first: WeightTable.Initialisation, second: WeightTable.Initialisation
    ) {
        addNorm("\(name).ln_1", width, side)
        add("\(name).attn.in_proj_weight", [3 * width, width], side, attention)
        add("\(name).attn.in_proj_bias", [3 * width], side, .constant(0))
        add("\(name).attn.out_proj.weight", [width, width], side, output)
        add("\(name).attn.out_proj.bias", [width], side, .constant(0))
        addNorm("\(name).ln_2", width, side)
        add("\(name).mlp.c_fc.weight", [mlpWidth, width], side, first)
        add("\(name).mlp.c_fc.bias", [mlpWidth], side, linear(inputs: width))
        add("\(name).mlp.c_proj.weight", [width, mlpWidth], side, second)
        add("\(name).mlp.c_proj.bias", [width], side, linear(inputs: mlpWidth))
    }

    /// PyTorch's start of linear and convolution layers: uniform within 1 / sqrt(inputs).
    private func linear(inputs: Int) -> WeightTable.Initialisation {
        .uniform(bound: 1 / Double(inputs).squareRoot())
    }
}
