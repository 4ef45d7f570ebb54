// Gradients of every differentiable operation against central differences, checkpointing, and
// what a training step leaves behind.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine
import ReIdentFoundation
import ReIdentTestSupport
import Testing

/// A function of one tensor whose gradient is checked.
struct Differentiable: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let shape: [Int]
    let apply: @Sendable (Tensor) throws -> Tensor
}

/// Seeded numbers between -1 and 1.
func seededFloats(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float(generator.uniform() * 2 - 1) }
}

@EngineActor
@Suite("Gradients", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct GradientTests {
    nonisolated static let functions: [Differentiable] = [
        Differentiable(testDescription: "linear in x", shape: [3, 2, 4]) { x in
            try x.linear(
                weight: .floats(seededFloats(20, seed: 1), shape: [5, 4]),
                bias: .floats(seededFloats(5, seed: 2), shape: [5]), computingIn: .float32)
        },
        Differentiable(testDescription: "linear in its weight", shape: [5, 4]) { weight in
            try Tensor.floats(seededFloats(24, seed: 3), shape: [3, 2, 4]).linear(
                weight: weight, bias: nil, computingIn: .float32)
        },
        Differentiable(testDescription: "linear in its bias", shape: [5]) { bias in
            try Tensor.floats(seededFloats(24, seed: 3), shape: [3, 2, 4]).linear(
                weight: .floats(seededFloats(20, seed: 1), shape: [5, 4]), bias: bias,
                computingIn: .float32)
        },
        Differentiable(testDescription: "QuickGELU", shape: [3, 5]) {
            try $0.quickGELU(adding: .floats(seededFloats(5, seed: 6), shape: [5]))
        },
        Differentiable(testDescription: "QuickGELU in its bias", shape: [5]) {
            try Tensor.floats(seededFloats(15, seed: 6), shape: [3, 5]).quickGELU(adding: $0)
        },
        Differentiable(testDescription: "GELU", shape: [3, 5]) { try $0.gelu() },
        Differentiable(testDescription: "layer norm", shape: [3, 6]) { x in
            try x.layerNorm(
                weight: .floats(seededFloats(6, seed: 4), shape: [6]),
                bias: .floats(seededFloats(6, seed: 5), shape: [6]), epsilon: 1e-5)
        },
        Differentiable(testDescription: "attention", shape: [2, 3, 12]) {
            try $0.attention(heads: 2)
        },
        Differentiable(testDescription: "attention in whole registers", shape: [2, 3, 96]) {
            try $0.attention(heads: 2)
        },
        Differentiable(testDescription: "causal attention", shape: [2, 3, 12]) {
            try $0.attention(heads: 2, isCausal: true)
        },
        Differentiable(testDescription: "rows, one of them twice", shape: [4, 3]) {
            try $0.rows(at: .integers([2, 0, 2, 3], shape: [2, 2]))
        },
        Differentiable(testDescription: "unit length", shape: [3, 4]) { try $0.l2Normalized() },
        Differentiable(testDescription: "exponential", shape: [4]) { try $0.exponential() },
        Differentiable(testDescription: "cross-entropy", shape: [4, 4]) {
            try $0.diagonalCrossEntropy(labelSmoothing: 0.1)
        },
        Differentiable(testDescription: "patches", shape: [1, 2, 4, 4]) {
            try $0.patches(size: 2)
        },
        Differentiable(testDescription: "checkpointed QuickGELU", shape: [3, 5]) { x in
            let zeros = try Tensor.floats([0, 0, 0, 0, 0], shape: [5])
            return try checkpointed(x) { (inner: Tensor) throws(EngineError) in
                try inner.quickGELU(adding: zeros)
            }
        },
    ]

    @Test("equal central differences", arguments: functions)
    func equalCentralDifferences(function: Differentiable) throws {
        let count = function.shape.reduce(1, *)
        let start = seededFloats(count, seed: 42)
        // A random weighting of the outputs, so that no error cancels.
        func value(_ x: Tensor) throws -> Tensor {
            let y = try function.apply(x)
            let weights = try Tensor.floats(seededFloats(y.count, seed: 99), shape: y.shape)
            return try y.multiplied(by: weights).sum()
        }
        let x = try Tensor.floats(start, shape: function.shape)
        try x.setRequiresGradient(true)
        try value(x).backward()
        let gradient = try #require(try x.gradient()).floatValues()
        let step: Float = 1e-2
        for index in 0..<count {
            var (above, below) = (start, start)
            above[index] += step
            below[index] -= step
            let rise = try value(.floats(above, shape: function.shape)).item()
            let fall = try value(.floats(below, shape: function.shape)).item()
            let expected = (rise - fall) / (2 * step)
            #expect(abs(gradient[index] - expected) < Tolerance.finiteDifference)
        }
    }

    @Test("are not recorded inside withoutGradients, and are again after an error in it")
    func scopeEndsAfterErrors() throws {
        struct Stop: Error {}
        let x = try Tensor.floats([1, 2], shape: [2])
        try x.setRequiresGradient(true)
        func stopping() throws {
            try withoutGradients {
                let y = try x.scaled(by: 2).sum()
                #expect(throws: EngineError.self) { try y.backward() }
                throw Stop()
            }
        }
        #expect(throws: Stop.self) { try stopping() }
        try x.scaled(by: 2).sum().backward()
        #expect(try x.gradient()?.floatValues() == [2, 2])
    }

    @Test("a failing checkpoint body reports its own reason")
    func checkpointReportsReason() throws {
        let x = try Tensor.floats([1, 2], shape: [2])
        try x.setRequiresGradient(true)
        let error = #expect(throws: EngineError.self) {
            try checkpointed(x) { (inner: Tensor) throws(EngineError) in
                try inner.reshaped([7])
            }
        }
        #expect(error?.message.contains("shape '[7]' is invalid") == true)
    }

    @Test("no tensor is left after training steps and after errors")
    func leavesNoTensors() async {
        // In a process of its own: other tests hold tensors while this one counts.
        await #expect(processExitsWith: .success) {
            struct Left: Error { let count: Int }
            let before = try Engine.liveTensorCount()
            try await trainAndFail()
            let left = try Engine.liveTensorCount() - before
            guard left == 0 else { throw Left(count: left) }
        }
    }
}

/// Five steps of a small training with checkpointing, and an error of each kind in between.
@EngineActor
private func trainAndFail() throws {
    struct NoError: Error {}
    func mustFail(_ body: () throws -> Tensor) throws {
        if (try? body()) != nil { throw NoError() }
    }
    let weight = try Tensor.floats(seededFloats(16, seed: 1), shape: [4, 4])
    try weight.setRequiresGradient(true)
    let optimizer = try AdamW([NamedParameter(name: "weight", tensor: weight)])
    for _ in 0..<5 {
        let x = try Tensor.floats(seededFloats(8, seed: 2), shape: [2, 4])
        let hidden = try checkpointed(x.linear(weight: weight, bias: nil, computingIn: .float32)) {
            (inner: Tensor) throws(EngineError) in
            try inner.linear(weight: weight, bias: nil, computingIn: .float32)
        }
        try hidden.sum().backward()
        try optimizer.step(learningRate: 1e-2)
        try optimizer.clearGradients()
        try mustFail { try x.matmul(x) }
        try mustFail {
            try checkpointed(hidden) { (inner: Tensor) throws(EngineError) in
                try inner.reshaped([1_000])
            }
        }
    }
}
