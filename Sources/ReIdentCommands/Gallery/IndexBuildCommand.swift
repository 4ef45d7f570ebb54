// `reident index build`: embeds a folder into an index.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdent
import ReIdentFiles
import ReIdentIndex

/// Builds an index.
struct IndexBuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Embeds all images of a folder into an index.",
        discussion: "Where the folder is a data set, the index knows its players.")

    @Argument(help: "The folder of the gallery's images.")
    var folder: String

    @OptionGroup var model: ModelOption

    @Option(help: "The index to write: a file.")
    var out: String

    @Flag(
        help: """
            Build a graph, too (OUT.graph), by which a large index is searched faster; nearly all \
            that an exact search finds is found.
            """)
    var approximate = false

    @OptionGroup var encoding: EncoderOptions
    @OptionGroup var skipBad: SkipBadOption
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let package = try model.open()
        let images = try GalleryFolder(path: folder)
        let graph = IndexGraph(of: out)
        for path in [out] + (approximate ? [graph.path] : []) {
            try OutputFile.check(path, force: force.isGiven)
        }
        let encoder = try await encoding.encoder(of: package, output: output)
        let embedded = try await encoder.embed(
            paths: images.paths, skipsBad: skipBad.isGiven, activity: "Embedding", output: output)
        let index = try VectorIndex(
            embedded.embeddings.renamed(InputPath.absolute),
            identities: embedded.positions.map { images.identities[$0] },
            origin: encoder.indexOrigin(packagePath: InputPath.absolute(model.path)))
        try Task.checkCancellation()
        let digest = try index.write(to: out, force: force.isGiven)
        // Embedding took long, so the index is kept whatever becomes of its graph.
        if force.isGiven { try graph.remove() }
        if approximate { try graph.build(for: index, digest: digest, output: output) }
        let report = Report(
            images: index.count, dimension: index.dimension, skippedFiles: images.skippedCount,
            badImages: embedded.bad, model: index.origin.model, out: out,
            graph: approximate ? graph.path : nil)
        try output.print(report, text: report.text)
    }

    /// What was built.
    private struct Report: Encodable {
        let images: Int
        let dimension: Int
        let skippedFiles: Int
        let badImages: [BadImage]
        let model: String
        let out: String
        let graph: String?

        enum CodingKeys: String, CodingKey {
            case images, dimension, model, out, graph
            case skippedFiles = "skipped_files"
            case badImages = "bad_images"
        }

        var text: String {
            let first = "\(images) images of \(dimension) numbers each: \(out)"
            let rest = lines(skippedFiles: skippedFiles, badImages: badImages)
            let linked = graph.map { ["linked: \($0)"] } ?? []
            return ([first] + linked + rest).joined(separator: "\n")
        }
    }
}

extension Embeddings {
    /// The same vectors with other names.
    func renamed(_ name: (String) -> String) -> Embeddings {
        Embeddings(values: values, dimension: dimension, paths: paths.map(name))
    }
}
