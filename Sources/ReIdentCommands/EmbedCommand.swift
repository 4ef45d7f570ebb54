// `reident embed`: images in, unit vectors out.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdent
import ReIdentCLIP
import ReIdentFiles
import ReIdentImages

/// Embeds images into a file.
struct EmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Embeds images.",
        discussion: """
            Writes a safetensors file with the tensor `embeddings`, a row of unit length for each \
            image, in the order of the paths; folders are read recursively and sorted. Its texts \
            say what each row is (`paths`, a JSON array) and how it was made (`model`, \
            `precision`, `preprocess`, `tokens`, `flip_average`).
            """)

    @Argument(help: "Images, and folders of images.")
    var paths: [String]

    @OptionGroup var model: ModelOption

    @Option(help: "The safetensors file to write.")
    var out: String

    @OptionGroup var encoding: EncoderOptions

    @Flag(help: "Leave out images that cannot be read; they are listed.")
    var skipBad = false

    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let package = try model.open()
        let (images, skippedFiles) = try ImageListing.gather(paths)
        guard !images.isEmpty else {
            throw ReIdentError.noImages(
                place: paths.joined(separator: ", "), skipped: skippedFiles)
        }
        try OutputFile.check(out, force: force.isGiven)
        let encoder = try await encoding.encoder(of: package, output: output)
        let meter = output.meter("Embedding")
        let outcome = try await encoder.embed(
            images.map { ImageSource(.file($0)) }, skipsBadImages: skipBad
        ) { meter.update($0, of: $1) }
        meter.finish()
        guard outcome.embeddings.count > 0 else {
            throw ReIdentError.onlyBadImages(
                count: images.count, first: outcome.failures.first?.error.description ?? "")
        }
        try Task.checkCancellation()
        try outcome.embeddings.write(
            to: out, metadata: try encoder.metadata(), force: force.isGiven)
        let report = Report(
            embeddings: outcome.embeddings.count, dimension: outcome.embeddings.dimension,
            skippedFiles: skippedFiles,
            badImages: outcome.failures.map {
                Report.BadImage(path: images[$0.index], reason: $0.error.description)
            }, out: out)
        try output.print(report, text: report.text)
    }
}

/// What became of the images.
private struct Report: Encodable {
    struct BadImage: Encodable {
        let path: String
        let reason: String
    }

    let embeddings: Int
    let dimension: Int
    let skippedFiles: Int
    let badImages: [BadImage]
    let out: String

    enum CodingKeys: String, CodingKey {
        case embeddings, dimension, out
        case skippedFiles = "skipped_files"
        case badImages = "bad_images"
    }

    var text: String {
        var lines = ["\(embeddings) embeddings of \(dimension) numbers: \(out)"]
        if skippedFiles > 0 { lines.append("\(skippedFiles) files are no images by their name.") }
        if !badImages.isEmpty {
            lines.append("\(badImages.count) images could not be read:")
            lines += badImages.map { "  \($0.reason)" }
        }
        return lines.joined(separator: "\n")
    }
}
