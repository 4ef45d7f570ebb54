// The page of `evaluate --sheets`: figures, the sheets, and the same in words.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentMetrics
import ReIdentReports

/// A page that needs nothing but the pictures beside it.
struct SheetsPage {
    /// One sheet.
    struct Part {
        let file: String
        let width: Int
        let height: Int
        let title: String
        let queries: [EvaluationSheets.Query]
    }

    let dataset: String
    let model: String
    let scores: RetrievalScores
    let parts: [Part]

    /// The whole page.
    var html: String {
        Page(title: "\(dataset): best and worst queries", body: body).html
    }

    private var body: String {
        """
        <p>Data set <b>\(dataset.escapedForHTML)</b>, model <b>\(model.escapedForHTML)</b>. \
        \(scores.queryCount) queries, \(scores.galleryCount) gallery images\
        \(scores.droppedQueries.isEmpty
            ? "" : ", \(scores.droppedQueries.count) queries without a match not counted").</p>
        \(figures)
        <p>Each row shows a query and the images most similar to it, best first, with rank and \
        cosine similarity. A whole green frame with a tick is the same player, a dashed red frame \
        with a cross another one. Where none of the first is right, the last one shown is the \
        first that is, with its own rank. Images of the query's player by the query's camera \
        are left out, as they are in the figures.</p>
        \(parts.map(section).joined(separator: "\n"))
        """
    }

    private var figures: String {
        let names =
            [("mAP", "mAP"), ("mINP", "mINP")] + [1, 5, 10].map { ("rank-\($0)", "rank\($0)") }
        var values = [
            "mAP": scores.meanAveragePrecision, "mINP": scores.meanInverseNegativePenalty,
        ]
        for (rank, share) in scores.cumulativeMatching[.market1501] ?? [:] {
            values["rank\(rank)"] = share
        }
        let rows = names.compactMap { label, key in
            values[key].map { value in
                let interval = scores.intervals[key].map {
                    "\(Self.percent($0.lowerBound)) to \(Self.percent($0.upperBound))"
                }
                return "<tr><th scope=\"row\">\(label)</th><td>\(Self.percent(value))</td>"
                    + "<td>\(interval ?? "")</td></tr>"
            }
        }
        return """
            <table>
            <thead><tr><th scope="col">figure</th><th scope="col">value, %</th>\
            <th scope="col">95% interval</th></tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            """
    }

    private func section(_ part: Part) -> String {
        let rows = part.queries.map { query in
            "<tr><td class=\"text\">\(query.identity.escapedForHTML)</td>"
                + "<td>\(Self.percent(query.averagePrecision))</td>"
                + "<td>\(query.firstMatchRank)</td>"
                + "<td class=\"text\">\(query.path.escapedForHTML)</td></tr>"
        }
        return """
            <section>
            <h2>\(part.title)</h2>
            <a href="\(part.file)"><img src="\(part.file)" width="\(part.width)" \
            height="\(part.height)" alt="\(alternative(part).escapedForHTML)"></a>
            <details>
            <summary>These queries in words</summary>
            <table>
            <thead><tr><th scope="col" class="text">player</th>\
            <th scope="col">average precision, %</th><th scope="col">first right rank</th>\
            <th scope="col" class="text">query</th></tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            </details>
            </section>
            """
    }

    /// What the picture shows, for whoever does not see it.
    private func alternative(_ part: Part) -> String {
        let queries = part.queries.map {
            "player \($0.identity), average precision \(Self.percent($0.averagePrecision)) %, "
                + "first right match at rank \($0.firstMatchRank)"
        }
        return "\(part.title): \(part.queries.count) queries with their nearest images. "
            + queries.joined(separator: "; ") + "."
    }

    private static func percent(_ share: Double) -> String { String(format: "%.1f", 100 * share) }
}
