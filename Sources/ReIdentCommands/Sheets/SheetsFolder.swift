// The folder of `evaluate --sheets`: pictures of the best and worst queries, and a page with them.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentFiles
import ReIdentImages
import ReIdentMetrics

/// Writes the sheets of an evaluation.
struct SheetsFolder {
    /// What a folder has that `--force` may replace.
    static let marks = ["best.png"]

    /// The folder's path.
    let path: String
    /// Whether an existing one may be replaced.
    let force: Bool

    /// Finds out whether the folder can be written, before the work.
    ///
    /// - Throws: `FileError` of kind `cannotWrite`.
    func check() throws {
        try OutputFolder.check(path, force: force, replacingOnlyWith: Self.marks)
    }

    /// Draws and writes everything.
    ///
    /// - Parameters:
    ///   - embedded: The evaluation's images and embeddings.
    ///   - scores: Their figures.
    ///   - dataset: What was evaluated, for headings.
    ///   - model: The model, for headings.
    /// - Throws: `FileError` of kind `cannotWrite`, `ImageError`, or `CancellationError`.
    func write(
        _ embedded: EmbeddedRetrieval, scores: RetrievalScores, dataset: String, model: String
    ) throws {
        let folder = try OutputFolder(path: path, force: force, replacingOnlyWith: Self.marks)
        let chosen = EvaluationSheets(of: embedded, scores: scores)
        var parts: [SheetsPage.Part] = []
        for (name, title, queries) in [
            ("best.png", "Found best", chosen.best), ("worst.png", "Found worst", chosen.worst),
        ] where !queries.isEmpty {
            let sheet = try chosen.sheet(
                of: queries, title: "\(title): \(queries.count) of \(scores.queryCount) queries",
                subtitle: "\(dataset), \(model)")
            let image = try sheet.drawn()
            try folder.files.write(ImageEncoder.png(image), to: name)
            parts.append(
                .init(
                    file: name, width: image.width, height: image.height, title: title,
                    queries: queries))
        }
        let page = SheetsPage(dataset: dataset, model: model, scores: scores, parts: parts)
        try folder.files.write(Array(page.html.utf8), to: "index.html")
        try Task.checkCancellation()
        try folder.finish()
    }
}
