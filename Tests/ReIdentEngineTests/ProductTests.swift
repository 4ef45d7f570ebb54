// A linear layer's three products in bf16 beside those in fp32, which other routines compute: small
// whole numbers, of which both are exact.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine
import ReIdentTestSupport
import Testing

@EngineActor
@Suite("Products", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct ProductTests {
    /// Rows around the eight of a tile and beyond one block of rows, outputs and inputs around the
    /// 48 of a tile, more of either than a thread takes at once, sizes that are no multiples of
    /// registers.
    nonisolated static let shapes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (512, 32, 16), (513, 96, 48), (519, 64, 80), (520, 160, 112), (2_049, 32, 64),
        (4_101, 32, 16), (600, 2_048, 16), (2_049, 32, 512), (511, 64, 48), (600, 48, 16),
        (600, 20, 7),
    ]

    /// Numbers -1, 0 and 1.
    func whole(_ shape: [Int], _ dtype: DType = .float32, seed: UInt64) throws -> Tensor {
        let numbers = seededFloats(shape.reduce(1, *), seed: seed).map { ($0 * 1.4).rounded() }
        return try Tensor.floats(numbers, shape: shape).converted(to: dtype)
    }

    /// What a layer gives and its gradients of input, weight and bias.
    func passes(
        _ shape: (rows: Int, inputs: Int, outputs: Int), weights: DType, in dtype: DType
    ) throws -> [[Float]] {
        let x = try whole([shape.rows, shape.inputs], dtype, seed: 1)
        let weight = try whole([shape.outputs, shape.inputs], weights, seed: 2)
        let bias = try whole([shape.outputs], .float32, seed: 3)
        for tensor in [x, weight, bias] { try tensor.setRequiresGradient(true) }
        let y = try x.linear(weight: weight, bias: bias, computingIn: dtype)
        let upstream = try whole([shape.rows, shape.outputs], dtype, seed: 4)
        try y.multiplied(by: upstream).sum().backward()
        let gradients = try [x, weight, bias].map { try #require(try $0.gradient()) }
        return try ([y] + gradients).map { try $0.floatValues() }
    }

    @Test("products in bf16 are exact where fp32's are", arguments: shapes)
    func areExact(shape: (rows: Int, inputs: Int, outputs: Int)) throws {
        let expected = try passes(shape, weights: .float32, in: .float32)
        for weights in [DType.float32, .bfloat16] {
            let found = try passes(shape, weights: weights, in: .bfloat16)
            for (part, name) in ["result", "input", "weight", "bias"].enumerated() {
                // Sums beyond 256 are rounded where they leave in bf16.
                let largest = expected[part].map(abs).max() ?? 0
                #expect(largest <= 256, "\(name): the numbers are not small")
                #expect(found[part] == expected[part], "\(name), weights in \(weights)")
            }
        }
    }

    @Test("so they are without bias, with a residual, and of an input that needs no gradient")
    func withResidual() throws {
        let (rows, inputs, outputs) = (523, 64, 80)
        func passes(in dtype: DType) throws -> [[Float]] {
            let x = try whole([rows, inputs], seed: 1)
            let weight = try whole([outputs, inputs], seed: 2)
            let rest = try whole([rows, outputs], seed: 3)
            for tensor in [weight, rest] { try tensor.setRequiresGradient(true) }
            let y = try x.linear(weight: weight, bias: nil, residual: rest, computingIn: dtype)
            try y.multiplied(by: whole([rows, outputs], seed: 4)).sum().backward()
            let gradients = try [weight, rest].map { try #require(try $0.gradient()) }
            return try ([y] + gradients).map { try $0.floatValues() }
        }
        #expect(try passes(in: .bfloat16) == passes(in: .float32))
    }

    @Test("a number that is none reaches its row's results and its column's gradient alone")
    func keepsNaN() throws {
        let (rows, width, outputs) = (530, 64, 48)
        var numbers = seededFloats(rows * width, seed: 1)
        numbers[(rows - 1) * width + 5] = .nan
        let x = try Tensor.floats(numbers, shape: [rows, width]).converted(to: .bfloat16)
        let weight = try Tensor.floats(
            seededFloats(outputs * width, seed: 2), shape: [outputs, width])
        for tensor in [x, weight] { try tensor.setRequiresGradient(true) }
        let y = try x.linear(weight: weight, bias: nil, computingIn: .bfloat16)
        let isNone = try y.floatValues().map(\.isNaN)
        #expect(isNone == (0..<rows * outputs).map { $0 / outputs == rows - 1 })
        try y.multiplied(by: .floats(seededFloats(rows * outputs, seed: 3), shape: y.shape))
            .sum().backward()
        let input = try #require(try x.gradient()).floatValues()
        #expect(input.allSatisfy { $0.isFinite })
        let factors = try #require(try weight.gradient()).floatValues()
        #expect(factors.map(\.isNaN) == factors.indices.map { $0 % width == 5 })
    }
}
