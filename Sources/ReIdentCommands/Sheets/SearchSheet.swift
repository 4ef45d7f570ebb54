// The picture of `search --sheet`: queries and what was found for them.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentFiles
import ReIdentImages
import ReIdentMetrics

/// Draws the results of a search.
struct SearchSheet {
    /// One query's results.
    struct Result {
        let query: String
        /// Whether the query is a text and no image.
        var isText = false
        /// Who is on the query, where the gallery tells it.
        let identity: String?
        let matches: [Match]
    }

    /// The PNG file to write.
    let path: String
    /// Whether an existing one may be replaced.
    let force: Bool

    /// Draws and writes the sheet; queries beyond `RankedSheet.mostRows` are left out, and said.
    ///
    /// - Parameters:
    ///   - results: What was found.
    ///   - decisions: What similarities mean, where that is known.
    ///   - gallery: What was searched, for the heading.
    ///   - model: The model, for the heading.
    ///   - output: Where remarks go.
    /// - Throws: `FileError` of kind `cannotWrite`, `ImageError`, or `CancellationError`.
    func write(
        _ results: [Result], decisions: DecisionCalibration?, gallery: String, model: String,
        output: OutputOptions
    ) throws {
        if results.count > RankedSheet.mostRows {
            output.note(
                "The sheet shows the first \(RankedSheet.mostRows) of \(results.count) queries.")
        }
        let rows = try results.prefix(RankedSheet.mostRows).map { result in
            try Task.checkCancellation()
            return RankedSheet.Row(
                query: query(of: result, output),
                matches: result.matches.prefix(RankedSheet.mostEntries).enumerated().map {
                    entry(
                        $1, rank: $0 + 1, wanted: result.identity, decisions: decisions, output)
                })
        }
        let sheet = RankedSheet(
            title: "Found in \(lastComponent(of: gallery))", subtitle: "\(gallery), \(model)",
            rows: rows)
        try OutputFile.write(ImageEncoder.png(sheet.drawn()), to: path, force: force)
    }

    private func query(of result: Result, _ output: OutputOptions) -> RankedSheet.Entry {
        if result.isText {
            return .init(words: result.query, title: "query")
        }
        return .init(
            image: picture(result.query, output), title: "query",
            lines: [result.identity ?? name(of: result.query)])
    }

    private func entry(
        _ match: Match, rank: Int, wanted: String?, decisions: DecisionCalibration?,
        _ output: OutputOptions
    ) -> RankedSheet.Entry {
        var mark = RankedSheet.Mark.none
        if let wanted, let found = match.identity { mark = wanted == found ? .right : .wrong }
        return RankedSheet.Entry(
            image: picture(match.path, output),
            title: RankedSheet.title(rank: rank, match.similarity),
            lines: [match.identity ?? name(of: match.path)]
                + (decisions.map { [$0.probability(of: match.similarity).asWords] } ?? []),
            mark: mark)
    }

    /// The image, or nil if it can no longer be read: the file of an index may be gone.
    private func picture(_ path: String, _ output: OutputOptions) -> Image? {
        do throws(ImageError) {
            return try ImageSource(path: path).decoded()
        } catch {
            output.warn("not on the sheet: \(error.description)")
            return nil
        }
    }

    /// A file's name without its ending, which says nothing below a picture.
    private func name(of path: String) -> String {
        let name = lastComponent(of: path)
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
        return String(name[..<dot])
    }

    private func lastComponent(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}

extension Double {
    /// A probability in a word or two, below a picture: `same: 93 %`.
    fileprivate var asWords: String { "same: \(Int((100 * self).rounded())) %" }
}
