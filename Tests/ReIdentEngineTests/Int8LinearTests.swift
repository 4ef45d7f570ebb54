// Linear layers in 8-bit integers: exact where integers say all, near to fp32 elsewhere, and the
// vector kernels beside their scalar twin.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine
import ReIdentTestSupport
import Testing

@EngineActor
@Suite("Int8 layers", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct Int8LinearTests {
    /// Rows around the six of a tile, inputs around the four of a step and the sixteen of a
    /// register, outputs around the 64 of a panel.
    nonisolated static let shapes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (1, 1, 1), (2, 3, 5), (5, 16, 64), (6, 20, 65), (7, 64, 63), (13, 33, 130),
        (400, 48, 192), (3, 768, 80),
    ]

    @Test("sums are exact: rows that are bytes, weights that are integers", arguments: shapes)
    func isExact(shape: (rows: Int, inputs: Int, outputs: Int)) throws {
        func integers(_ count: Int, below bound: Int, seed: UInt64) -> [Float] {
            seededFloats(count, seed: seed).map { ((($0 + 1) / 2) * Float(bound - 1)).rounded() }
        }
        // Each row spans 0 to 255 and each output's weights reach 127, so that every scale is 1.
        var x = integers(shape.rows * shape.inputs, below: 256, seed: 1)
        for row in 0..<shape.rows { x[row * shape.inputs] = 255 }
        var weights = integers(shape.outputs * shape.inputs, below: 255, seed: 2).map { $0 - 127 }
        for output in 0..<shape.outputs { weights[output * shape.inputs] = -127 }
        let bias = (0..<shape.outputs).map { Float($0) }
        let expected = (0..<shape.rows).flatMap { row in
            (0..<shape.outputs).map { output in
                (0..<shape.inputs).reduce(bias[output]) { sum, k in
                    sum + x[row * shape.inputs + k] * weights[output * shape.inputs + k]
                }
            }
        }
        let quantized = try Tensor.floats(weights, shape: [shape.outputs, shape.inputs])
            .quantizedWeight()
        for kernel in Int8Kernel.allCases {
            let found = try Tensor.floats(x, shape: [shape.rows, shape.inputs]).linearInt8(
                weight: quantized.packed, scales: quantized.scales,
                bias: .floats(bias, shape: [shape.outputs]), upTo: kernel)
            #expect(found.shape == [shape.rows, shape.outputs])
            #expect(try found.floatValues() == expected, "\(kernel)")
        }
    }

    @Test("vector kernels and their scalar twin agree, near to fp32", arguments: shapes)
    func agree(shape: (rows: Int, inputs: Int, outputs: Int)) throws {
        let (rows, inputs, outputs) = shape
        let x = try Tensor.floats(
            seededFloats(rows * inputs, seed: 1), shape: [rows, inputs])
        let weight = try Tensor.floats(
            seededFloats(outputs * inputs, seed: 2), shape: [outputs, inputs])
        let bias = try Tensor.floats(seededFloats(outputs, seed: 3), shape: [outputs])
        let residual = try Tensor.floats(
            seededFloats(rows * outputs, seed: 4), shape: [rows, outputs])
        let quantized = try weight.quantizedWeight()
        for dtype in [DType.float32, .bfloat16] {
            let input = try x.converted(to: dtype)
            for activation in [FusedActivation.none, .swish, .gelu] {
                func result(_ kernel: Int8Kernel) throws -> [Float] {
                    try input.linearInt8(
                        weight: quantized.packed, scales: quantized.scales, bias: bias,
                        activation: activation, residual: residual.converted(to: dtype),
                        upTo: kernel
                    ).floatValues()
                }
                let plain = try result(.plain)
                let rounding =
                    dtype == .float32 ? Tolerance.singleOperation : Tolerance.bfloat16Operation
                let size = 1 + (plain.map(abs).max() ?? 0)
                let packed = try input.converted(to: .float32).linearPacked(
                    weight: weight.packedWeight(rows: rows), bias: bias, activation: activation
                ).adding(residual).floatValues()
                let square = packed.reduce(0) { $0 + $1 * $1 }
                for kernel in [Int8Kernel.avx2, .avx512] {
                    let vector = try result(kernel)
                    #expect(
                        zip(vector, plain).allSatisfy { abs($0 - $1) < rounding * size },
                        "\(kernel)")
                    let error = zip(vector, packed)
                        .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                    #expect(
                        error.squareRoot() < Tolerance.int8Operation * square.squareRoot(),
                        "\(kernel)")
                }
            }
        }
    }

    @Test("a number that is none stays none, and touches no other row")
    func keepsNaN() throws {
        var values = seededFloats(8 * 20, seed: 3)
        values[20 + 5] = .nan
        values[3 * 20 + 1] = .infinity
        let quantized = try Tensor.floats(seededFloats(70 * 20, seed: 4), shape: [70, 20])
            .quantizedWeight()
        for kernel in Int8Kernel.allCases {
            let found = try Tensor.floats(values, shape: [8, 20]).linearInt8(
                weight: quantized.packed, scales: quantized.scales, bias: nil, upTo: kernel
            ).floatValues()
            for row in 0..<8 {
                let own = found[row * 70..<(row + 1) * 70]
                #expect(own.allSatisfy { $0.isFinite } == (row != 1 && row != 3))
            }
        }
    }

    @Test("rows and weights of zeros give the bias")
    func zeros() throws {
        let quantized = try Tensor.floats([0, 0, 0, 1, -2, 3], shape: [2, 3]).quantizedWeight()
        let found = try Tensor.floats([0, 0, 0, 1, 1, 1], shape: [2, 3]).linearInt8(
            weight: quantized.packed, scales: quantized.scales,
            bias: .floats([0.5, -1], shape: [2])
        ).floatValues()
        #expect(found[0] == 0.5 && found[1] == -1 && found[2] == 0.5)
        #expect(abs(found[3] - 1) < Tolerance.int8Operation * 2)
    }

    @Test("another width of rows is refused")
    func otherWidth() throws {
        let quantized = try Tensor.floats(seededFloats(20, seed: 4), shape: [4, 5])
            .quantizedWeight()
        let x = try Tensor.floats(seededFloats(12, seed: 1), shape: [1, 12])
        #expect(throws: EngineError.self) {
            try x.linearInt8(weight: quantized.packed, scales: quantized.scales, bias: nil)
        }
    }
}
