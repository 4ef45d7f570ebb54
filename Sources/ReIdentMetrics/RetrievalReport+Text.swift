// The same figures as a table for people.
//
// SPDX-License-Identifier: MIT

extension RetrievalReport {
    /// A plain text table: counts, dropped queries in words, figures in percent.
    public var text: String {
        var lines = [
            "\(queryCount) queries, \(galleryCount) gallery images", droppedQueriesInWords, "",
        ]
        lines.append(contentsOf: table(headlineRows))
        lines.append("")
        lines.append(contentsOf: table(matchingRows(cumulativeMatching, title: "CMC")))
        if let reranked {
            lines.append("")
            lines.append(
                contentsOf: table(
                    matchingRows(reranked.cumulativeMatching, title: "CMC, re-ranked")))
        }
        return lines.joined(separator: "\n")
    }

    /// How many queries no figure counts, and why.
    public var droppedQueriesInWords: String {
        let reason =
            "the gallery holds no other image of the player under another camera"
        switch droppedQueryCount {
        case 0: return "Every query is counted."
        case 1: return "1 query is not counted: \(reason)."
        default: return "\(droppedQueryCount) queries are not counted: \(reason)."
        }
    }

    private var headlineRows: [[String]] {
        var header = ["", "value", "95% interval"]
        var rows = [
            ["mAP", percent(meanAveragePrecision), interval("mAP")],
            ["mINP", percent(meanInverseNegativePenalty), interval("mINP")],
        ]
        let ranks = rankKeys(cumulativeMatching.market1501)
        for rank in ranks {
            rows.append([
                "rank-\(rank)", percent(cumulativeMatching.market1501?[rank]),
                interval("rank\(rank)"),
            ])
        }
        if let reranked {
            header.append("re-ranked")
            rows[0].append(percent(reranked.meanAveragePrecision))
            rows[1].append(percent(reranked.meanInverseNegativePenalty))
            for (position, rank) in ranks.enumerated() {
                rows[position + 2].append(percent(reranked.cumulativeMatching.market1501?[rank]))
            }
        }
        return [header] + rows
    }

    private func matchingRows(_ matching: CumulativeMatching, title: String) -> [[String]] {
        [[title, "market1501", "allshots", "cuhk03"]]
            + rankKeys(matching.market1501).map { rank in
                [
                    "rank-\(rank)", percent(matching.market1501?[rank]),
                    percent(matching.allShots?[rank]), percent(matching.cuhk03?[rank]),
                ]
            }
    }

    private func rankKeys(_ shares: [String: Double]?) -> [String] {
        (shares ?? [:]).keys.compactMap { Int($0) }.sorted().map { String($0) }
    }

    private func interval(_ name: String) -> String {
        guard let bounds = intervals[name], bounds.count == 2 else { return "-" }
        return "\(percent(bounds[0])) to \(percent(bounds[1]))"
    }
}

/// A share as percent with two decimals, or a dash.
private func percent(_ share: Double?) -> String {
    guard let share else { return "-" }
    let hundredths = Int((share * 10_000).rounded())
    let decimals = String(hundredths % 100)
    return "\(hundredths / 100).\(decimals.count < 2 ? "0" : "")\(decimals)"
}

/// Columns of equal width, the first aligned left, the others right.
private func table(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
        rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
        row.enumerated().map { column, cell in
            let padding = String(repeating: " ", count: widths[column] - cell.count)
            return column == 0 ? cell + padding : padding + cell
        }.joined(separator: "  ")
    }
}
