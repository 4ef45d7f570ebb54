// A vision transformer on the patches that show a crop, of crops of any shapes at once.
//
// SPDX-License-Identifier: MIT

public import ReIdentEngine
public import ReIdentImages

extension VisionTransformer {
    /// By content tokens, images moved to where patches begin.
    public func placed(_ batch: ImageBatch) -> ImageBatch {
        tokenSelection == .all ? batch : batch.alignedToPatches(of: configuration.patchSize)
    }

    /// Embeddings by the patches that take part, at their own positions; tokens of one crop attend
    /// to one another alone.
    public func embedding(
        ofPixels pixels: Tensor, showing contents: [PixelRectangle], observe: StageObserver?
    ) throws(EngineError) -> Tensor {
        guard tokenSelection == .content else {
            return try embedding(ofPixels: pixels, observe: observe)
        }
        let size = configuration.patchSize
        let content = ContentTokens(contents, side: imageSize, patchSize: size)
        func indices(_ values: [Int64]) throws(EngineError) -> Tensor {
            try .integers(values, shape: [values.count], device: device)
        }
        let cut = try pixels.patches(size: size)  // [N, P, 3·size²]
        let all = cut.shape[0] * cut.shape[1]
        let shown = try cut.reshaped([all, cut.shape[2]]).rows(at: indices(content.patches))
        let tokens = try packedTokens(
            of: shown, sources: indices(content.sources), positions: indices(content.positions))
        return try embedding(of: tokens, content: content, observe: observe)
    }
}
