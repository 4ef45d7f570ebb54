// `reident embed-text`: texts in, unit vectors out.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdent
import ReIdentCLIP
import ReIdentFiles

/// Embeds texts into a file.
struct EmbedTextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed-text",
        abstract: "Embeds texts.",
        discussion: """
            Writes a safetensors file with the tensor `embeddings`, a row of unit length for each \
            text. They can be compared with image embeddings of the same package if these are \
            projected: import it with --keep-projection. The file's texts say what each row is \
            (`texts`, a JSON array) and how it was made (`model`, `vocabulary`, `precision`). \
            Texts that begin with a dash follow `--`.
            """)

    @Argument(help: "Texts; each in quotes.")
    var texts: [String]

    @OptionGroup var model: ModelOption

    @Option(help: "The safetensors file to write.")
    var out: String

    @OptionGroup var encoding: TextEncoderOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try TextArguments.require(texts)
        let package = try model.open()
        try OutputFile.check(out, force: force.isGiven)
        let embedder = try await encoding.embedder(of: package)
        let meter = output.meter("Embedding", unit: "texts")
        let outcome = try await embedder.embed(texts) { meter.update($0, of: $1) }
        meter.finish()
        for (index, tokens) in outcome.cut {
            TextArguments.warn(of: tokens, text: texts[index], output: output)
        }
        try Task.checkCancellation()
        try outcome.embeddings.write(
            to: out, names: "texts", metadata: try embedder.metadata(), force: force.isGiven)
        let report = Report(
            embeddings: outcome.embeddings.count, dimension: outcome.embeddings.dimension,
            cutTexts: outcome.cut.map(\.index), out: out)
        try output.print(report, text: report.text)
    }

    /// What became of the texts.
    private struct Report: Encodable {
        let embeddings: Int
        let dimension: Int
        let cutTexts: [Int]
        let out: String

        enum CodingKeys: String, CodingKey {
            case embeddings, dimension, out
            case cutTexts = "cut_texts"
        }

        var text: String { "\(embeddings) embeddings of \(dimension) numbers: \(out)" }
    }
}

/// The options of embedding texts, but for the model.
struct TextEncoderOptions: ParsableArguments {
    @Option(help: "The number format of the computation.")
    var precision = EmbeddingPrecision.fp32

    @Option(help: "Texts that are computed at once.")
    var batchSize = 64

    @Option(help: "cpu, cuda, cuda:1 or mps.")
    var device = "cpu"

    mutating func validate() throws {
        try requireRange("--batch-size", batchSize, 1...65_536)
    }

    /// Opens the text encoder of a package.
    func embedder(of package: ModelPackage) async throws -> TextEmbedder {
        var options = TextEmbedder.Options()
        options.precision = precision.precision
        options.device = device
        options.batchSize = batchSize
        return try await TextEmbedder.open(package, options: options)
    }
}
