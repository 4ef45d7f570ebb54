// The search that compares every query with every vector.
//
// SPDX-License-Identifier: MIT

public import ReIdentMetrics

/// Compares every query with every vector, as ``NearestRows`` does.
public struct ExactSearch: VectorSearch {
    private let rows: NearestRows

    /// A search among vectors of unit length, `[N, D]`.
    public init(_ vectors: EmbeddingMatrix) { rows = NearestRows(vectors) }

    public var count: Int { rows.vectors.count }
    public var dimension: Int { rows.vectors.dimension }

    public func nearest(
        to queries: EmbeddingMatrix, count: Int
    ) throws(IndexError) -> [[Neighbor]] {
        do throws(MetricsError) {
            return try rows.nearest(to: queries, count: count).map { ranked in
                ranked.map(Neighbor.init)
            }
        } catch {
            throw .search(error)
        }
    }
}

extension Neighbor {
    /// A row with its product, of which rounding beyond what unit vectors can have is taken off.
    init(_ found: RankedRow) {
        self.init(row: found.row, similarity: min(1, max(-1, found.product)))
    }
}
