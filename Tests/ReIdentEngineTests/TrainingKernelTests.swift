// The engine's own kernels between products against sums in double precision: activation, layer
// norm, and what a linear layer does beside its product; in fp32 and bf16, of odd sizes.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentTestSupport
import Testing

@EngineActor
@Suite("Training kernels", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct TrainingKernelTests {
    nonisolated static let types: [DType] = [.float32, .bfloat16]

    func tolerance(_ dtype: DType) -> Float {
        dtype == .float32 ? Tolerance.singleOperation : Tolerance.bfloat16Operation
    }

    /// Whether numbers are as expected, within the tolerance for numbers near 1 and relative to
    /// larger ones.
    func agrees(_ found: [Float], _ expected: [Double], _ tolerance: Float) -> Bool {
        let largest = expected.reduce(1) { max($0, abs($1)) }
        return found.count == expected.count
            && zip(found, expected).allSatisfy {
                abs(Double($0) - $1) < Double(tolerance) * largest
            }
    }

    /// A recorded tensor of a type.
    func leaf(_ values: [Float], _ shape: [Int], _ dtype: DType = .float32) throws -> Tensor {
        let tensor = try Tensor.floats(values, shape: shape).converted(to: dtype)
        try tensor.setRequiresGradient(true)
        return tensor
    }

    // MARK: QuickGELU

    @Test(
        "QuickGELU and its gradients are v·sigmoid(1.702 v)'s, v being x plus a bias",
        arguments: [(1, 1), (1, 16), (3, 15), (130, 17), (2, 33), (301, 333)], types)
    func quickGELU(size: (rows: Int, width: Int), dtype: DType) throws {
        let (rows, width) = size
        let count = rows * width
        let shape = [rows, width]
        let x = try leaf(seededFloats(count, seed: 1).map { $0 * 6 }, shape, dtype)
        let bias = try leaf(seededFloats(width, seed: 3), [width])
        let weights = try Tensor.floats(seededFloats(count, seed: 2), shape: shape)
            .converted(to: dtype)
        let y = try x.quickGELU(adding: bias)
        try y.multiplied(by: weights).sum().backward()
        let shifts = try bias.floatValues()
        let values = try x.floatValues().enumerated().map {
            Double($0.element) + Double(shifts[$0.offset % width])
        }
        let sigmoids = values.map { 1 / (1 + exp(-1.702 * $0)) }
        let expected = zip(values, sigmoids).map { $0 * $1 }
        #expect(agrees(try y.floatValues(), expected, tolerance(dtype)))
        let slopes = zip(values, sigmoids).map { $1 * (1 + 1.702 * $0 * (1 - $1)) }
        let gradient = zip(slopes, try weights.floatValues()).map { $0 * Double($1) }
        let found = try #require(try x.gradient()).floatValues()
        #expect(agrees(found, gradient, tolerance(dtype)))
        var sums = [Double](repeating: 0, count: width)
        for (place, change) in gradient.enumerated() { sums[place % width] += change }
        #expect(agrees(try #require(try bias.gradient()).floatValues(), sums, 1e-4))
    }

    @Test("QuickGELU is exact far from zero, and what is no number stays none", arguments: types)
    func quickGELUAtTheEnds(dtype: DType) throws {
        let x = try leaf([-1_000, -60, 0, 60, 1_000, .nan], [6], dtype)
        let y = try x.quickGELU(adding: .floats([0, 0, 0, 0, 0, 0], shape: [6]))
        try y.sum().backward()
        let values = try y.floatValues()
        #expect(values[2...4].elementsEqual([0, 60, 1_000]))  // all of them exact in bf16
        #expect(values.prefix(2).allSatisfy { abs($0) < 1e-30 })
        #expect(values[5].isNaN)
        let gradient = try #require(try x.gradient()).floatValues()
        #expect(gradient.prefix(2).allSatisfy { abs($0) < 1e-30 })
        #expect(gradient[2...4].elementsEqual([0.5, 1, 1]))
        #expect(gradient[5].isNaN)
    }

    // MARK: Layer norm

    @Test(
        "layer norm and its gradients are those in double precision",
        arguments: [(1, 1), (3, 7), (5, 16), (2, 17), (130, 40), (300, 768)], types)
    func layerNorm(size: (rows: Int, width: Int), dtype: DType) throws {
        let (rows, width) = size
        // Far from zero, where a variance from sums of squares would lose its digits.
        let numbers = seededFloats(rows * width, seed: 3).map { $0 * 2 + 30 }
        let x = try leaf(numbers, [rows, width])
        let weight = try leaf(seededFloats(width, seed: 4), [width])
        let bias = try leaf(seededFloats(width, seed: 5), [width])
        let y = try x.layerNorm(weight: weight, bias: bias, epsilon: 1e-5, as: dtype)
        #expect(y.dtype == dtype)
        let upstream = try Tensor.floats(seededFloats(rows * width, seed: 6), shape: [rows, width])
            .converted(to: dtype)
        try y.multiplied(by: upstream).sum().backward()
        let reference = try NormReference(
            x: numbers, weight: weight.floatValues(), bias: bias.floatValues(),
            gradient: upstream.floatValues(), width: width)
        // Rounding of numbers near 30 is left in what remains of them.
        let allowed = max(tolerance(dtype), 3e-5)
        #expect(agrees(try y.floatValues(), reference.result, allowed))
        for (tensor, expected) in [
            (x, reference.input), (weight, reference.weight), (bias, reference.bias),
        ] {
            let found = try #require(try tensor.gradient()).floatValues()
            #expect(agrees(found, expected, allowed))
        }
    }

    @Test("a row of layer norm that holds no number touches no other", arguments: types)
    func layerNormKeepsNaN(dtype: DType) throws {
        let width = 20
        var numbers = seededFloats(3 * width, seed: 3)
        numbers[width + 2] = .nan
        let x = try leaf(numbers, [3, width])
        let ones = try Tensor.floats(Array(repeating: 1, count: width), shape: [width])
        let y = try x.layerNorm(weight: ones, bias: ones, epsilon: 1e-5, as: dtype)
        let isNone = try y.floatValues().map(\.isNaN)
        #expect(isNone == (0..<3 * width).map { $0 / width == 1 })
    }

    // MARK: Linear layers

    @Test(
        "a linear layer adds bias and residual, and their gradients are the sums they should be",
        arguments: [(1, 1, 1), (3, 20, 7), (130, 33, 48), (129, 16, 16)], types)
    func linear(size: (rows: Int, inner: Int, outer: Int), dtype: DType) throws {
        let (rows, inner, outer) = size
        let x = try leaf(seededFloats(rows * inner, seed: 1), [rows, inner], dtype)
        let weight = try leaf(seededFloats(outer * inner, seed: 2).map { $0 / 4 }, [outer, inner])
        let bias = try leaf(seededFloats(outer, seed: 3), [outer])
        let rest = try leaf(seededFloats(rows * outer, seed: 4), [rows, outer])
        let weights = seededFloats(rows * outer, seed: 5)
        let product = try x.linear(weight: weight, bias: nil, computingIn: dtype).floatValues()
        let shift = try bias.floatValues()
        for residual in [nil, rest] {
            for tensor in [x, weight, bias, rest] { try tensor.clearGradient() }
            let y = try x.linear(
                weight: weight, bias: bias, residual: residual, computingIn: dtype)
            #expect(y.dtype == (residual == nil ? dtype : .float32))
            let added = try residual?.floatValues()
            let expected = product.indices.map {
                Double(product[$0]) + Double(shift[$0 % outer]) + Double(added?[$0] ?? 0)
            }
            #expect(agrees(try y.floatValues(), expected, tolerance(dtype)))
            try y.multiplied(by: .floats(weights, shape: y.shape)).sum().backward()
            let sums = (0..<outer).map { column in
                stride(from: column, to: weights.count, by: outer).reduce(0.0) {
                    $0 + Double(weights[$1])
                }
            }
            let found = try #require(try bias.gradient()).floatValues()
            #expect(agrees(found, sums, tolerance(dtype)))
            if residual != nil {
                #expect(try rest.gradient()?.floatValues() == weights)
            }
        }
    }

    @Test("a residual of another shape is refused by its shape")
    func refusesResidual() throws {
        let x = try Tensor.floats([1, 2], shape: [1, 2])
        let rest = try Tensor.floats([1, 2, 3], shape: [1, 3])
        let error = #expect(throws: EngineError.self) {
            try x.linear(weight: x, bias: nil, residual: rest, computingIn: .float32)
        }
        #expect(error?.message.contains("[1, 3]") == true)
    }
}

/// Layer norm of rows with its gradients, in double precision.
private struct NormReference {
    var result: [Double] = []
    var input: [Double] = []
    var weight: [Double]
    var bias: [Double]

    init(x: [Float], weight factors: [Float], bias shifts: [Float], gradient: [Float], width: Int) {
        weight = Array(repeating: 0, count: width)
        bias = weight
        for start in stride(from: 0, to: x.count, by: width) {
            let row = x[start..<start + width].map(Double.init)
            let slopes = gradient[start..<start + width].map(Double.init)
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            let inverse = 1 / (variance + 1e-5).squareRoot()
            let normal = row.map { ($0 - mean) * inverse }
            let scaled = zip(slopes, factors).map { $0 * Double($1) }
            let first = scaled.reduce(0, +) / Double(width)
            let second = zip(scaled, normal).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
            for c in 0..<width {
                result.append(normal[c] * Double(factors[c]) + Double(shifts[c]))
                input.append((scaled[c] - first - normal[c] * second) * inverse)
                weight[c] += slopes[c] * normal[c]
                bias[c] += slopes[c]
            }
        }
    }
}
