// How fast the engine's linear layers are at ViT-B/16's shapes, beside the fastest large product.
// The same shapes as Benchmarks/linear measures in PyTorch.
//
// SPDX-License-Identifier: MIT

public import ReIdentCLIP
import ReIdentEngine
import ReIdentFoundation

/// The rates of the linear layers in one precision, in 10⁹ floating-point operations a second.
public struct LinearBenchmark: Sendable {
    /// One layer of a transformer block.
    public struct Layer: Sendable {
        /// What it does in the block.
        public let name: String
        /// Its input width K.
        public let inputs: Int
        /// Its output width N.
        public let outputs: Int
        /// As embedding computes it: weights laid out once, no gradients.
        public let inference: Double
        /// As training computes it; nil for integers, which record no gradients.
        public let forward: Double?
        /// The two products of the gradients of input and weight; nil as above.
        public let backward: Double?
    }

    /// The number format of the products.
    public let precision: Precision
    /// M, the rows of every product: images times tokens.
    public let rows: Int
    /// The layers of a block, in the order of their use.
    public let layers: [Layer]
    /// The fastest of several large square products: what the layers can hope for.
    public let ceiling: Double

    /// Input and output widths of the layers of a block that is 768 wide.
    private static let shapes = [
        ("query-key-value", 768, 2304), ("attention output", 768, 768),
        ("first of perceptron", 768, 3072), ("second of perceptron", 3072, 768),
    ]
    private static let tokens = 197
    private static let squareSides = [1024, 2048, 3072]

    /// Measures the layers on the CPU.
    ///
    /// - Parameters:
    ///   - precision: The number format of the products.
    ///   - images: Images in a batch, of 197 tokens each.
    ///   - repeats: How many rates each median is taken of.
    /// - Returns: The rates.
    /// - Throws: `EngineError`, or `CancellationError`.
    @EngineActor
    public static func measure(
        precision: Precision, images: Int = 16, repeats: Int = 3
    ) async throws -> LinearBenchmark {
        let bench = LinearBench(
            precision: precision, watch: Stopwatch(repeats: repeats, seconds: 0.2))
        let rows = images * tokens
        var layers: [Layer] = []
        for (name, inputs, outputs) in shapes {
            let training =
                precision == .int8 ? nil : try await bench.training(rows, inputs, outputs)
            layers.append(
                Layer(
                    name: name, inputs: inputs, outputs: outputs,
                    inference: try await bench.inference(rows, inputs, outputs),
                    forward: training?.forward, backward: training?.backward))
        }
        var ceiling = 0.0
        for side in squareSides {
            ceiling = max(ceiling, try await bench.inference(side, side, side))
        }
        return LinearBenchmark(precision: precision, rows: rows, layers: layers, ceiling: ceiling)
    }
}

/// Measures single products; rates are 10⁹ operations a second.
@EngineActor
private struct LinearBench {
    let precision: Precision
    let watch: Stopwatch
    private var dtype: DType { precision.dtype }

    /// x·Wᵀ + b with a packed weight.
    func inference(_ rows: Int, _ inputs: Int, _ outputs: Int) async throws -> Double {
        let (x, weight, bias) = try operands(rows, inputs, outputs)
        let input = try x.converted(to: dtype)
        if precision == .int8 {
            let quantized = try weight.quantizedWeight()
            let seconds = try await seconds {
                _ = try withoutGradients {
                    try input.linearInt8(
                        weight: quantized.packed, scales: quantized.scales, bias: bias)
                }
            }
            return 2 * product(rows, inputs, outputs) / seconds
        }
        let packed = try weight.converted(to: dtype).packedWeight(rows: rows)
        let offset = try bias.converted(to: dtype)
        let seconds = try await seconds {
            _ = try withoutGradients { try input.linearPacked(weight: packed, bias: offset) }
        }
        return 2 * product(rows, inputs, outputs) / seconds
    }

    /// The same with gradients of x, W and b.
    ///
    /// The gradient that the backward pass starts with comes from an elementwise product and a
    /// sum, whose own time is measured apart and taken off.
    func training(
        _ rows: Int, _ inputs: Int, _ outputs: Int
    ) async throws -> (forward: Double, backward: Double) {
        let (x, weight, bias) = try operands(rows, inputs, outputs)
        let leaves = [x, weight, bias]
        for leaf in leaves { try leaf.setRequiresGradient(true) }
        let factor = try random([rows, outputs]).converted(to: dtype)
        let output = try random([rows, outputs]).converted(to: dtype)
        try output.setRequiresGradient(true)

        let forward = try await seconds {
            _ = try x.linear(weight: weight, bias: bias, computingIn: dtype)
        }
        let both = try await seconds {
            let y = try x.linear(weight: weight, bias: bias, computingIn: dtype)
            try y.multiplied(by: factor).sum().backward()
            for leaf in leaves { try leaf.clearGradient() }
        }
        let around = try await seconds {
            try output.multiplied(by: factor).sum().backward()
            try output.clearGradient()
        }
        let operations = 2 * product(rows, inputs, outputs)
        let backward = max(both - around - forward, both / 100)
        return (operations / forward, 2 * operations / backward)
    }

    private func operands(
        _ rows: Int, _ inputs: Int, _ outputs: Int
    ) throws -> (x: Tensor, weight: Tensor, bias: Tensor) {
        (try random([rows, inputs]), try random([outputs, inputs]), try random([outputs]))
    }

    private func random(_ shape: [Int]) throws -> Tensor {
        var generator = SeededGenerator(seed: 1)
        let values = (0..<shape.reduce(1, *)).map { _ in Float(generator.uniform() - 0.5) }
        return try Tensor.floats(values, shape: shape)
    }

    private func product(_ rows: Int, _ inputs: Int, _ outputs: Int) -> Double {
        Double(rows) * Double(inputs) * Double(outputs) / 1e9
    }

    private func seconds(_ work: () throws -> Void) async throws -> Double {
        1 / median(try await watch.rates(work))
    }
}
