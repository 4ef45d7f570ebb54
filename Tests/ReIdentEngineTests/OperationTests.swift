// Operations whose result is known, the fused products against the plain ones, devices, and
// the sentences of refusals.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@EngineActor
@Suite("Operations", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct OperationTests {
    /// The same product in double precision.
    func product(_ x: [Float], _ weight: [Float], bias: [Float], inner: Int) -> [Float] {
        let outer = weight.count / inner
        return (0..<x.count / inner).flatMap { row in
            (0..<outer).map { column in
                Float(
                    (0..<inner).reduce(Double(bias[column])) { sum, k in
                        sum + Double(x[row * inner + k]) * Double(weight[column * inner + k])
                    })
            }
        }
    }

    func largestDifference(_ lhs: [Float], _ rhs: [Float]) -> Float {
        #expect(lhs.count == rhs.count)
        return zip(lhs, rhs).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test("a linear layer is the product it says, plain and packed", arguments: [1, 7, 33])
    func linearIsTheProduct(rows: Int) throws {
        let (inner, outer) = (48, 20)
        let x = seededFloats(rows * inner, seed: 1)
        let weight = seededFloats(outer * inner, seed: 2).map { $0 / 4 }
        let bias = seededFloats(outer, seed: 3)
        let expected = product(x, weight, bias: bias, inner: inner)
        let input = try Tensor.floats(x, shape: [rows, inner])
        let factors = try Tensor.floats(weight, shape: [outer, inner])
        let added = try Tensor.floats(bias, shape: [outer])
        let plain = try input.linear(weight: factors, bias: added, computingIn: .float32)
        #expect(
            largestDifference(try plain.floatValues(), expected) < Tolerance.singleOperation)
        let packed = try factors.packedWeight(rows: rows)
        let fused = try input.linearPacked(weight: packed, bias: added, residual: plain)
        #expect(
            largestDifference(try fused.floatValues(), expected.map { $0 * 2 })
                < Tolerance.singleOperation)
    }

    @Test(
        "a packed product's activation equals the plain one", arguments: [DType.float32, .bfloat16])
    func fusedActivations(dtype: DType) throws {
        let input = try Tensor.floats(seededFloats(64, seed: 4), shape: [4, 16])
        let weight = try Tensor.floats(seededFloats(128, seed: 5), shape: [8, 16])
        let bias = try Tensor.floats(seededFloats(8, seed: 6), shape: [8])
        let plain = try input.linear(weight: weight, bias: bias, computingIn: .float32)
        let packed = try weight.converted(to: dtype).packedWeight(rows: 4)
        let tolerance =
            dtype == .float32 ? Tolerance.singleOperation : Tolerance.bfloat16Operation
        let gelu = try input.linearPacked(
            weight: packed, bias: bias.converted(to: dtype), activation: .gelu)
        #expect(
            largestDifference(try gelu.floatValues(), try plain.gelu().floatValues()) < tolerance)
        let swish = try input.linearPacked(
            weight: packed, bias: bias.converted(to: dtype), activation: .swish)
        let expected = try plain.floatValues().map { $0 / (1 + exp(-$0)) }
        #expect(largestDifference(try swish.floatValues(), expected) < tolerance)
    }

    @Test("AdamW's first step moves each weight by the learning rate against its gradient")
    func firstStepIsTheLearningRate() throws {
        let weight = try Tensor.floats([1, -2, 3], shape: [3])
        try weight.setRequiresGradient(true)
        let optimizer = try AdamW([NamedParameter(name: "w", tensor: weight)])
        try weight.multiplied(by: .floats([5, -7, 0.5], shape: [3])).sum().backward()
        try optimizer.step(learningRate: 0.1)
        // m/√v is the gradient's sign after bias correction; decay takes 0.1 · 0.01 · w.
        let expected: [Float] = [1 - 0.001 - 0.1, -2 + 0.002 + 0.1, 3 - 0.003 - 0.1]
        #expect(
            largestDifference(try weight.floatValues(), expected) < Tolerance.singleOperation)
    }

    @Test("clipping scales gradients to the norm and says what it was")
    func clippingScales() throws {
        let weight = try Tensor.floats([0, 0], shape: [2])
        try weight.setRequiresGradient(true)
        let optimizer = try AdamW([NamedParameter(name: "w", tensor: weight)])
        try weight.multiplied(by: .floats([3, 4], shape: [2])).sum().backward()
        #expect(try optimizer.clipGradients(to: nil) == 5)
        #expect(try weight.gradient()?.floatValues() == [3, 4])
        try optimizer.clipGradients(to: 1)
        let clipped = try #require(try weight.gradient()).floatValues()
        #expect(largestDifference(clipped, [0.6, 0.8]) < Tolerance.singleOperation)
    }

    @Test("the scaler skips a step that overflowed and halves its factor")
    func scalerSkipsOverflow() throws {
        let weight = try Tensor.floats([1], shape: [1])
        try weight.setRequiresGradient(true)
        let optimizer = try AdamW([NamedParameter(name: "w", tensor: weight)])
        var scaler = GradientScaler()
        try weight.scaled(by: 2 * scaler.scale).sum().backward()
        #expect(try scaler.unscale(optimizer))
        #expect(try weight.gradient()?.floatValues() == [2])
        try weight.scaled(by: .infinity).sum().backward()
        #expect(try !scaler.unscale(optimizer))
        #expect(scaler.scale == 512)
    }

    @Test("top k gives the largest with their places")
    func topKIsSorted() throws {
        let found = try Tensor.floats([1, 5, 3, 4, 0, 9], shape: [2, 3]).topK(2)
        #expect(try found.values.floatValues() == [5, 3, 9, 4])
        #expect(try found.indices.integerValues() == [1, 2, 2, 0])
    }

    @Test(
        "a device that is not here is refused in a sentence",
        arguments: ["cuda:99", "tpu", "cuda:-1", "cuda:x", ""])
    func refusesMissingDevice(name: String) throws {
        let error = #expect(throws: EngineError.self) { try Device.named(name) }
        #expect(error?.kind == .unavailable)
        #expect(error?.description.contains("'\(name)'") == true)
    }

    @Test("shapes that do not go together are an error that names them, not a crash")
    func refusesShapes() throws {
        let x = try Tensor.floats([1, 2, 3], shape: [1, 3])
        let weight = try Tensor.floats([1, 2], shape: [1, 2])
        let error = #expect(throws: EngineError.self) {
            try x.linear(weight: weight, bias: nil, computingIn: .float32)
        }
        #expect(error?.description.contains("[1, 2]") == true)
    }

    @Test("bytes become pixels of zero mean by channel")
    func normalizesPixels() throws {
        let bytes: [UInt8] = [0, 51, 255, 255, 51, 0]  // two pixels, three channels
        let pixels = try bytes.withUnsafeBytes {
            try Tensor.copying($0, shape: [1, 1, 2, 3], dtype: .uint8)
        }
        let values = try pixels.normalizedPixels(
            mean: [0.5, 0.2, 0.5], deviation: [0.5, 0.1, 0.25])
        #expect(values.shape == [1, 3, 1, 2])
        #expect(
            largestDifference(try values.floatValues(), [-1, 1, 0, 0, 2, -2])
                < Tolerance.singleOperation)
    }
}
