// A vision transformer on the patches that show a crop, of crops of any shapes at once.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine
import ReIdentImages

extension VisionTransformer {
    /// Embeddings by the patches that show a part of each crop, at their own positions; tokens of
    /// one crop attend to one another alone.
    ///
    /// - Parameters:
    ///   - batch: N images of side `imageSize`; they are moved by less than a patch.
    ///   - observe: Is shown `features` and `projected`, as for all tokens.
    /// - Returns: `[N, D]`, or `[N, E]` unprojected, in the encoder's number format.
    /// - Throws: `EngineError` if memory is exhausted.
    func contentEmbedding(
        of batch: ImageBatch, observe: StageObserver?
    ) throws(EngineError) -> Tensor {
        let size = configuration.patchSize
        let aligned = batch.alignedToPatches(of: size)
        let content = ContentTokens(aligned.contents, side: imageSize, patchSize: size)
        func indices(_ values: [Int64]) throws(EngineError) -> Tensor {
            try .integers(values, shape: [values.count], device: device)
        }
        let cut = try pixels(of: aligned).patches(size: size)  // [N, P, 3·size²]
        let all = cut.shape[0] * cut.shape[1]
        let shown = try cut.reshaped([all, cut.shape[2]]).rows(at: indices(content.patches))
        let tokens = try packedTokens(
            of: shown, sources: indices(content.sources), positions: indices(content.positions))
        return try embedding(of: tokens, content: content, observe: observe)
    }
}
