// `reident embed`: images in, unit vectors out.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdent
import ReIdentFiles

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
    @OptionGroup var skipBad: SkipBadOption
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
        let file = try EmbeddingsFile(
            path: out, dimension: encoder.embeddingDimension, force: force.isGiven)
        let bad = try await encoder.embed(
            paths: images, into: file, skipsBad: skipBad.isGiven, activity: "Embedding",
            output: output)
        try Task.checkCancellation()
        try file.finish(metadata: encoder.metadata())
        let report = Report(
            embeddings: file.count, dimension: encoder.embeddingDimension,
            skippedFiles: skippedFiles, badImages: bad, out: out)
        try output.print(report, text: report.text)
    }
}

/// What became of the images.
private struct Report: Encodable {
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
        let first = "\(embeddings) embeddings of \(dimension) numbers: \(out)"
        let rest = lines(skippedFiles: skippedFiles, badImages: badImages)
        return ([first] + rest).joined(separator: "\n")
    }
}
