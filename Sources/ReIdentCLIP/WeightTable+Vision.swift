// The tensors of the convolutional image encoders and of timm's vision transformer. Names and
// initialisation after mlfoundations/open_clip, src/open_clip/modified_resnet.py, and
// huggingface/pytorch-image-models, timm/models/vision_transformer.py and convnext.py.
//
// SPDX-License-Identifier: MIT

import Foundation

extension WeightTable {
    /// Whether a tensor is counted or averaged in training and not learned.
    ///
    /// These are the statistics of a batch norm.
    public static func isStatistic(_ name: String) -> Bool {
        isCounter(name) || name.hasSuffix(".running_mean") || name.hasSuffix(".running_var")
    }

    /// Whether a tensor is a number of batches, stored as a whole number.
    public static func isCounter(_ name: String) -> Bool { name.hasSuffix(".num_batches_tracked") }

    /// Whether a tensor holds the gains that end the residual branch of a ResNet's block.
    static func isResidualGain(_ name: String) -> Bool {
        name.hasPrefix("visual.layer") && name.hasSuffix(".bn3.weight")
    }
}

/// The tensors of CLIP's modified ResNet.
struct ResNetTable {
    let sizes: ModifiedResNetConfiguration
    let embeddingDimension: Int

    private typealias Entry = WeightTable.Entry

    var entries: [WeightTable.Entry] {
        let half = sizes.width / 2
        var entries =
            convolution("visual.conv1", 3, half, size: 3) + norm("visual.bn1", half)
            + convolution("visual.conv2", half, half, size: 3) + norm("visual.bn2", half)
            + convolution("visual.conv3", half, sizes.width, size: 3)
            + norm("visual.bn3", sizes.width)
        var inputs = sizes.width
        for (stage, count) in sizes.layers.enumerated() {
            let inner = sizes.width << stage
            for block in 0..<count {
                let name = "visual.layer\(stage + 1).\(block)"
                entries += convolution("\(name).conv1", inputs, inner, size: 1)
                entries += norm("\(name).bn1", inner)
                entries += convolution("\(name).conv2", inner, inner, size: 3)
                entries += norm("\(name).bn2", inner)
                entries += convolution("\(name).conv3", inner, 4 * inner, size: 1)
                // A new block adds nothing to what passes it.
                entries += norm("\(name).bn3", 4 * inner, gain: 0)
                if block == 0 {
                    entries += convolution("\(name).downsample.0", inputs, 4 * inner, size: 1)
                    entries += norm("\(name).downsample.1", 4 * inner)
                }
                inputs = 4 * inner
            }
        }
        return entries + attentionPool
    }

    private var attentionPool: [WeightTable.Entry] {
        let width = sizes.poolWidth
        let deviation = 1 / Double(width).squareRoot()
        var entries = [
            Entry(
                name: "visual.attnpool.positional_embedding", shape: [sizes.tokenCount, width],
                side: .vision, initialisation: .normal(deviation: deviation))
        ]
        for (name, outputs) in [
            ("k_proj", width), ("q_proj", width), ("v_proj", width), ("c_proj", embeddingDimension),
        ] {
            entries.append(
                Entry(
                    name: "visual.attnpool.\(name).weight", shape: [outputs, width], side: .vision,
                    initialisation: .normal(deviation: deviation)))
            entries.append(
                Entry(
                    name: "visual.attnpool.\(name).bias", shape: [outputs], side: .vision,
                    initialisation: .uniform(bound: deviation)))
        }
        return entries
    }

    private func convolution(
        _ name: String, _ inputs: Int, _ outputs: Int, size: Int
    ) -> [WeightTable.Entry] {
        [
            Entry(
                name: "\(name).weight", shape: [outputs, inputs, size, size], side: .vision,
                initialisation: .uniform(bound: 1 / Double(inputs * size * size).squareRoot()))
        ]
    }

    private func norm(_ name: String, _ width: Int, gain: Float = 1) -> [WeightTable.Entry] {
        let values: [(String, Float)] = [
            ("weight", gain), ("bias", 0), ("running_mean", 0), ("running_var", 1),
        ]
        return values.map { part, value in
            Entry(
                name: "\(name).\(part)", shape: [width], side: .vision,
                initialisation: .constant(value))
        } + [
            Entry(
                name: "\(name).num_batches_tracked", shape: [], side: .batchCount,
                initialisation: .constant(0))
        ]
    }
}

/// The tensors of timm's encoders, without their classifiers.
struct TimmTable {
    private(set) var entries: [WeightTable.Entry] = []

    /// The spread of timm's start values.
    private static let spread = WeightTable.Initialisation.normal(deviation: 0.02)

    /// A vision transformer's.
    init(_ sizes: VisionTransformerConfiguration) {
        let width = sizes.width
        add("cls_token", [1, 1, width], .normal(deviation: 1e-6))
        add("pos_embed", [1, sizes.tokenCount, width], Self.spread)
        let inputs = 3 * sizes.patchSize * sizes.patchSize
        let patches = WeightTable.Initialisation.uniform(bound: 1 / Double(inputs).squareRoot())
        add("patch_embed.proj.weight", [width, 3, sizes.patchSize, sizes.patchSize], patches)
        add("patch_embed.proj.bias", [width], patches)
        for block in 0..<sizes.layers {
            addNorm("blocks.\(block).norm1", width)
            addLinear("blocks.\(block).attn.qkv", [3 * width, width])
            addLinear("blocks.\(block).attn.proj", [width, width])
            addNorm("blocks.\(block).norm2", width)
            addLinear("blocks.\(block).mlp.fc1", [sizes.mlpWidth, width])
            addLinear("blocks.\(block).mlp.fc2", [width, sizes.mlpWidth])
        }
        addNorm("norm", width)
    }

    /// A ConvNeXt's.
    init(_ sizes: ConvNeXtConfiguration) {
        let stem = ConvNeXtConfiguration.stemSize
        addLinear("stem.0", [sizes.widths[0], 3, stem, stem])
        addNorm("stem.1", sizes.widths[0])
        for (stage, (count, width)) in zip(sizes.layers, sizes.widths).enumerated() {
            if stage > 0 {
                addNorm("stages.\(stage).downsample.0", sizes.widths[stage - 1])
                addLinear("stages.\(stage).downsample.1", [width, sizes.widths[stage - 1], 2, 2])
            }
            let inner = width * ConvNeXtConfiguration.perceptronRatio
            for block in 0..<count {
                let name = "stages.\(stage).blocks.\(block)"
                add("\(name).gamma", [width], .constant(1e-6))
                addLinear("\(name).conv_dw", [width, 1, 7, 7])
                addNorm("\(name).norm", width)
                addLinear("\(name).mlp.fc1", [inner, width])
                addLinear("\(name).mlp.fc2", [width, inner])
            }
        }
        addNorm("head.norm", sizes.featureDimension)
    }

    private mutating func add(
        _ name: String, _ shape: [Int], _ initialisation: WeightTable.Initialisation
    ) {
        entries.append(
            WeightTable.Entry(
                name: name, shape: shape, side: .vision, initialisation: initialisation))
    }

    private mutating func addNorm(_ name: String, _ width: Int) {
        add("\(name).weight", [width], .constant(1))
        add("\(name).bias", [width], .constant(0))
    }

    private mutating func addLinear(_ name: String, _ shape: [Int]) {
        add("\(name).weight", shape, Self.spread)
        add("\(name).bias", [shape[0]], .constant(0))
    }
}

extension VisionTransformerConfiguration {
    /// A tensor's name in the family's files, by its name in open_clip's.
    func storedName(_ name: String) -> String {
        guard family == .timm else { return name }
        if let plain = Self.timmNames[name] { return plain }
        return Self.timmParts.reduce(name) { name, pair in
            name.replacingOccurrences(of: pair.ours, with: pair.theirs)
        }
    }

    private static let timmNames = [
        "visual.class_embedding": "cls_token", "visual.positional_embedding": "pos_embed",
        "visual.conv1.weight": "patch_embed.proj.weight",
        "visual.conv1.bias": "patch_embed.proj.bias",
        "visual.ln_post.weight": "norm.weight", "visual.ln_post.bias": "norm.bias",
    ]

    private static let timmParts: [(ours: String, theirs: String)] = [
        ("visual.transformer.resblocks.", "blocks."), (".ln_1.", ".norm1."), (".ln_2.", ".norm2."),
        (".attn.in_proj_", ".attn.qkv."), (".attn.out_proj.", ".attn.proj."),
        (".mlp.c_fc.", ".mlp.fc1."), (".mlp.c_proj.", ".mlp.fc2."),
    ]
}
