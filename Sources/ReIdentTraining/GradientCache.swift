// Gradients of a contrastive loss over a large batch in the memory of a small one: the loss needs
// all embeddings at once, but the networks behind them can be gone through in chunks.
//
// Gao et al., Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup, 2021.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine

/// Gradients by chunks: embeddings without gradients, the loss's gradients with respect to them,
/// then chunk by chunk the gradients of the parameters.
@EngineActor
enum GradientCache {
    /// The embeddings of one side, as the ways to compute each chunk of them, `[n, D]`.
    ///
    /// Each is called twice and must give the same both times.
    typealias Side = [() throws -> Tensor]

    /// Cuts a batch into as few chunks as can be, as even as can be: a rest of one image would have
    /// batch norms without a variance.
    ///
    /// - Parameters:
    ///   - count: Items in the batch.
    ///   - size: The most items of a chunk, at least 1.
    /// - Returns: Chunks in order, of which none has more than one item more than another.
    nonisolated static func chunks(of count: Int, size: Int) -> [Range<Int>] {
        let number = (count + size - 1) / size
        return (0..<number).map { $0 * count / number..<($0 + 1) * count / number }
    }

    /// Adds the gradients of a loss to all parameters behind the embeddings.
    ///
    /// - Parameters:
    ///   - sides: The embeddings that the loss takes.
    ///   - scale: What the loss is multiplied by before gradients are taken.
    ///   - once: Runs the first of the two passes so that it leaves no trace in the model.
    ///   - loss: One number from every side's embeddings, `[N, D]` in single precision; the
    ///     parameters it uses itself, such as a temperature, get their gradients too.
    /// - Returns: The loss, not multiplied.
    /// - Throws: What computing a chunk or the loss throws.
    static func addGradients(
        of sides: [Side], scale: Double = 1,
        once: (() throws -> [Tensor]) throws -> [Tensor] = { try $0() },
        loss: ([Tensor]) throws -> Tensor
    ) throws -> Float {
        let embeddings = try once {
            try withoutGradients {
                try sides.map { chunks in
                    try Tensor.concatenated(
                        chunks.map { try $0().converted(to: .float32) }, dimension: 0)
                }
            }
        }
        for embedding in embeddings { try embedding.setRequiresGradient(true) }
        let value = try loss(embeddings)
        try value.scaled(by: scale).backward()
        for (chunks, embedding) in zip(sides, embeddings) {
            guard let gradient = try embedding.gradient() else { continue }
            var start = 0
            for chunk in chunks {
                let part = try chunk().converted(to: .float32)
                let rows = start..<start + part.shape[0]
                start = rows.upperBound
                // The derivative of this sum by a parameter is the chain rule's product.
                try part.multiplied(by: gradient.narrowed(dimension: 0, to: rows)).sum().backward()
            }
        }
        return try value.item()
    }
}
