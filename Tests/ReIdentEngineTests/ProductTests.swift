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
    /// 48 of a tile, sizes that are no multiples of registers.
    nonisolated static let shapes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (512, 32, 16), (513, 96, 48), (519, 64, 80), (520, 160, 112), (2_049, 32, 64),
        (4_101, 32, 16), (511, 64, 48), (600, 48, 16), (600, 20, 7),
    ]

    /// What a layer gives and its gradients of input, weight and bias.
    func passes(
        _ shape: (rows: Int, inputs: Int, outputs: Int), weights: DType, in dtype: DType
    ) throws -> [[Float]] {
        func whole(_ shape: [Int], _ dtype: DType, seed: UInt64) throws -> Tensor {
            let numbers = seededFloats(shape.reduce(1, *), seed: seed).map { ($0 * 1.4).rounded() }
            return try Tensor.floats(numbers, shape: shape).converted(to: dtype)
        }
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

    @Test("a row that holds no number touches no other row's result or gradient")
    func keepsNaN() throws {
        let (rows, width, outputs) = (530, 64, 48)
        var numbers = seededFloats(rows * width, seed: 1)
        numbers[3 * width + 5] = .nan
        let x = try Tensor.floats(numbers, shape: [rows, width]).converted(to: .bfloat16)
        let weight = try Tensor.floats(
            seededFloats(outputs * width, seed: 2), shape: [outputs, width])
        try x.setRequiresGradient(true)
        let y = try x.linear(weight: weight, bias: nil, computingIn: .bfloat16)
        let isNone = try y.floatValues().map(\.isNaN)
        #expect(isNone == (0..<rows * outputs).map { $0 / outputs == 3 })
        try y.sum().backward()
        let gradient = try #require(try x.gradient()).floatValues()
        #expect(gradient.allSatisfy { $0.isFinite })
    }
}
