// The perceptron of a block beside the layers it is made of: in bf16 and from 512 rows on it is one
// layer with products of its own, whose results must be those of the three layers in fp32.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine
import ReIdentTestSupport
import Testing

@EngineActor
@Suite("Perceptron", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct PerceptronTests {
    /// Rows around the eight of a tile and beyond one block of rows, sizes around the 48 of a
    /// tile; the last ones are too few rows and widths that the own products do not take.
    nonisolated static let shapes: [(rows: Int, inputs: Int, hidden: Int, outputs: Int)] = [
        (512, 32, 64, 32), (519, 64, 96, 80), (2_051, 32, 160, 48), (600, 96, 608, 96),
        (511, 32, 64, 32), (520, 32, 48, 32), (520, 20, 40, 12),
    ]
    nonisolated static let names = [
        "result", "input", "first weight", "first bias", "second weight", "second bias",
        "residual",
    ]

    /// What the perceptron, or the layers it is made of, gives, and its six gradients.
    func passes(
        _ shape: (rows: Int, inputs: Int, hidden: Int, outputs: Int), in dtype: DType,
        weights: DType = .float32, isPlain: Bool = false, spoilt: Int? = nil
    ) throws -> [[Float]] {
        let (rows, inputs, hidden, outputs) = shape
        func leaf(_ shape: [Int], scale: Float, seed: UInt64, _ dtype: DType) throws -> Tensor {
            var numbers = seededFloats(shape.reduce(1, *), seed: seed).map { $0 * scale }
            if seed == 1, let spoilt { numbers[spoilt] = .nan }
            let tensor = try Tensor.floats(numbers, shape: shape).converted(to: dtype)
            try tensor.setRequiresGradient(true)
            return tensor
        }
        // The activation's inputs are within about ±5, where it is neither 0 nor x.
        let deep = 3 / Float(inputs).squareRoot(), wide = 2 / Float(hidden).squareRoot()
        let x = try leaf([rows, inputs], scale: 1, seed: 1, dtype)
        let first = try leaf([hidden, inputs], scale: deep, seed: 2, weights)
        let firstBias = try leaf([hidden], scale: 1, seed: 3, .float32)
        let second = try leaf([outputs, hidden], scale: wide, seed: 4, weights)
        let secondBias = try leaf([outputs], scale: 1, seed: 5, .float32)
        let rest = try leaf([rows, outputs], scale: 1, seed: 6, .float32)
        let y: Tensor
        if isPlain {
            y = try x.linear(weight: first, bias: nil, computingIn: dtype)
                .quickGELU(adding: firstBias)
                .linear(weight: second, bias: secondBias, residual: rest, computingIn: dtype)
        } else {
            y = try x.perceptron(
                first: (first, firstBias), second: (second, secondBias), residual: rest,
                computingIn: dtype)
        }
        let upstream = try Tensor.floats(
            seededFloats(rows * outputs, seed: 7), shape: [rows, outputs])
        try y.multiplied(by: upstream).sum().backward()
        let gradients = try [x, first, firstBias, second, secondBias, rest].map {
            try #require(try $0.gradient())
        }
        return try ([y] + gradients).map { try $0.floatValues() }
    }

    @Test("it is what its layers are", arguments: shapes)
    func isItsLayers(
        shape: (rows: Int, inputs: Int, hidden: Int, outputs: Int)
    ) throws {
        let expected = try passes(shape, in: .float32, isPlain: true)
        for (dtype, weights, share) in [
            (DType.float32, DType.float32, Float(1e-5)), (.bfloat16, .float32, 0.02),
            (.bfloat16, .bfloat16, 0.02),
        ] {
            let found = try passes(shape, in: dtype, weights: weights)
            for (part, name) in Self.names.enumerated() {
                let largest = expected[part].map(abs).max() ?? 0
                let isNear = zip(found[part], expected[part]).allSatisfy {
                    abs($0 - $1) <= share * largest  // nothing that is no number
                }
                #expect(
                    found[part].count == expected[part].count && isNear,
                    "\(name) in \(dtype), weights in \(weights)")
            }
        }
    }

    @Test("a number that is none reaches its row alone")
    func keepsNaN() throws {
        let shape = (rows: 523, inputs: 32, hidden: 64, outputs: 48)
        let found = try passes(shape, in: .bfloat16, spoilt: 522 * 32 + 3)
        for (part, width) in [(0, 48), (1, 32)] {
            #expect(found[part].dropLast(width).allSatisfy { !$0.isNaN }, "\(Self.names[part])")
            #expect(found[part].suffix(width).allSatisfy { $0.isNaN }, "\(Self.names[part])")
        }
    }

    @Test("of more dimensions, views and fp32, types are kept, and nothing unwanted is computed")
    func keepsTypes() throws {
        func numbers(_ shape: [Int], _ seed: UInt64, _ dtype: DType = .float32) throws -> Tensor {
            try Tensor.floats(seededFloats(shape.reduce(1, *), seed: seed), shape: shape)
                .converted(to: dtype)
        }
        let x = try numbers([2, 260, 64], 1).narrowed(dimension: 2, to: 16..<48)
        let first = (
            weight: try numbers([64, 32], 2, .bfloat16), bias: try numbers([64], 3)
        )
        let second = (
            weight: try numbers([32, 64], 4), bias: try numbers([32], 5, .bfloat16)
        )
        let rest = try numbers([2, 260, 40], 6).narrowed(dimension: 2, to: 4..<36)
        let trained = [first.weight, first.bias, second.weight, second.bias]
        for tensor in trained { try tensor.setRequiresGradient(true) }
        func result(_ dtype: DType) throws -> Tensor {
            try x.perceptron(first: first, second: second, residual: rest, computingIn: dtype)
        }
        let y = try result(.bfloat16)
        #expect(y.shape == [2, 260, 32] && y.dtype == .float32)
        try y.sum().backward()
        let found = try trained.map { try #require(try $0.gradient()) }
        #expect(found.map(\.dtype) == trained.map(\.dtype))
        #expect(try x.gradient() == nil && rest.gradient() == nil)
        for tensor in trained { try tensor.clearGradient() }
        let expected = try result(.float32)
        try expected.sum().backward()
        let gradients = try trained.map { try #require(try $0.gradient()) }
        for (one, other) in zip([y] + found, [expected] + gradients) {
            let (values, others) = (try one.floatValues(), try other.floatValues())
            let largest = others.map(abs).max() ?? 0
            #expect(zip(values, others).allSatisfy { abs($0 - $1) <= 0.02 * largest })
        }
    }

    @Test("shapes that do not go together are refused")
    func refusesShapes() throws {
        func zeros(_ shape: Int...) throws -> Tensor {
            try .floats([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape)
        }
        // As many rows as the own products take, which look at no sizes.
        let x = try zeros(512, 32)
        let first = (weight: try zeros(64, 32), bias: try zeros(64))
        let second = (weight: try zeros(32, 64), bias: try zeros(32))
        let rest = try zeros(512, 32)
        typealias Layer = (weight: Tensor, bias: Tensor)
        func run(_ first: Layer, _ second: Layer, _ rest: Tensor) throws {
            _ = try x.perceptron(
                first: first, second: second, residual: rest, computingIn: .bfloat16)
        }
        try run(first, second, rest)
        let wrong: [(first: Layer, second: Layer, rest: Tensor)] = [
            ((try zeros(64, 64), first.bias), second, rest),
            ((first.weight, try zeros(48)), second, rest),
            (first, (try zeros(32, 32), second.bias), rest),
            (first, (second.weight, try zeros(16)), rest),
            (first, second, try zeros(511, 32)), (first, second, try zeros(512, 16)),
            (first, second, try zeros(2, 256, 32)),
        ]
        for layers in wrong {
            #expect(throws: EngineError.self) {
                try run(layers.first, layers.second, layers.rest)
            }
        }
    }
}
