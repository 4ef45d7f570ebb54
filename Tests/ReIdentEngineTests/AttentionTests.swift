// The engine's own attention against LibTorch's.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine
import ReIdentTestSupport
import Testing

@EngineActor
@Suite("Attention", .enabled(if: Engine.isAvailable, EngineRequirement.reason), .serialized)
struct AttentionTests {
    /// Numbers of tokens around the sixteen of a register and the six rows of a block, and those of
    /// the known models; widths of heads that are registers whole, and one that is none.
    nonisolated static let shapes: [(images: Int, tokens: Int, heads: Int, width: Int)] = [
        (1, 1, 1, 16), (2, 5, 3, 16), (1, 6, 2, 32), (3, 7, 2, 64), (1, 16, 1, 64),
        (2, 17, 4, 64), (1, 50, 12, 64), (1, 99, 2, 64), (1, 197, 3, 64), (1, 257, 2, 80),
        (2, 9, 2, 12),
    ]

    @Test("it is the same in fp32 and bf16, with and without gradients", arguments: shapes)
    func equalsOperator(
        shape: (images: Int, tokens: Int, heads: Int, width: Int)
    ) throws {
        let size = [shape.images, shape.tokens, 3 * shape.heads * shape.width]
        for factor in [1.0, 5] {
            let joined = try Tensor.floats(
                seededFloats(size.reduce(1, *), seed: UInt64(shape.tokens)), shape: size
            ).scaled(by: factor)
            let expected = try joined.attention(heads: shape.heads, plainly: true).floatValues()
            let found = try joined.attention(heads: shape.heads)
            #expect(found.shape == [shape.images, shape.tokens, shape.heads * shape.width])
            let single = Tolerance.singleOperation * Float(factor)
            #expect(zip(try found.floatValues(), expected).allSatisfy { abs($0 - $1) < single })
            let half = try joined.converted(to: .bfloat16)
            // What is lost by rounding the input is not the kernel's.
            let rounded = try half.converted(to: .float32)
                .attention(heads: shape.heads, plainly: true).floatValues()
            let own = try half.attention(heads: shape.heads).floatValues()
            let tolerance = Tolerance.bfloat16Operation * Float(factor)
            #expect(zip(own, rounded).allSatisfy { abs($0 - $1) < tolerance })
            try joined.setRequiresGradient(true)
            let recorded = try joined.attention(heads: shape.heads).floatValues()
            #expect(recorded == (try found.floatValues()), "other bits when it is recorded")
        }
    }

    /// The gradient of queries, keys and values for a given one of the result.
    func gradient(
        _ joined: Tensor, heads: Int, of weights: [Float], plainly: Bool = false
    ) throws -> [Float] {
        try joined.setRequiresGradient(true)
        defer { try? joined.clearGradient() }
        let result = try joined.attention(heads: heads, plainly: plainly)
        try result.multiplied(by: .floats(weights, shape: result.shape)).sum().backward()
        return try #require(try joined.gradient()).floatValues()
    }

    @Test("its gradient is that of LibTorch's operator, in fp32 and bf16", arguments: shapes)
    func gradientEqualsOperator(
        shape: (images: Int, tokens: Int, heads: Int, width: Int)
    ) throws {
        let size = [shape.images, shape.tokens, 3 * shape.heads * shape.width]
        let weights = seededFloats(size.reduce(1, *) / 3, seed: 7)
        for factor: Float in [1, 5] {
            let numbers = seededFloats(size.reduce(1, *), seed: UInt64(shape.tokens))
                .map { $0 * factor }
            let joined = try Tensor.floats(numbers, shape: size)
            let expected = try gradient(
                joined, heads: shape.heads, of: weights, plainly: true)
            let largest = expected.reduce(1) { max($0, abs($1)) }
            let found = try gradient(joined, heads: shape.heads, of: weights)
            let single = Tolerance.singleOperation * largest
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < single })

            let half = try Tensor.floats(numbers, shape: size).converted(to: .bfloat16)
            let rounded = try gradient(
                .floats(half.floatValues(), shape: size), heads: shape.heads, of: weights,
                plainly: true)
            let own = try gradient(half, heads: shape.heads, of: weights)
            let tolerance = Tolerance.bfloat16Operation * largest
            #expect(zip(own, rounded).allSatisfy { abs($0 - $1) < tolerance })
        }
    }

    @Test("within images of several sizes it is that of each image, and so is its gradient")
    func withinImages() throws {
        let (counts, heads, width) = ([1, 7, 7, 20, 50], 2, 64)
        let total = counts.reduce(0, +)
        let size = [1, total, 3 * heads * width]
        for dtype in [DType.float32, .bfloat16] {
            let joined = try Tensor.floats(seededFloats(size.reduce(1, *), seed: 8), shape: size)
                .converted(to: dtype)
            let weights = try Tensor.floats(
                seededFloats(total * heads * width, seed: 9), shape: [1, total, heads * width])
            func run(_ body: (Tensor) throws -> Tensor) throws -> (of: [Float], gradient: [Float]) {
                try joined.clearGradient()
                try joined.setRequiresGradient(true)
                let result = try body(joined)
                try result.multiplied(by: weights).sum().backward()
                let gradient = try #require(try joined.gradient())
                return (try result.floatValues(), try gradient.floatValues())
            }
            let found = try run { try $0.attention(heads: heads, withinTokens: counts) }
            let plain = try run {
                try $0.attention(heads: heads, withinTokens: counts, plainly: true)
            }
            let single = try run { joined in
                var (parts, start) = ([Tensor](), 0)
                for count in counts {
                    parts.append(
                        try joined.narrowed(dimension: 1, to: start..<start + count)
                            .attention(heads: heads))
                    start += count
                }
                return try Tensor.concatenated(parts, dimension: 1)
            }
            #expect(found.of == single.of)
            #expect(found.gradient == single.gradient)
            let tolerance =
                dtype == .float32 ? Tolerance.singleOperation : Tolerance.bfloat16Operation
            #expect(zip(found.of, plain.of).allSatisfy { abs($0 - $1) < tolerance })
            #expect(zip(found.gradient, plain.gradient).allSatisfy { abs($0 - $1) < tolerance })
        }
        let joined = try Tensor.floats(seededFloats(9 * 96, seed: 8), shape: [1, 9, 96])
        #expect(throws: EngineError.self) { try joined.attention(heads: 1, withinTokens: [4, 4]) }
        #expect(throws: EngineError.self) { try joined.attention(heads: 1, withinTokens: [0, 9]) }
    }

    @Test("its gradient has the same bits every time")
    func gradientRepeats() throws {
        let size = [3, 50, 3 * 2 * 64]
        let joined = try Tensor.floats(seededFloats(size.reduce(1, *), seed: 5), shape: size)
            .converted(to: .bfloat16)
        let weights = seededFloats(size.reduce(1, *) / 3, seed: 6)
        let first = try gradient(joined, heads: 2, of: weights)
        #expect(try gradient(joined, heads: 2, of: weights) == first)
    }

    @Test("the gradient of a number that is none is none, and touches no other image")
    func gradientKeepsNaN() throws {
        let size = [2, 20, 3 * 32]
        var values = seededFloats(size.reduce(1, *), seed: 3)
        values[20 * 96 + 5] = .nan
        let found = try gradient(
            .floats(values, shape: size), heads: 2, of: seededFloats(2 * 20 * 32, seed: 4))
        #expect(found.prefix(20 * 96).allSatisfy { $0.isFinite })
        #expect(found[20 * 96].isNaN)
    }

    @Test("a number that is none stays none, and touches no other image")
    func keepsNaN() throws {
        let size = [2, 20, 3 * 32]
        var values = seededFloats(size.reduce(1, *), seed: 3)
        values[20 * 96 + 5] = .nan
        let found = try Tensor.floats(values, shape: size).attention(heads: 2).floatValues()
        #expect(found.prefix(20 * 32).allSatisfy { $0.isFinite })
        #expect(found[20 * 32].isNaN)
    }
}
