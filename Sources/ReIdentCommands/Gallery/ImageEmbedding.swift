// Embedding lists of images with progress, and with bad ones left out where that is wished.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentFiles
import ReIdentImages

/// An image that was left out because it cannot be read, as `--json` lists it.
struct BadImage: Encodable {
    let path: String
    let reason: String
}

/// What became of a list of images.
struct EmbeddedImages {
    /// The embeddings of the good images.
    let embeddings: Embeddings
    /// For each row the image's place in the list.
    let positions: [Int]
    /// For each row how probable it is that another player is in the picture, where that is known.
    let secondPlayers: [Double]?
    /// The images that were left out.
    let bad: [BadImage]
}

extension PlayerEncoder {
    /// Embeds files.
    ///
    /// - Parameters:
    ///   - paths: The files, by which the rows are called.
    ///   - skipsBad: Whether bad images are left out.
    ///   - activity: What is done, for the progress.
    ///   - output: Where progress is told.
    /// - Returns: One row for every good image, at least one.
    /// - Throws: As `embed(_:skipsBadImages:progress:)`, and `ReIdentError.onlyBadImages`.
    nonisolated func embed(
        paths: [String], skipsBad: Bool, activity: String, output: OutputOptions
    ) async throws -> EmbeddedImages {
        let meter = output.meter(activity)
        let outcome = try await embed(
            paths.map { ImageSource(.file($0)) }, skipsBadImages: skipsBad
        ) { meter.update($0, of: $1) }
        meter.finish()
        return EmbeddedImages(
            embeddings: outcome.embeddings, positions: outcome.positions,
            secondPlayers: outcome.secondPlayers,
            bad: try bad(outcome.failures, of: paths, good: outcome.embeddings.count))
    }

    /// Embeds files into a file, which takes the rows as they come.
    ///
    /// - Parameters:
    ///   - paths: The files, by which the rows are called.
    ///   - file: Where the rows go; it is left to the caller to finish it.
    ///   - skipsBad: Whether bad images are left out.
    ///   - activity: What is done, for the progress.
    ///   - output: Where progress is told.
    /// - Returns: The images that were left out.
    /// - Throws: As `embedBatches(of:skipsBadImages:progress:to:)`, and
    ///   `ReIdentError.onlyBadImages`.
    nonisolated func embed(
        paths: [String], into file: EmbeddingsFile, skipsBad: Bool, activity: String,
        output: OutputOptions
    ) async throws -> [BadImage] {
        let meter = output.meter(activity)
        var failures: [LoadedBatch.Failure] = []
        try await embedBatches(
            of: paths.map { ImageSource(.file($0)) }, skipsBadImages: skipsBad,
            progress: { meter.update($0, of: $1) },
            to: { batch in
                try file.append(batch.vectors, paths: batch.positions.map { paths[$0] })
                failures += batch.failures
            })
        meter.finish()
        return try bad(failures, of: paths, good: file.count)
    }

    /// Failures as they are told, unless nothing is good.
    private nonisolated func bad(
        _ failures: [LoadedBatch.Failure], of paths: [String], good: Int
    ) throws -> [BadImage] {
        guard good > 0 else {
            throw ReIdentError.onlyBadImages(
                count: paths.count, first: failures.first?.error.description ?? "")
        }
        return failures.map { BadImage(path: paths[$0.index], reason: $0.error.description) }
    }
}

/// What a person is told of files that were left out.
func lines(skippedFiles: Int, badImages: [BadImage]) -> [String] {
    var lines: [String] = []
    if skippedFiles > 0 { lines.append("\(skippedFiles) files are no images by their name.") }
    if !badImages.isEmpty {
        lines.append("\(badImages.count) images could not be read:")
        lines += badImages.map { "  \($0.reason)" }
    }
    return lines
}
