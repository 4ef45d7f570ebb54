// The page about new footage: how good the crops are, whether the model parts the players, and what
// to change in filming or cropping.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdent
import ReIdentImages
import ReIdentMetrics

/// A report on crops that nobody has labelled.
public struct PilotPage: Sendable {
    private let folder: String
    private let study: PilotStudy
    private let unreadable: Int
    private let settings: [(name: String, value: String)]

    /// Crops that stand in a row of a sheet at most.
    private static let shown = 8

    /// Creates the page.
    ///
    /// - Parameters:
    ///   - folder: What the crops are called together.
    ///   - study: What was found.
    ///   - unreadable: How many images could not be read.
    ///   - settings: What is needed to repeat it, by name.
    public init(
        folder: String, study: PilotStudy, unreadable: Int,
        settings: [(name: String, value: String)]
    ) {
        (self.folder, self.study) = (folder, study)
        (self.unreadable, self.settings) = (unreadable, settings)
    }

    /// The page, one file.
    ///
    /// - Throws: `ImageError` if a crop cannot be decoded any more, `MetricsError` or
    ///   `CancellationError` if the task was cancelled.
    public func html() throws -> String {
        let body = """
            <p>\(subject)</p>
            <section>
            <h2>What to change</h2>
            \(advice)
            </section>
            <section>
            <h2>How good the crops are</h2>
            \(Page.plots([heights, blurs]))
            \(remarks)
            </section>
            \(try sheet(of: faulty, title: "Crops with something wrong").map(Page.section) ?? "")
            <section>
            <h2>Nearly the same picture</h2>
            <p>\(copies)</p>
            </section>
            \(try sheet(of: copied, title: "Near-duplicates").map(Page.section) ?? "")
            <section>
            <h2>Whether players can be told apart</h2>
            \(separation)
            \(Page.plots(try [neighbours, map()].compactMap { $0 }))
            </section>
            \(try sheet(of: grouped, title: "The largest groups").map(Page.section) ?? "")
            <section>
            <h2>To repeat this</h2>
            \(Page.table(["", ""], settings.map { [$0.name, $0.value] }, isText: true))
            </section>
            """
        return Page(title: "What these crops are good for", body: body).html
    }

    // MARK: Words

    private var subject: String {
        "<b>\(study.qualities.count)</b> crops in <b>\(folder.escapedForHTML)</b>"
            + (unreadable > 0 ? "; \(unreadable) images could not be read." : ".")
            + " Nobody has said who is on them, so nothing here says whether players are found; "
            + "reident report says that of labelled crops."
    }

    private var advice: String {
        let advice = study.advice
        guard !advice.isEmpty else {
            return "<p>Nothing: no fault is frequent, and the crops fall into clear groups.</p>"
        }
        return Page.table(
            ["found", "what to do"], advice.map { [$0.finding, $0.remedy] }, isText: true)
    }

    private var remarks: String {
        let total = study.qualities.count
        let remarks = study.remarks
        let good = study.qualities.indices.count { study.remarks(of: $0).isEmpty }
        let rows = remarks.map { ($0.remark.words, $0.rows.count) } + [("nothing wrong", good)]
        return Page.table(
            ["crops that are", "number", "share"],
            rows.map { [$0.0, "\($0.1)", Percent.text(Double($0.1) / Double(max(1, total)))] })
    }

    private var copies: String {
        guard study.copies > 0 else { return "No two crops are nearly the same picture." }
        return "<b>\(study.copies)</b> crops "
            + "(\(Percent.text(Double(study.copies) / Double(study.qualities.count)))) are nearly "
            + "copies of another; the largest group has \(study.duplicates[0].count). What follows "
            + "is about the crops that remain without them."
    }

    private var separation: String {
        guard let groups = study.groups else {
            return "<p>There are too few crops to be grouped.</p>"
        }
        let similarity = String(format: "%.2f", groups.similarity)
        let cut =
            groups.isCalibrated
            ? "The package is calibrated: crops count as one player from a similarity of "
                + "\(similarity) on."
            : "The package is not calibrated, so the cut was made where groups part best, at a "
                + "similarity of \(similarity)."
        let word =
            switch groups.separation {
            case 0.5...: "clearly apart"
            case 0.25...: "apart, but not clearly"
            default: "hardly apart"
            }
        return """
            <p>\(cut) \(groups.rows.count) crops fall into <b>\(groups.count)</b> groups, which \
            are <b>\(word)</b>: their mean silhouette is \
            \(String(format: "%.2f", groups.separation)), where 1 is the best, and 0 means that \
            crops are as near to another group as to their own.</p>
            <p>A group need not be a player: where shirts look alike, it may be a team. Look at \
            the sheet below.</p>
            """
    }

    // MARK: Plots

    private func histogram(
        _ title: String, _ axis: String, _ values: [Double], rule: Plot.Rule
    ) -> Plot {
        let (low, high) = (min(values.min() ?? 0, rule.value), max(values.max() ?? 1, rule.value))
        let span = max(high - low, 1e-3)
        let bins = 32
        var counts = [Double](repeating: 0, count: bins)
        for value in values {
            counts[min(bins - 1, Int((value - low) / span * Double(bins)))] += 1
        }
        let points = counts.enumerated().map {
            Plot.Point(low + Double($0) * span / Double(bins), $1)
        }
        let middle = values.sorted()[values.count / 2]
        return Plot(
            title: title, summary: "Half of the crops lie above \(String(format: "%g", middle)).",
            x: PlotAxis(axis, range: low...low + span), y: PlotAxis("crops"),
            series: [Plot.Series("", points + [.init(low + span, 0)], as: .bars)], rules: [rule])
    }

    private var heights: Plot {
        let fewest = ImageQuality.fewestRows
        return histogram(
            "Height", "rows of a crop", study.qualities.map { Double($0.height) },
            rule: .init(at: Double(fewest), "small below \(fewest)"))
    }

    private var blurs: Plot {
        histogram(
            "Blur", "blur, 0 sharp to 1", study.qualities.map { ($0.blur * 1000).rounded() / 1000 },
            rule: .init(at: ImageQuality.mostBlur, "blurred above"))
    }

    /// How near each crop's own group is, sorted: the usual picture of silhouettes.
    private var neighbours: Plot? {
        guard let groups = study.groups, groups.count > 1 else { return nil }
        let sorted = groups.silhouettes.sorted(by: >)
        let points = sorted.enumerated().map {
            Plot.Point(Double($0 + 1) / Double(sorted.count), $1)
        }
        let wrong = Double(sorted.count { $0 < 0 }) / Double(sorted.count)
        return Plot(
            title: "How much nearer a crop's own group is",
            summary: "\(Percent.text(wrong)) of the crops are nearer to another group than to "
                + "their own.",
            x: PlotAxis("% of crops, best first", format: .percent, range: 0...1),
            y: PlotAxis("silhouette"), series: [Plot.Series("", points)],
            rules: [.init(at: 0, "as near as another", isVertical: false)])
    }

    private func map() throws -> Plot? {
        guard let groups = study.groups, groups.rows.count >= 8 else { return nil }
        let count = min(groups.rows.count, PlaneMap.mostPoints)
        let places = (0..<count).map { $0 * groups.rows.count / count }
        let points = try PlaneMap(
            study.embeddings.selecting(places.map { groups.rows[$0] }).matrix()
        ).points
        // The largest groups have colours, all others one.
        let largest = Set(largest(of: groups).prefix(PlotStyle.colorCount - 1))
        func series(_ name: String, color: Int, _ belongs: (Int) -> Bool) -> Plot.Series {
            Plot.Series(
                name,
                zip(places, points).filter { belongs(groups.labels[$0.0]) }.map {
                    .init($0.1.x, $0.1.y)
                }, as: color == PlotStyle.colorCount - 1 ? .rings : .scatter, color: color)
        }
        let colored = largest.sorted().map { label in
            series("group \(label + 1)", color: label) { $0 == label }
        }
        let others = series("others", color: PlotStyle.colorCount - 1) { !largest.contains($0) }
        return Plot(
            title: "\(count) crops on a plane",
            summary: "Each mark is a crop; crops that lie together are alike to the model "
                + "(t-SNE: only neighbourhoods mean something).",
            x: PlotAxis("", format: .hidden), y: PlotAxis("", format: .hidden),
            series: colored + (others.points.isEmpty ? [] : [others]))
    }

    /// Groups of more than one crop, the largest first.
    private func largest(of groups: PilotStudy.Groups) -> Range<Int> {
        let alone = (0..<groups.count).first { label in
            groups.labels.count { $0 == label } < 2
        }
        return 0..<(alone ?? groups.count)
    }

    // MARK: Sheets

    private typealias Line = (title: String, rows: [Int])

    private var faulty: [Line] {
        study.remarks.map { ("\($0.rows.count) \($0.remark.rawValue)", $0.rows) }
    }

    private var copied: [Line] {
        study.duplicates.prefix(4).map { ("\($0.count) alike", $0) }
    }

    private var grouped: [Line] {
        guard let groups = study.groups else { return [] }
        return largest(of: groups).prefix(RankedSheet.mostRows).map { label in
            let rows = groups.rows.indices.filter { groups.labels[$0] == label }
            return ("group \(label + 1)", rows.map { groups.rows[$0] })
        }
    }

    /// A row of crops for each line, spread evenly over its crops.
    private func sheet(of lines: [Line], title: String) throws -> PagePicture? {
        guard !lines.isEmpty else { return nil }
        var sheet = RankedSheet(title: title, rows: [])
        for line in lines.prefix(RankedSheet.mostRows) {
            try Task.checkCancellation()
            let count = min(line.rows.count, Self.shown)
            let entries = try (0..<count).map { place in
                let path = study.embeddings.paths[line.rows[place * line.rows.count / count]]
                let name = path.split(separator: "/").last.map(String.init) ?? path
                return RankedSheet.Entry(
                    image: try ImageSource(path: path).decoded(), title: name)
            }
            sheet.rows.append(
                .init(
                    query: .init(words: line.title, title: "\(line.rows.count) crops"),
                    matches: entries))
        }
        return PagePicture(
            image: try sheet.drawn(), title: title,
            summary: "In each row some crops: " + lines.map(\.title).joined(separator: ", ") + ".")
    }
}
