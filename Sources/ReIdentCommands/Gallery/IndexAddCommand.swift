// `reident index add`: embeds further images into an index.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdent
import ReIdentCLIP
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentIndex

/// Adds images to an index.
struct IndexAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Embeds images and adds them to an index.",
        discussion: """
            They are embedded as those that are in it. An image whose path is in the index \
            already is embedded again and replaces the old one.
            """)

    @Argument(help: "The index.")
    var index: String

    @Argument(help: "Images, and folders of images.")
    var paths: [String]

    @Option(help: "The model package. (default: where it was when the index was built)")
    var model: String?

    @Option(help: "Who is on these images. (default: a folder's players, if it is a data set)")
    var identity: String?

    @OptionGroup var computing: ComputingOptions
    @OptionGroup var skipBad: SkipBadOption

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let found = try VectorIndex.open(index)
        let origin = found.origin
        let graph = IndexGraph(of: index)
        _ = try graph.open(for: found)  // a graph that is refused costs no embedding
        let images = try gather()
        let encoder = try await encoder(for: origin)
        let embedded = try await encoder.embed(
            paths: images.paths, skipsBad: skipBad.isGiven, activity: "Embedding", output: output)
        // Only the change itself is done alone: embedding may take hours.
        let lock = try await IndexLock.acquired(for: index)
        defer { withExtendedLifetime(lock) {} }
        let old = try VectorIndex.open(index)
        let links = try graph.open(for: old)
        var changed = old
        try changed.origin.requireComparable(
            with: encoder.indexOrigin(packagePath: ""), path: index, source: encoder.package.path)
        let (added, replaced) = try changed.put(
            embedded.embeddings.renamed(InputPath.absolute),
            identities: embedded.positions.map { images.identities[$0] })
        if let links { try graph.follow(links, from: old, to: changed, output: output) }
        try Task.checkCancellation()
        let digest = try changed.write(to: index, force: true)
        try links?.write(to: graph.path, ofIndex: digest, force: true)
        let report = Report(
            added: added, replaced: replaced, images: changed.count,
            skippedFiles: images.skipped, badImages: embedded.bad, index: index)
        try output.print(report, text: report.text)
    }

    private func gather() throws -> (paths: [String], identities: [String?], skipped: Int) {
        var result: (paths: [String], identities: [String?], skipped: Int) = ([], [], 0)
        for path in paths {
            if try InputPath.kind(of: path) == .file {
                result.paths.append(path)
                result.identities.append(identity)
            } else {
                let folder = try GalleryFolder(path: path)
                result.paths += folder.paths
                result.identities += folder.identities.map { identity ?? $0 }
                result.skipped += folder.skippedCount
            }
        }
        return result
    }

    /// The package of the index, where it was or where `--model` says it is.
    private func package(at path: String) throws -> ModelPackage {
        do {
            return try ModelPackage.open(path)
        } catch {
            guard model == nil, error.kind == .inputNotFound else { throw error }
            throw FileError(
                kind: .inputNotFound, path: index,
                problem: "its model is no longer at '\(path)'. Name the package with --model.")
        }
    }

    /// The model of the index, used as it was for the index.
    private func encoder(for origin: IndexOrigin) async throws -> PlayerEncoder {
        let path = model ?? origin.package
        let package = try package(at: path)
        var options = PlayerEncoder.Options()
        options.precision = Precision(rawValue: origin.precision) ?? .fp32
        options.preprocessing = Preprocessing(rawValue: origin.preprocess)
        options.tokens = TokenSelection(rawValue: origin.tokens)
        options.averagesFlip = origin.flipAverage == "true"
        computing.apply(to: &options)
        var offered = origin
        offered.model = try package.fingerprint()
        try origin.requireComparable(with: offered, path: index, source: path)
        return try await PlayerEncoder.open(package, options: options)
    }

    /// What was added.
    private struct Report: Encodable {
        let added: Int
        let replaced: Int
        let images: Int
        let skippedFiles: Int
        let badImages: [BadImage]
        let index: String

        enum CodingKeys: String, CodingKey {
            case added, replaced, images, index
            case skippedFiles = "skipped_files"
            case badImages = "bad_images"
        }

        var text: String {
            let remark = replaced > 0 ? ", \(replaced) replaced" : ""
            let first = "\(added) images added\(remark); \(images) in all: \(index)"
            let rest = lines(skippedFiles: skippedFiles, badImages: badImages)
            return ([first] + rest).joined(separator: "\n")
        }
    }
}
