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

    @Test("without gradients it is the same, in fp32 and bf16", arguments: shapes)
    func equalsOperator(
        shape: (images: Int, tokens: Int, heads: Int, width: Int)
    ) throws {
        let size = [shape.images, shape.tokens, 3 * shape.heads * shape.width]
        for factor in [1.0, 5] {
            let joined = try Tensor.floats(
                seededFloats(size.reduce(1, *), seed: UInt64(shape.tokens)), shape: size
            ).scaled(by: factor)
            let expected = try joined.attention(heads: shape.heads).floatValues()
            let found = try joined.attentionPacked(heads: shape.heads)
            #expect(found.shape == [shape.images, shape.tokens, shape.heads * shape.width])
            let single = Tolerance.singleOperation * Float(factor)
            #expect(zip(try found.floatValues(), expected).allSatisfy { abs($0 - $1) < single })
            let half = try joined.converted(to: .bfloat16)
            // What is lost by rounding the input is not the kernel's.
            let rounded = try half.converted(to: .float32).attention(heads: shape.heads)
                .floatValues()
            let own = try half.attentionPacked(heads: shape.heads).floatValues()
            let tolerance = Tolerance.bfloat16Operation * Float(factor)
            #expect(zip(own, rounded).allSatisfy { abs($0 - $1) < tolerance })
        }
    }

    @Test("a number that is none stays none, and touches no other image")
    func keepsNaN() throws {
        let size = [2, 20, 3 * 32]
        var values = seededFloats(size.reduce(1, *), seed: 3)
        values[20 * 96 + 5] = .nan
        let found = try Tensor.floats(values, shape: size).attentionPacked(heads: 2).floatValues()
        #expect(found.prefix(20 * 32).allSatisfy { $0.isFinite })
        #expect(found[20 * 32].isNaN)
    }
}
