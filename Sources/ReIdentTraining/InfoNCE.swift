// The contrastive loss between images of the same players.
// van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018; in the
// symmetric form of CLIP, with label smoothing as in CLIP-ReIdent.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine

/// Symmetric InfoNCE over pairs: row i of the queries belongs to row i of the gallery.
public struct InfoNCE: Sendable, Equatable {
    /// Share 0...1 of the target that is spread over all pairs.
    public let labelSmoothing: Double

    /// A loss with some smoothing.
    public init(labelSmoothing: Double) { self.labelSmoothing = labelSmoothing }

    /// The loss of a batch.
    ///
    /// - Parameters:
    ///   - features: `[2B, E]`, not at unit length: the queries' rows, then the gallery's.
    ///   - logitScale: The learned log temperature, one number.
    /// - Returns: One number: the mean of both directions' cross-entropies.
    /// - Throws: `EngineError` if memory is exhausted.
    @EngineActor
    func callAsFunction(
        _ features: Tensor, logitScale: Tensor
    ) throws(EngineError) -> Tensor {
        let pairs = features.shape[0] / 2
        let unit = try features.converted(to: .float32).l2Normalized()  // [2B, E]
        let queries = try unit.narrowed(dimension: 0, to: 0..<pairs)  // [B, E]
        let gallery = try unit.narrowed(dimension: 0, to: pairs..<2 * pairs)  // [B, E]
        let similarities = try queries.matmul(gallery.transposed())  // [B, B]
        let logits = try similarities.multiplied(by: logitScale.exponential())  // [B, B]
        let forward = try logits.diagonalCrossEntropy(labelSmoothing: labelSmoothing)
        let backward = try logits.transposed().diagonalCrossEntropy(labelSmoothing: labelSmoothing)
        return try forward.adding(backward).scaled(by: 0.5)
    }
}
