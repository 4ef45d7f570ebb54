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
                ranked.map { found in
                    // But for rounding, products of unit vectors lie there.
                    Neighbor(row: found.row, similarity: min(1, max(-1, found.product)))
                }
            }
        } catch {
            throw .search(error)
        }
    }
}
