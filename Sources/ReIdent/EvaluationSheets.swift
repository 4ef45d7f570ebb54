// Sheets of an evaluation's best and worst queries.
//
// SPDX-License-Identifier: MIT

import ReIdentData
public import ReIdentImages
public import ReIdentMetrics

/// The queries that a model finds best and worst, with what it finds.
public struct EvaluationSheets: Sendable {
    /// A query with its figures.
    public struct Query: Sendable, Equatable {
        /// Its row.
        public let row: Int
        /// Who is on it.
        public let identity: String
        /// The image's path in its data set.
        public let path: String
        /// Average precision, 0...1.
        public let averagePrecision: Double
        /// Rank of the first right match, from 1.
        public let firstMatchRank: Int
    }

    /// The queries found best, best first.
    public let best: [Query]
    /// The queries found worst, worst first.
    public let worst: [Query]

    private let embedded: EmbeddedRetrieval

    /// Chooses the queries.
    ///
    /// No query is both among the best and the worst. Of equal ones the earlier come first, so the
    /// same data give the same sheets.
    ///
    /// - Parameters:
    ///   - embedded: The evaluation's images and embeddings.
    ///   - scores: Their figures.
    ///   - count: How many of each at most.
    public init(
        of embedded: EmbeddedRetrieval, scores: RetrievalScores, count: Int = RankedSheet.mostRows
    ) {
        self.embedded = embedded
        let queries = scores.queries.enumerated().compactMap { row, score in
            score.map { score in
                let image = embedded.retrieval.queries[row]
                return Query(
                    row: row, identity: image.identity, path: image.path,
                    averagePrecision: score.averagePrecision, firstMatchRank: score.firstMatchRank)
            }
        }
        let ordered = queries.sorted { first, second in
            first.averagePrecision == second.averagePrecision
                ? first.row < second.row : first.averagePrecision > second.averagePrecision
        }
        let shown = min(count, (ordered.count + 1) / 2)
        best = Array(ordered.prefix(shown))
        worst = ordered.dropFirst(shown).suffix(shown).reversed()
    }

    /// A sheet of some of the queries.
    ///
    /// - Parameters:
    ///   - queries: Some of `best` or `worst`.
    ///   - title: The heading.
    ///   - subtitle: The line below it.
    /// - Returns: The sheet, whose pictures are decoded.
    /// - Throws: `ImageError` if an image cannot be decoded any more, `MetricsError`, or
    ///   `CancellationError`.
    public func sheet(
        of queries: [Query], title: String, subtitle: String
    ) throws -> RankedSheet {
        var rows: [RankedSheet.Row] = []
        for query in queries {
            try Task.checkCancellation()
            let found = Self.shown(
                of: try embedded.ranking(ofQuery: query.row, count: .max),
                count: RankedSheet.mostEntries)
            let source = embedded.retrieval.queries[query.row].source
            rows.append(
                RankedSheet.Row(
                    query: .init(
                        image: try ImageSource(source).decoded(), title: "query",
                        lines: [
                            query.identity, "AP \(query.averagePrecision.percent)",
                            "first right: \(query.firstMatchRank)",
                        ]),
                    matches: try found.map { rank, match in
                        .init(
                            image: try ImageSource(match.image.source).decoded(),
                            title: RankedSheet.title(rank: rank, match.similarity),
                            lines: [match.image.isDistractor ? "nobody" : match.image.identity],
                            mark: match.isRight ? .right : .wrong)
                    }))
        }
        return RankedSheet(title: title, subtitle: subtitle, rows: rows)
    }

    /// What a row shows of a ranking, with ranks from 1: its beginning; where nothing in that is
    /// right, the last place is that of the first right image, so that one sees what was missed.
    static func shown(
        of ranking: [RankedImage], count: Int
    ) -> [(rank: Int, match: RankedImage)] {
        let ranked = ranking.enumerated().map { (rank: $0 + 1, match: $1) }
        let first = ranked.prefix(count)
        guard !first.contains(where: \.match.isRight),
            let right = ranked.first(where: \.match.isRight)
        else { return Array(first) }
        return first.dropLast() + [right]
    }
}

extension RankedSheet {
    /// For example `3   0.913`: the line below a picture that was found.
    ///
    /// - Parameters:
    ///   - rank: From 1.
    ///   - similarity: -1...1.
    /// - Returns: The line.
    public static func title(rank: Int, _ similarity: Float) -> String {
        "\(rank)   \(Double(similarity).rounded(toPlaces: 3))"
    }
}

extension Double {
    /// For example `12.3 %`, of a share.
    var percent: String { "\((100 * self).rounded(toPlaces: 1)) %" }

    /// The number with so many digits after the point.
    func rounded(toPlaces places: Int) -> String {
        let digits = String(Int((abs(self) * pow10(places)).rounded()))
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let sign = self < 0 && digits.contains { $0 != "0" } ? "-" : ""
        return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
    }

    private func pow10(_ places: Int) -> Double {
        (0..<places).reduce(1) { product, _ in product * 10 }
    }
}
