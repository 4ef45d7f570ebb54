// The layers of CLIP's transformers: linear, layer norm, perceptron and residual block, each in
// two forms: trainable (records gradients, weights in fp32) and packed (weights laid out once for
// the processor's product, what follows the product done inside it; in int8 with their scales).
//
// Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine

/// How the layers of an encoder are held.
public enum LayerForm: Sendable, Equatable {
    /// Weights in fp32 that record gradients; products in the precision.
    case trainable(Precision)
    /// Weights packed for products over about this many rows at a time.
    case packed(Precision, rows: Int)

    /// The number format of the products.
    public var precision: Precision {
        switch self {
        case .trainable(let precision), .packed(let precision, _): precision
        }
    }

    /// The same without 8-bit integers, for layers that are few or that results hang on.
    var unquantized: LayerForm {
        if case .packed(.int8, let rows) = self { return .packed(.bf16, rows: rows) }
        return self
    }
}

/// x·Wᵀ + b.
struct LinearLayer {
    let weight: Tensor  // [N, K]; of unknown layout once packed
    let bias: Tensor?  // [N]
    let form: LayerForm
    private let scales: Tensor?  // [2, N], in int8

    /// Lays the weights out as the form wants them.
    init(weight: Tensor, bias: Tensor?, form: LayerForm) throws(EngineError) {
        switch form {
        case .trainable:
            self.weight = weight
            self.bias = bias
            scales = nil
        case .packed(.int8, _):
            let quantized = try weight.quantizedWeight()
            self.weight = quantized.packed
            self.bias = try bias?.converted(to: .float32)
            scales = quantized.scales
        case .packed(let precision, let rows):
            self.weight = try weight.converted(to: precision.dtype).packedWeight(rows: rows)
            self.bias = try bias?.converted(to: precision.dtype)
            scales = nil
        }
        self.form = form
    }

    /// `[…, K] → […, N]`, plus the residual if there is one.
    func callAsFunction(
        _ x: Tensor, activation: FusedActivation = .none, residual: Tensor? = nil
    ) throws(EngineError) -> Tensor {
        switch form {
        case .packed:
            if let scales {
                return try x.linearInt8(
                    weight: weight, scales: scales, bias: bias, activation: activation,
                    residual: residual)
            }
            return try x.linearPacked(
                weight: weight, bias: bias, activation: activation, residual: residual)
        case .trainable(let precision):
            precondition(activation == .none, "an activation is fused into packed products only")
            return try x.linear(  // the residual stays in fp32
                weight: weight, bias: bias, residual: residual, computingIn: precision.dtype)
        }
    }

    /// Some of the outputs of a trainable layer, `[…, K] → […, outputs.count]`.
    func callAsFunction(_ x: Tensor, outputs: Range<Int>) throws(EngineError) -> Tensor {
        guard case .trainable(let precision) = form else {
            preconditionFailure("packed weights cannot be cut")
        }
        return try x.linear(
            weight: weight.narrowed(dimension: 0, to: outputs),
            bias: bias?.narrowed(dimension: 0, to: outputs), computingIn: precision.dtype)
    }
}

/// Layer norm, with CLIP's ε of 1e-5 unless another is given.
struct LayerNormLayer {
    let weight: Tensor  // [E]
    let bias: Tensor  // [E]
    let epsilon: Double
    private let result: DType?  // of another type than the input

    /// A trainable norm in front of a product gives what the product computes in.
    init(
        weight: Tensor, bias: Tensor, form: LayerForm, epsilon: Double = 1e-5,
        feedsProduct: Bool = false
    ) throws(EngineError) {
        self.epsilon = epsilon
        if feedsProduct, case .trainable(let precision) = form {
            result = precision.dtype
        } else {
            result = nil
        }
        if case .packed(let precision, _) = form {
            self.weight = try weight.converted(to: precision.dtype)
            self.bias = try bias.converted(to: precision.dtype)
        } else {
            self.weight = weight
            self.bias = bias
        }
    }

    func callAsFunction(_ x: Tensor) throws(EngineError) -> Tensor {
        try x.layerNorm(weight: weight, bias: bias, epsilon: epsilon, as: result)
    }
}

/// The two linear layers of a block with the activation between.
struct Perceptron {
    private let first: LinearLayer
    private let second: LinearLayer
    private let activation: Activation

    /// Slope of QuickGELU, x·sigmoid(1.702 x).
    private static let quickGELUSlope = 1.702

    init(
        first: (weight: Tensor, bias: Tensor), second: (weight: Tensor, bias: Tensor),
        activation: Activation, form: LayerForm
    ) throws(EngineError) {
        self.activation = activation
        var (first, second) = (first, second)
        if case .packed = form, activation == .quickGELU {
            // Products fuse x·sigmoid(x) only. With s = 1.702, x·sigmoid(s·x) = swish(s·x)/s, so
            // s goes into the first layer and 1/s into the second one's weights.
            let slope = Self.quickGELUSlope
            first = (try first.weight.scaled(by: slope), try first.bias.scaled(by: slope))
            second.weight = try second.weight.scaled(by: 1 / slope)
        }
        self.first = try LinearLayer(weight: first.weight, bias: first.bias, form: form)
        self.second = try LinearLayer(weight: second.weight, bias: second.bias, form: form)
    }

    /// `[…, E] → […, E]`, added to the residual.
    func callAsFunction(_ x: Tensor, residual: Tensor) throws(EngineError) -> Tensor {
        let hidden: Tensor
        switch (first.form, activation) {
        case (.packed, .quickGELU): hidden = try first(x, activation: .swish)
        case (.packed, .gelu): hidden = try first(x, activation: .gelu)
        case (.trainable(let precision), .quickGELU):
            guard let firstBias = first.bias, let secondBias = second.bias else {
                preconditionFailure("a perceptron has biases")
            }
            return try x.perceptron(
                first: (first.weight, firstBias), second: (second.weight, secondBias),
                residual: residual, computingIn: precision.dtype)
        case (.trainable, .gelu): hidden = try first(x).gelu()
        }
        return try second(hidden, residual: residual)
    }
}

/// One residual block: x + attention(norm(x)), then x + perceptron(norm(x)).
struct TransformerBlock {
    private let attentionNorm: LayerNormLayer
    /// What undoes `ChannelBalance` in the norm's result, `[E]`; nil where there is none.
    private let attentionNormFactors: Tensor?
    private let queryKeyValue: LinearLayer
    private let attentionOutput: LinearLayer
    private let perceptronNorm: LayerNormLayer
    private let perceptron: Perceptron
    private let heads: Int
    private let isCausal: Bool
    /// The parts of `queryKeyValue` of a packed last block, whose weights cannot be cut.
    private let parts: (queries: LinearLayer, keysAndValues: LinearLayer)?

    /// Takes the block's tensors by open_clip's names; in a causal block no token looks at those
    /// behind it, and of the last one only the first tokens may be wanted.
    init(
        _ prefix: String, from tensors: borrowing WeightTensors, heads: Int,
        activation: Activation, form: LayerForm, epsilon: Double = 1e-5, isCausal: Bool = false,
        isLast: Bool = false
    ) throws {
        self.heads = heads
        self.isCausal = isCausal
        func taken(
            _ norm: String, _ linear: String
        ) throws -> (norm: LayerNormLayer, weight: Tensor, factors: Tensor?) {
            var gain = try tensors["\(prefix).\(norm).weight"]
            var shift = try tensors["\(prefix).\(norm).bias"]
            var weight = try tensors["\(prefix).\(linear)"]
            var factors: Tensor?
            if case .packed(.int8, _) = form {
                let balance = try ChannelBalance(gain: gain, shift: shift, weight: weight)
                (gain, shift, weight) = (balance.gain, balance.shift, balance.weight)
                factors = try balance.factors.converted(to: form.precision.dtype)
            }
            let layer = try LayerNormLayer(
                weight: gain, bias: shift, form: form, epsilon: epsilon, feedsProduct: true)
            return (layer, weight, factors)
        }
        let attention = try taken("ln_1", "attn.in_proj_weight")
        let bias = try tensors["\(prefix).attn.in_proj_bias"]
        attentionNorm = attention.norm
        attentionNormFactors = attention.factors
        queryKeyValue = try LinearLayer(weight: attention.weight, bias: bias, form: form)
        if isLast, case .packed = form {
            let width = attention.weight.shape[1]
            func part(_ outputs: Range<Int>) throws -> LinearLayer {
                try LinearLayer(
                    weight: attention.weight.narrowed(dimension: 0, to: outputs),
                    bias: bias.narrowed(dimension: 0, to: outputs), form: form)
            }
            parts = (try part(0..<width), try part(width..<3 * width))
        } else {
            parts = nil
        }
        attentionOutput = try LinearLayer(
            weight: tensors["\(prefix).attn.out_proj.weight"],
            bias: tensors["\(prefix).attn.out_proj.bias"], form: form)
        let hidden = try taken("ln_2", "mlp.c_fc.weight")
        perceptronNorm = hidden.norm
        perceptron = try Perceptron(
            first: (hidden.weight, tensors["\(prefix).mlp.c_fc.bias"]),
            second: (
                tensors["\(prefix).mlp.c_proj.weight"], tensors["\(prefix).mlp.c_proj.bias"]
            ),
            activation: activation, form: form)
    }

    /// `[N, T, E] → [N, T, E]`; `observe` is shown `norm`, what the first layer norm gives, and
    /// `qkv`, the queries, keys and values, `[N, T, 3E]`.
    func callAsFunction(
        _ x: Tensor, observe: StageObserver? = nil
    ) throws(EngineError) -> Tensor {
        let joined = try joined(x, observe: observe)
        let mixed = try joined.attention(heads: heads, isCausal: isCausal)  // [N, T, E]
        return try finished(mixed, residual: x)
    }

    /// `[1, T, E] → [1, T, E]` over tokens of several images, one behind the other; those of an
    /// image attend to one another alone.
    func callAsFunction(
        _ x: Tensor, groups: [ContentTokens.Group], observe: StageObserver? = nil
    ) throws(EngineError) -> Tensor {
        let joined = try joined(x, observe: observe)  // [1, T, 3E]
        let counts = groups.flatMap { Array(repeating: $0.tokens, count: $0.images) }
        let mixed = try joined.attention(heads: heads, withinTokens: counts)
        return try finished(mixed, residual: x)
    }

    /// What the last block, without mask, makes of the first token of each image alone,
    /// `[N, T, E] → [N, 1, E]`: it looks at all tokens, and the others' results are not computed.
    func firstTokens(_ x: Tensor) throws(EngineError) -> Tensor {
        let normalized = try attentionNorm(x)  // [N, T, E]
        let mixed = try attention(
            of: normalized.narrowed(dimension: 1, to: 0..<1), over: normalized,
            groups: [ContentTokens.Group(images: x.shape[0], tokens: x.shape[1])])
        return try finished(mixed, residual: x.narrowed(dimension: 1, to: 0..<1))
    }

    /// The same over tokens of several images, one behind the other, `[1, T, E] → [1, N, E]`;
    /// `places` are those of the first tokens, in the groups' order.
    func firstTokens(
        _ x: Tensor, groups: [ContentTokens.Group], places: Tensor
    ) throws(EngineError) -> Tensor {
        let (total, count, width) = (x.shape[1], places.shape[0], x.shape[2])
        func first(_ tokens: Tensor) throws(EngineError) -> Tensor {
            try tokens.reshaped([total, width]).rows(at: places).reshaped([1, count, width])
        }
        let normalized = try attentionNorm(x)  // [1, T, E]
        let mixed = try attention(of: first(normalized), over: normalized, groups: groups)
        return try finished(mixed, residual: first(x))
    }

    /// Attention of the groups' first tokens, one an image, over all tokens of their images.
    private func attention(
        of first: Tensor, over normalized: Tensor, groups: [ContentTokens.Group]
    ) throws(EngineError) -> Tensor {
        precondition(!isCausal, "the first token of a causal block sees no other")
        let width = first.shape[2]
        let count = first.count / width
        let (queries, others): (Tensor, Tensor)
        if let parts {
            queries = try parts.queries(first)
            others = try parts.keysAndValues(normalized)
        } else {
            queries = try queryKeyValue(first, outputs: 0..<width)
            others = try queryKeyValue(normalized, outputs: width..<3 * width)
        }
        let asked = try queries.reshaped([count, 1, width])
        let told = try others.reshaped([normalized.count / width, 2 * width])
        var (results, image, token) = ([Tensor](), 0, 0)
        for group in groups {
            let own = try told.narrowed(
                dimension: 0, to: token..<token + group.images * group.tokens
            ).reshaped([group.images, group.tokens, 2 * width])
            results.append(
                try asked.narrowed(dimension: 0, to: image..<image + group.images).attention(
                    keys: own.narrowed(dimension: 2, to: 0..<width),
                    values: own.narrowed(dimension: 2, to: width..<2 * width), heads: heads))
            image += group.images
            token += group.images * group.tokens
        }
        let mixed =
            results.count == 1 ? results[0] : try Tensor.concatenated(results, dimension: 0)
        return try mixed.reshaped(first.shape)
    }

    /// Queries, keys and values side by side, `[.., T, E] → [.., T, 3E]`.
    private func joined(_ x: Tensor, observe: StageObserver?) throws(EngineError) -> Tensor {
        let normalized = try attentionNorm(x)
        if let observe {
            observe(
                "norm",
                try attentionNormFactors.map { (factors) throws(EngineError) in
                    try normalized.multiplied(by: factors)
                } ?? normalized)
        }
        let joined = try queryKeyValue(normalized)
        observe?("qkv", joined)
        return joined
    }

    /// What follows attention.
    private func finished(_ mixed: Tensor, residual x: Tensor) throws(EngineError) -> Tensor {
        let attended = try attentionOutput(mixed, residual: x)  // [N, T, E]
        return try perceptron(perceptronNorm(attended), residual: attended)  // [N, T, E]
    }
}
