// A small matrix laid out once for many products on the calling thread: a convolution's weights.
//
// SPDX-License-Identifier: MIT

import CDotProducts

/// A matrix whose rows are multiplied with panels of vectors that lie side by side.
public struct PackedMatrix: Sendable {
    /// Vectors in a panel.
    public static let panelWidth = Int(REIDENT_DOT_RIGHT)

    /// Rows of the matrix.
    public let rowCount: Int
    /// Components of a row.
    public let depth: Int
    /// Rows that a product writes: those of the matrix, and zeros up to a multiple of a tile.
    public let writtenRows: Int
    private let panels: [Float]

    /// Lays out a matrix.
    ///
    /// - Parameters:
    ///   - values: Row by row, as many as `depth` times the rows.
    ///   - depth: Components of a row, at least 1.
    public init(_ values: [Float], depth: Int) {
        precondition(depth > 0 && values.count.isMultiple(of: depth), "rows are whole")
        let height = Int(REIDENT_DOT_LEFT)
        let rowCount = values.count / depth
        let tiles = (rowCount + height - 1) / height
        var panels = [Float](repeating: 0, count: tiles * height * depth)
        panels.withUnsafeMutableBufferPointer { target in
            values.withUnsafeBufferPointer { source in
                guard let target = target.baseAddress, let source = source.baseAddress else {
                    return
                }
                for tile in 0..<tiles {
                    let first = tile * height
                    reident_dot_pack(
                        source + first * depth, min(height, rowCount - first), depth, height,
                        target + first * depth)
                }
            }
        }
        (self.rowCount, self.depth, self.panels) = (rowCount, depth, panels)
        writtenRows = tiles * height
    }

    /// Multiplies every row with every vector of a panel.
    ///
    /// - Parameters:
    ///   - panel: `[depth, panelWidth]`: component after component, the vectors side by side.
    ///   - products: Becomes `[writtenRows, panelWidth]`.
    public func multiply(
        panel: UnsafeMutableBufferPointer<Float>, into products: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(
            panel.count >= depth * Self.panelWidth
                && products.count >= writtenRows * Self.panelWidth, "there is room")
        panels.withUnsafeBufferPointer { packed in
            guard let left = packed.baseAddress, let right = panel.baseAddress,
                let out = products.baseAddress
            else { return }
            for row in stride(from: 0, to: writtenRows, by: Int(REIDENT_DOT_LEFT)) {
                reident_dot_tile(
                    bestLevel, depth, left + row * depth, right, out + row * Self.panelWidth,
                    Self.panelWidth)
            }
        }
    }
}
