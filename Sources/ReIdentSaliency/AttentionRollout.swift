// Attention roll-out: which patches a transformer's class token looked at, over all blocks. It does
// not know what an image is compared with, so it is a yardstick for maps that do.
//
// Abnar and Zuidema, Quantifying Attention Flow in Transformers, 2020.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
public import ReIdentImages

extension ScoreCAM {
    /// The roll-out of a crop.
    ///
    /// Each block's attention is the mean over its heads, half of it the identity for the residual
    /// path; the class token's row of the product of all blocks is the map.
    ///
    /// - Parameter image: A crop in the encoder's square.
    /// - Returns: The map on the grid of patches; nil for a convolutional encoder.
    /// - Throws: `EngineError` if memory is exhausted.
    public func rollout(of image: PreparedImage) throws -> SaliencyMap? {
        guard let heads else { return nil }
        var joined: [(block: Int, tensor: Tensor)] = []
        let (image, pixels) = try placed(image)
        _ = try model.embedding(ofPixels: pixels, showing: [image.content]) { name, value in
            guard name.hasPrefix("qkv."), let block = Int(name.dropFirst(4)) else { return }
            joined.append((block, value))
        }
        // Only the class token's row is asked for, so blocks are gone through from the last.
        var row: [Float] = []
        for (_, tensor) in joined.sorted(by: { $0.block > $1.block }) {
            let values = try tensor.converted(to: .float32).floatValues()
            let (tokens, width) = (tensor.shape[1], tensor.shape[2] / 3)  // [1, T, 3E]
            if row.isEmpty { row = [1] + [Float](repeating: 0, count: tokens - 1) }
            var next = row.map { $0 / 2 }
            for (token, weight) in row.enumerated() where weight != 0 {
                let attention = Self.attention(
                    of: token, values, tokens: tokens, width: width, heads: heads)
                for (other, value) in attention.enumerated() { next[other] += weight / 2 * value }
            }
            row = next
        }
        let grid = tokenGrid(of: image, tokens: row.count)
        return SaliencyMap(
            rows: grid.side, columns: grid.side,
            values: zip(grid.tokens, image.cellsOfContent(side: grid.side))
                .map { $1 ? row[$0] : 0 }
        ).scaledToOne()
    }

    /// How a token's attention is spread over all tokens, the mean over heads: `[T]`, sum 1.
    private static func attention(
        of token: Int, _ values: [Float], tokens: Int, width: Int, heads: Int
    ) -> [Float] {
        let headWidth = width / heads
        let scale = 1 / Float(headWidth).squareRoot()
        var mean = [Float](repeating: 0, count: tokens)
        for head in 0..<heads {
            let query = token * 3 * width + head * headWidth
            let logits = (0..<tokens).map { other -> Float in
                let key = other * 3 * width + width + head * headWidth
                var sum: Float = 0
                for place in 0..<headWidth { sum += values[query + place] * values[key + place] }
                return sum * scale
            }
            let largest = logits.max() ?? 0
            let exponentials = logits.map { Foundation.exp($0 - largest) }
            let sum = exponentials.reduce(0, +) * Float(heads)
            for (other, value) in exponentials.enumerated() { mean[other] += value / sum }
        }
        return mean
    }
}
