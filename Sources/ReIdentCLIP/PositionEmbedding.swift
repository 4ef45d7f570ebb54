// Position embeddings for another image size: the grid is resampled, the class token's row kept.
// Bicubic, antialiased, as resize_pos_embed in mlfoundations/open_clip, src/open_clip/model.py.
//
// SPDX-License-Identifier: MIT

import ReIdentImages

/// A learned position embedding, `[1 + G x G, E]`, class token first.
struct PositionEmbedding {
    /// The numbers, row-major.
    let values: [Float]
    /// Width E of the tokens.
    let width: Int

    /// Number of patches along one side; nil if the rows are not a class token and a square grid.
    static func gridSize(rows: Int) -> Int? {
        // A file may claim any shape for a tensor without elements; no grid is near the limit.
        guard rows >= 2, rows <= 1 << 40 else { return nil }
        let side = Int(Double(rows - 1).squareRoot().rounded())
        return side * side == rows - 1 ? side : nil
    }

    /// The same of a tensor's shape, `[T, E]` or `[1, T, E]`.
    static func gridSize(shape: [Int]) -> Int? {
        guard shape.count >= 2 else { return nil }
        return gridSize(rows: shape[shape.count - 2])
    }

    /// The embedding for a grid of other sides.
    ///
    /// - Parameters:
    ///   - gridSize: Side of the present grid, `1 + gridSize²` rows in all.
    ///   - height: Rows of the new grid.
    ///   - columns: Columns of the new grid.
    /// - Returns: The embedding with `1 + height x columns` rows.
    func resampled(
        from gridSize: Int, toHeight height: Int, width columns: Int
    ) -> PositionEmbedding {
        precondition(values.count == (1 + gridSize * gridSize) * width, "rows do not fit the grid")
        let across = ResamplingWeights.bicubic(from: gridSize, to: columns)
        let down = ResamplingWeights.bicubic(from: gridSize, to: height)
        // The rows first, as PyTorch does.                              [G, G, E] -> [G, W, E]
        var wide = [Double](repeating: 0, count: gridSize * columns * width)
        for row in 0..<gridSize {
            for column in 0..<columns {
                let target = (row * columns + column) * width
                for (offset, weight) in across.weights(of: column).enumerated() {
                    let source = (1 + row * gridSize + across.first[column] + offset) * width
                    for channel in 0..<width {
                        wide[target + channel] += weight * Double(values[source + channel])
                    }
                }
            }
        }
        var result = Array(values[..<width])
        result.reserveCapacity((1 + height * columns) * width)
        for row in 0..<height {
            for column in 0..<columns {
                var sums = [Double](repeating: 0, count: width)
                for (offset, weight) in down.weights(of: row).enumerated() {
                    let source = ((down.first[row] + offset) * columns + column) * width
                    for channel in 0..<width { sums[channel] += weight * wide[source + channel] }
                }
                result.append(contentsOf: sums.map(Float.init))
            }
        }
        return PositionEmbedding(values: result, width: width)
    }
}
