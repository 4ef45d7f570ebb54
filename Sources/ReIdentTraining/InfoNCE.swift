// The contrastive loss, between images of the same players or between images and their captions.
// van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018; in the
// symmetric form of CLIP (Radford et al., 2021), with label smoothing as in CLIP-ReIdent.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine

/// Symmetric InfoNCE over pairs: row i of one side belongs to row i of the other.
public struct InfoNCE: Sendable, Equatable {
    /// Share 0...1 of the target that is spread over all pairs.
    public let labelSmoothing: Double

    /// A loss with some smoothing.
    public init(labelSmoothing: Double) { self.labelSmoothing = labelSmoothing }

    /// The loss of a batch of image pairs.
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
        return try loss(queries, gallery, meanings: [], logitScale: logitScale)
    }

    /// The loss of a batch of images and their captions.
    ///
    /// Pairs with equal captions are right for one another: their target is spread evenly over all
    /// of them, where the plain loss would push an image away from its own words.
    ///
    /// - Parameters:
    ///   - images: `[B, D]`, not at unit length.
    ///   - texts: `[B, D]`, not at unit length; row i is the caption of image i.
    ///   - meanings: A number a pair, the same for equal captions; count B.
    ///   - logitScale: The learned log temperature, one number.
    /// - Returns: One number: the mean of both directions' cross-entropies.
    /// - Throws: `EngineError` if memory is exhausted.
    @EngineActor
    func callAsFunction(
        images: Tensor, texts: Tensor, meanings: [Int], logitScale: Tensor
    ) throws(EngineError) -> Tensor {
        try loss(
            images.converted(to: .float32).l2Normalized(),
            texts.converted(to: .float32).l2Normalized(), meanings: meanings,
            logitScale: logitScale)
    }

    @EngineActor
    private func loss(
        _ rows: Tensor, _ columns: Tensor, meanings: [Int], logitScale: Tensor
    ) throws(EngineError) -> Tensor {
        let similarities = try rows.matmul(columns.transposed())  // [B, B]
        let logits = try similarities.multiplied(by: logitScale.exponential())  // [B, B]
        let forward = try logits.diagonalCrossEntropy(labelSmoothing: labelSmoothing)
        let backward = try logits.transposed().diagonalCrossEntropy(labelSmoothing: labelSmoothing)
        let loss = try forward.adding(backward).scaled(by: 0.5)
        guard let change = try targetChange(meanings, device: rows.device) else { return loss }
        return try loss.adding(logits.multiplied(by: change).sum())
    }

    /// (I - T)(1 - ε) / B for targets T that are spread over equal captions; nil if none are.
    ///
    /// The cross-entropy with targets T is that with the diagonal I and the sum of logits times
    /// I - T on top. T is symmetric, so it is the same in both directions.
    @EngineActor
    private func targetChange(_ meanings: [Int], device: Device) throws(EngineError) -> Tensor? {
        var groups: [Int: [Int]] = [:]
        for (place, meaning) in meanings.enumerated() { groups[meaning, default: []].append(place) }
        guard groups.count < meanings.count else { return nil }
        let count = meanings.count
        let share = Float((1 - labelSmoothing) / Double(count))
        var change = [Float](repeating: 0, count: count * count)
        for group in groups.values where group.count > 1 {
            for row in group {
                for column in group { change[row * count + column] = -share / Float(group.count) }
                change[row * count + row] += share
            }
        }
        return try Tensor.floats(change, shape: [count, count], device: device)
    }
}
