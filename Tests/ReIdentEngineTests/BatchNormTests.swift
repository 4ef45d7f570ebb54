// The own kernels of batch norms in training: as exact as double precision allows, with gradients
// that are the slopes of what they compute.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@EngineActor
@Suite("Batch norm in training", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct BatchNormTests {
    // More rows than one block of the kernel's sums has are in the other test.
    private nonisolated static let shape = [3, 5, 7, 9]
    private nonisolated static let epsilon = 1e-5

    /// What the layer is given; values far from 0 show lost digits.
    private struct Inputs {
        var x: [Float]
        var gain: [Float]
        var bias: [Float]
        var residual: [Float]

        init(shape: [Int], offset: Float) {
            var generator = SeededGenerator(seed: 4)
            func values(_ count: Int) -> [Float] {
                (0..<count).map { _ in Float(generator.uniform() * 2 - 1) }
            }
            let count = shape.reduce(1, *)
            x = values(count).map { $0 + offset }
            gain = values(shape[1]).map { $0 + 1.5 }
            bias = values(shape[1])
            residual = values(count)
        }

        /// max(0, (x - mean) / √(variance + ε) · gain + bias + residual) in double precision.
        func expected(_ shape: [Int]) -> [Double] {
            let (channels, places) = (shape[1], shape[2] * shape[3])
            var result = [Double](repeating: 0, count: x.count)
            for channel in 0..<channels {
                let own = (0..<shape[0]).flatMap { image in
                    (0..<places).map { (image * channels + channel) * places + $0 }
                }
                let values = own.map { Double(x[$0]) }
                let mean = values.reduce(0, +) / Double(values.count)
                let variance =
                    values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
                let factor = Double(gain[channel]) / (variance + epsilon).squareRoot()
                for (place, value) in zip(own, values) {
                    let y = (value - mean) * factor + Double(bias[channel])
                    result[place] = max(0, y + Double(residual[place]))
                }
            }
            return result
        }
    }

    @EngineActor
    private struct Layer {
        let x: Tensor
        let gain: Tensor
        let bias: Tensor
        let residual: Tensor
        let mean: Tensor
        let variance: Tensor

        init(_ inputs: Inputs, shape: [Int]) throws {
            let channels = [shape[1]]
            x = try Tensor.floats(inputs.x, shape: shape, device: .cpu)
            gain = try Tensor.floats(inputs.gain, shape: channels, device: .cpu)
            bias = try Tensor.floats(inputs.bias, shape: channels, device: .cpu)
            residual = try Tensor.floats(inputs.residual, shape: shape, device: .cpu)
            mean = try Tensor.floats(
                [Float](repeating: 0, count: shape[1]), shape: channels, device: .cpu)
            variance = try Tensor.floats(
                [Float](repeating: 1, count: shape[1]), shape: channels, device: .cpu)
        }

        func callAsFunction() throws -> Tensor {
            try x.batchNorm(
                weight: gain, bias: bias, mean: mean, variance: variance, usesBatch: true,
                epsilon: BatchNormTests.epsilon, residual: residual, isRectified: true)
        }
    }

    @Test(
        "is what double precision gives, also where values lie far from 0 and in many blocks",
        arguments: zip([shape, shape, [2, 3, 40, 40]], [0, 300, 20] as [Float]))
    func values(shape: [Int], offset: Float) throws {
        let inputs = Inputs(shape: shape, offset: offset)
        let layer = try Layer(inputs, shape: shape)
        let found = try layer().floatValues()
        let expected = inputs.expected(shape)
        // Rounding of the means themselves, relative to the spread of about 0.6.
        let limit = 1e-6 + Double(offset) * 4e-7
        #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < limit })
        #expect(found.contains(0) && found.contains { $0 > 0 })
        // A tenth of the way from 0 and 1.
        let mean = try layer.mean.floatValues()
        #expect(mean.allSatisfy { abs($0 - offset / 10) < 0.02 + offset * 1e-6 })
        #expect(try layer.variance.floatValues().allSatisfy { abs($0 - 0.9333) < 0.02 })
    }

    @Test("has the gradients that small changes of its inputs have")
    func gradients() throws {
        let shape = Self.shape
        let inputs = Inputs(shape: shape, offset: 0.5)
        var generator = SeededGenerator(seed: 9)
        let weights = (0..<inputs.x.count).map { _ in Float(generator.uniform() * 2 - 1) }
        let layer = try Layer(inputs, shape: shape)
        let leaves = [layer.x, layer.gain, layer.bias, layer.residual]
        for leaf in leaves { try leaf.setRequiresGradient(true) }
        let factors = try Tensor.floats(weights, shape: shape, device: .cpu)
        try layer().multiplied(by: factors).sum().backward()

        func loss(_ change: (inout Inputs) -> Void) -> Double {
            var changed = inputs
            change(&changed)
            return zip(changed.expected(shape), weights).reduce(0) { $0 + $1.0 * Double($1.1) }
        }
        let parts: [WritableKeyPath<Inputs, [Float]>] = [\.x, \.gain, \.bias, \.residual]
        for (leaf, part) in zip(leaves, parts) {
            let found = try #require(try leaf.gradient()).floatValues()
            for place in stride(from: 0, to: found.count, by: max(1, found.count / 40)) {
                let step: Float = 1e-3
                let up = loss { $0[keyPath: part][place] += step }
                let down = loss { $0[keyPath: part][place] -= step }
                let slope = (up - down) / Double(2 * step)
                // A step may cross the corner of max(0, y) in a few places.
                #expect(abs(Double(found[place]) - slope) < 0.02 + 0.01 * abs(slope))
            }
        }
    }

    @Test("in bfloat16 is what fp32 gives to the rounding of one, gradients, too")
    func brainFloats() throws {
        let shape = [2, 6, 20, 20]
        var inputs = Inputs(shape: shape, offset: 0.5)
        func rounded(_ values: [Float], _ shape: [Int]) throws -> [Float] {
            try Tensor.floats(values, shape: shape, device: .cpu).converted(to: .bfloat16)
                .converted(to: .float32).floatValues()
        }
        inputs.x = try rounded(inputs.x, shape)
        inputs.residual = try rounded(inputs.residual, shape)
        var generator = SeededGenerator(seed: 9)
        let weights = try rounded(
            (0..<inputs.x.count).map { _ in Float(generator.uniform() * 2 - 1) }, shape)

        func run(_ type: DType) throws -> (y: [Float], slopes: [[Float]], means: [Float]) {
            let layer = try Layer(inputs, shape: shape)
            let leaves = [layer.x, layer.gain, layer.bias, layer.residual]
            for leaf in leaves { try leaf.setRequiresGradient(true) }
            let y = try layer.x.converted(to: type).batchNorm(
                weight: layer.gain, bias: layer.bias, mean: layer.mean, variance: layer.variance,
                usesBatch: true, epsilon: Self.epsilon,
                residual: layer.residual.converted(to: type), isRectified: true)
            let factors = try Tensor.floats(weights, shape: shape, device: .cpu)
            try y.multiplied(by: factors.converted(to: type)).converted(to: .float32).sum()
                .backward()
            return (
                try y.converted(to: .float32).floatValues(),
                try leaves.map { try #require(try $0.gradient()).floatValues() },
                try layer.mean.floatValues() + layer.variance.floatValues()
            )
        }
        let (exact, half) = (try run(.float32), try run(.bfloat16))
        // A bfloat16 has 8 bits: results are off by half of the last one.
        #expect(zip(exact.y, half.y).allSatisfy { abs($0 - $1) <= 0.005 * max(0.1, abs($0)) })
        #expect(exact.y != half.y)
        for (wanted, found) in zip(exact.slopes, half.slopes) {
            let scale = wanted.reduce(0) { max($0, abs($1)) }
            #expect(zip(wanted, found).allSatisfy { abs($0 - $1) < 0.01 * scale })
        }
        #expect(zip(exact.means, half.means).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test("what is not a number stays none in bfloat16, too")
    func notNumbers() throws {
        let y = try Tensor.floats([1, .nan, 2, 3], shape: [1, 1, 2, 2], device: .cpu)
            .converted(to: .bfloat16)
            .batchNorm(
                weight: Tensor.floats([1], shape: [1], device: .cpu),
                bias: Tensor.floats([0], shape: [1], device: .cpu),
                mean: Tensor.floats([0], shape: [1], device: .cpu),
                variance: Tensor.floats([1], shape: [1], device: .cpu), usesBatch: true,
                epsilon: Self.epsilon, residual: nil, isRectified: false
            )
            .converted(to: .float32).floatValues()
        #expect(y.allSatisfy { $0.isNaN })
    }
}
