// `reident search --text`: images that words describe. Texts and images are compared in the
// projected embedding, which every package of a whole CLIP holds.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentCLIP
import ReIdentFiles
import ReIdentIndex

extension SearchCommand {
    /// Searches the gallery for texts.
    ///
    /// - Throws: `ReIdentError.emptyText` for a text without a word; `PackageError` if the package
    ///   has no text side, no vocabulary or no projection; what searching images throws.
    func searchTexts() async throws {
        try TextArguments.require(text)
        let given = try model.open()
        let tokenizer = try given.tokenizer()
        for (query, tokens) in zip(text, tokenizer.tokenize(text)) {
            guard tokens.wholeCount > 2 else { throw ReIdentError.emptyText }
            TextArguments.warn(of: tokens, text: query, output: output)
        }
        // The attention pool of a ResNet contains the projection, so its features are projected.
        let isProjected = given.configuration.vision.includesProjection
        let package = isProjected ? given : try given.selecting(.projected)
        let picture = sheet.map { SearchSheet(path: $0, force: force.isGiven) }
        if let picture { try OutputFile.check(picture.path, force: force.isGiven) }
        let searched = try await gallery(of: package, given)
        var options = TextEmbedder.Options()
        options.precision = encoding.precision.precision
        options.device = encoding.device
        let embedder = try await TextEmbedder.open(package, options: options)
        let queries = try await embedder.embed(text).embeddings
        let matches = try searched.matches(of: queries, count: count)
        try report(
            zip(text, matches).map { query, matches in
                SearchSheet.Result(
                    query: query, isText: true, identity: nil, matches: matches)
            }, picture, package)
    }

    /// The gallery in the projected embedding; an index of the same model's features is refused.
    private func gallery(of package: ModelPackage, _ given: ModelPackage) async throws -> Gallery {
        do {
            return try await openGallery(package).0
        } catch IndexError.modelMismatch(_, let model, _, _)
            where model == (try? given.selecting(.features).fingerprint())
        {
            throw ReIdentError.galleryOfFeatures(index: gallery)
        }
    }
}
