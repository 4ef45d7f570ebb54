// What became of an index's vectors when it was changed, so that a graph can follow.
//
// SPDX-License-Identifier: MIT

import ReIdentMetrics

extension VectorIndex {
    /// For each of this index's rows the row of the same image with the same vector in another one.
    ///
    /// - Parameter other: What became of this index.
    /// - Returns: As many as images; nil where the image is gone or has another vector.
    /// - Throws: `IndexError.search` if the vectors cannot be read.
    public func rows(in other: VectorIndex) throws(IndexError) -> [Int?] {
        guard dimension == other.dimension else { return Array(repeating: nil, count: count) }
        let places = Dictionary(
            other.entries.enumerated().map { ($1.path, $0) },
            uniquingKeysWith: { first, _ in first })
        do throws(MetricsError) {
            return try vectors.withValues { (mine) throws(MetricsError) in
                try other.vectors.withValues { theirs in
                    entries.enumerated().map { row, entry in
                        guard let place = places[entry.path] else { return nil }
                        let isSame = (0..<dimension).allSatisfy {
                            mine[row * dimension + $0] == theirs[place * dimension + $0]
                        }
                        return isSame ? place : nil
                    }
                }
            }
        } catch {
            throw .search(error)
        }
    }
}
