// How well queries are found by what their pictures are like: which of them nobody should expect
// to be found.
//
// SPDX-License-Identifier: MIT

import ReIdentData
import ReIdentImages
public import ReIdentMetrics

/// An evaluation's figures by the quality of its queries.
public struct QueryQuality: Sendable, Equatable, Encodable {
    /// Queries that are alike in some way.
    public struct Group: Sendable, Equatable, Encodable {
        /// What they have in common: `height`, `blur`, or a remark such as `small`.
        public let name: String
        /// The least and greatest value in the group; nil for a remark.
        public let range: [Double]?
        /// How many queries there are, those counted in figures.
        public let queries: Int
        /// Mean average precision of them, 0...1.
        public let meanAveragePrecision: Double

        enum CodingKeys: String, CodingKey {
            case name, range, queries
            case meanAveragePrecision = "mAP"
        }
    }

    /// Thirds of the queries by height, then by blur, from the least to the greatest.
    public let bins: [Group]
    /// Queries with something wrong, by what it is; none that nothing is wrong with.
    public let remarks: [Group]
    /// Queries that nothing is wrong with; nil if there is none.
    public let good: Group?
}

extension EmbeddedRetrieval {
    /// The figures by the quality of queries.
    ///
    /// - Parameter scores: The evaluation's figures.
    /// - Returns: Groups of the queries that the figures count and whose pictures can be read.
    public func queryQuality(_ scores: RetrievalScores) -> QueryQuality {
        let counted = scores.queries.enumerated().compactMap { row, score in
            score.map { (row: row, precision: $0.averagePrecision) }
        }
        let measured = ImageSource.seen(
            counted.map { ImageSource(retrieval.queries[$0.row].source) }, ImageQuality.init)
        let queries = zip(measured, counted).compactMap { seen, query in
            (try? seen.get()).map { quality in
                let isShared =
                    secondPlayers.map { $0[query.row] } ?? 0 > PlayerEncoder.surelySecondPlayer
                return (
                    quality: quality, remarks: quality.remarks + (isShared ? [.shared] : []),
                    precision: query.precision
                )
            }
        }
        typealias Query = (
            quality: ImageQuality, remarks: [ImageQuality.Remark], precision: Double
        )
        func group(
            _ name: String, _ part: [Query], _ range: [Double]? = nil
        ) -> QueryQuality.Group? {
            guard !part.isEmpty else { return nil }
            return QueryQuality.Group(
                name: name, range: range, queries: part.count,
                meanAveragePrecision: part.reduce(0) { $0 + $1.precision } / Double(part.count))
        }
        func thirds(_ name: String, _ value: (ImageQuality) -> Double) -> [QueryQuality.Group] {
            let sorted = queries.sorted { value($0.quality) < value($1.quality) }
            guard sorted.count >= 6 else { return [] }
            return (0..<3).compactMap { third in
                let part = Array(
                    sorted[third * sorted.count / 3..<(third + 1) * sorted.count / 3])
                guard let first = part.first, let last = part.last else { return nil }
                return group(name, part, [value(first.quality), value(last.quality)])
            }
        }
        return QueryQuality(
            bins: thirds("height") { Double($0.height) } + thirds("blur") { $0.blur },
            remarks: ImageQuality.Remark.allCases.compactMap { remark in
                group(remark.rawValue, queries.filter { $0.remarks.contains(remark) })
            }, good: group("good", queries.filter { $0.remarks.isEmpty }))
    }
}
