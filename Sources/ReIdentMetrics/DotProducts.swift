// Dot products of stretches of vectors on all cores, without an engine.
//
// SPDX-License-Identifier: MIT

import CDotProducts
import ReIdentFoundation

/// Supplies blocks of dot products between all images of a re-ranking, queries first.
///
/// ``Reranking`` has its own products; an engine that has faster ones puts them in here.
public protocol SimilarityBlocks: Sendable {
    /// N, queries and gallery together.
    var count: Int { get }

    /// Writes the dot products of some images with some others.
    ///
    /// May be called from several threads; the product of a pair must not depend on the block.
    ///
    /// - Parameters:
    ///   - block: Filled row-major, `[rows.count, columns.count]`.
    ///   - rows: Images by number, queries first.
    ///   - columns: Images by number, queries first.
    /// - Throws: `MetricsError` when the product fails.
    func fill(
        _ block: UnsafeMutableBufferPointer<Float>, rows: Range<Int>, columns: Range<Int>
    ) throws(MetricsError)
}

/// Vectors of one size that lie in one or several pieces of memory, numbered through.
// SAFETY: the pointers are only read, and live as long as the call that made this value.
struct StackedVectors: @unchecked Sendable {
    private let pieces: [(first: Int, vectors: UnsafePointer<Float>)]
    let count: Int
    let dimension: Int

    /// Stacks pieces of row-major memory, each a whole number of vectors.
    init(_ parts: [UnsafeBufferPointer<Float>], dimension: Int) {
        self.dimension = dimension
        var pieces: [(first: Int, vectors: UnsafePointer<Float>)] = []
        var count = 0
        for part in parts {
            guard let base = part.baseAddress, !part.isEmpty else { continue }
            pieces.append((count, base))
            count += part.count / dimension
        }
        self.pieces = pieces
        self.count = count
    }

    /// One vector.
    subscript(index: Int) -> UnsafePointer<Float> {
        var position = pieces.count - 1
        while pieces[position].first > index { position -= 1 }
        return pieces[position].vectors + (index - pieces[position].first) * dimension
    }

    /// Calls `body` for each stretch of `range` that is contiguous in memory.
    func forEachStretch(in range: Range<Int>, _ body: (Range<Int>, UnsafePointer<Float>) -> Void) {
        for (position, piece) in pieces.enumerated() {
            let end = position + 1 < pieces.count ? pieces[position + 1].first : count
            let stretch = range.clamped(to: piece.first..<end)
            guard !stretch.isEmpty else { continue }
            body(stretch, piece.vectors + (stretch.lowerBound - piece.first) * dimension)
        }
    }
}

/// The best instructions this machine has.
let bestLevel = reident_dot_levels() - 1

/// Writes the dot products of rows with columns, row-major `[rows.count, columns.count]`.
///
/// A product has the same bits whatever block it is in, and whichever of the two comes first.
/// Levels of instructions may differ in the last bits.
func fillDotProducts(
    _ block: UnsafeMutableBufferPointer<Float>, rows: Range<Int>, of left: StackedVectors,
    columns: Range<Int>, of right: StackedVectors, level: Int32 = bestLevel
) {
    let depth = left.dimension
    let tileRows = Int(REIDENT_DOT_LEFT)
    let tileColumns = Int(REIDENT_DOT_RIGHT)
    let leftPanels = (rows.count + tileRows - 1) / tileRows
    let rightPanels = (columns.count + tileColumns - 1) / tileColumns
    guard leftPanels > 0, rightPanels > 0 else { return }

    withUnsafeTemporaryAllocation(of: Float.self, capacity: leftPanels * tileRows * depth) {
        packed in
        let panels = DisjointValues(packed)
        parallelForEach(count: leftPanels) { panel in
            pack(left, rows, panel: panel, width: tileRows, into: panels.pointer, at: panel)
        }
        let output = DisjointValues(block)
        parallelForEach(count: rightPanels) { panel in
            let start = panel * tileColumns
            let valid = min(tileColumns, columns.count - start)
            let room = tileColumns * depth + tileRows * tileColumns
            withUnsafeTemporaryAllocation(of: Float.self, capacity: room) { scratch in
                pack(right, columns, panel: panel, width: tileColumns, into: scratch, at: 0)
                guard let packedRight = UnsafePointer(scratch.baseAddress),
                    let packedLeft = UnsafePointer(panels.pointer.baseAddress),
                    let tile = scratch.baseAddress.map({ $0 + tileColumns * depth }),
                    let out = output.pointer.baseAddress
                else { return }
                for leftPanel in 0..<leftPanels {
                    let firstRow = leftPanel * tileRows
                    let validRows = min(tileRows, rows.count - firstRow)
                    let place = out + firstRow * columns.count + start
                    let panelStart = packedLeft + leftPanel * tileRows * depth
                    if validRows == tileRows, valid == tileColumns {
                        reident_dot_tile(
                            level, depth, panelStart, packedRight, place, columns.count)
                        continue
                    }
                    reident_dot_tile(
                        level, depth, panelStart, packedRight, tile, tileColumns)
                    for row in 0..<validRows {
                        (place + row * columns.count)
                            .update(from: tile + row * tileColumns, count: valid)
                    }
                }
            }
        }
    }
}

/// Packs the vectors of one panel; places beyond the last vector become zero.
private func pack(
    _ vectors: StackedVectors, _ range: Range<Int>, panel: Int, width: Int,
    into memory: UnsafeMutableBufferPointer<Float>, at position: Int
) {
    guard let base = memory.baseAddress else { return }
    let target = base + position * width * vectors.dimension
    let start = range.lowerBound + panel * width
    let wanted = start..<min(range.upperBound, start + width)
    if wanted.count < width { target.update(repeating: 0, count: width * vectors.dimension) }
    vectors.forEachStretch(in: wanted) { stretch, source in
        reident_dot_pack(
            source, stretch.count, vectors.dimension, width,
            target + (stretch.lowerBound - start))
    }
}
