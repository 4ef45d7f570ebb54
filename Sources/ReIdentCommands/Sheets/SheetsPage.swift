// The page of `evaluate --sheets`: figures, the sheets, and the same in words.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentMetrics

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
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(Self.escaped("\(dataset): best and worst queries"))</title>
        <style>
        \(Self.style)
        </style>
        </head>
        <body>
        <main>
        <h1>Best and worst queries</h1>
        <p>Data set <b>\(Self.escaped(dataset))</b>, model <b>\(Self.escaped(model))</b>. \
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
        </main>
        </body>
        </html>

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
            "<tr><td class=\"text\">\(Self.escaped(query.identity))</td>"
                + "<td>\(Self.percent(query.averagePrecision))</td>"
                + "<td>\(query.firstMatchRank)</td>"
                + "<td class=\"text\">\(Self.escaped(query.path))</td></tr>"
        }
        return """
            <section>
            <h2>\(part.title)</h2>
            <a href="\(part.file)"><img src="\(part.file)" width="\(part.width)" \
            height="\(part.height)" alt="\(Self.escaped(alternative(part)))"></a>
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

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1b2027; --soft: #525c69; --line: #d3d9e1;
          --ground: #ffffff; --link: #0b57b0; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e8ebef; --soft: #a9b3c0;
          --line: #3a434f; --ground: #14181d; --link: #8ab8ff; } }
        body { margin: 0; background: var(--ground); color: var(--ink);
          font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 1400px; margin: 0 auto; padding: 24px; }
        h1 { font-size: 26px; margin: 0 0 8px; } h2 { font-size: 20px; margin: 32px 0 12px; }
        p { max-width: 46em; color: var(--soft); } p b { color: var(--ink); }
        table { border-collapse: collapse; margin: 12px 0; }
        th, td { padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); text-align: right;
          font-variant-numeric: tabular-nums; }
        th[scope="row"], th:first-child, .text { text-align: left; }
        .text { overflow-wrap: anywhere; }
        img { max-width: 100%; height: auto; display: block; border-radius: 6px; }
        summary { cursor: pointer; color: var(--link); margin-top: 10px; }
        """
}
