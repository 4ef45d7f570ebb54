// How well a model tells which caption belongs to which image.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentImages

/// How often the nearest caption of an image is its own, and the other way round.
struct CaptionScores: Sendable, Equatable {
    /// Share of images whose nearest caption is their own.
    let imageToText: Double
    /// Share of captions whose nearest image is one of theirs.
    let textToImage: Double
    /// How many different captions there were; 1 / `count` is chance.
    let count: Int
}

/// Images with captions that a model is measured on.
struct CaptionValidation: Validation {
    let name: String
    private let images: [PlayerImage]
    private let captions: CaptionTable

    /// A measurement on the images that have captions.
    ///
    /// - Returns: Nil if there are fewer than two different captions: nothing can be confused.
    init?(name: String, images: [PlayerImage], tokenizer: Tokenizer) {
        self.name = name
        self.images = images.filter(\.hasCaption)
        captions = CaptionTable(self.images, tokenizer: tokenizer)
        guard captions.tokens.count >= 2 else { return nil }
    }

    func scores(of package: ModelPackage, device: String) async throws -> ValidationScores {
        ValidationScores(captions: try await captionScores(of: package, device: device))
    }

    /// Scores of a package, in single precision.
    func captionScores(of package: ModelPackage, device: String) async throws -> CaptionScores {
        var options = PlayerEncoder.Options()
        options.device = device
        let encoder = try await PlayerEncoder.open(
            package.selecting(.projected), options: options)
        let pictures = try await encoder.embed(images.map { ImageSource($0.source) }).embeddings
        var textOptions = TextEmbedder.Options()
        textOptions.device = device
        let embedder = try await TextEmbedder.open(package, options: textOptions)
        let texts = try await embedder.embed(captions.texts).embeddings
        return try await scores(of: pictures, texts, device: device)
    }

    @EngineActor
    private func scores(
        of pictures: Embeddings, _ texts: Embeddings, device: String
    ) throws -> CaptionScores {
        try withoutGradients {
            let device = try Device.named(device)
            let rows = try Tensor.floats(
                pictures.values, shape: [pictures.count, pictures.dimension], device: device)
            let columns = try Tensor.floats(
                texts.values, shape: [texts.count, texts.dimension], device: device)
            let nearestCaptions = try Self.nearest(to: rows, among: columns)
            let nearestImages = try Self.nearest(to: columns, among: rows)
            let own = captions.captionOfImage
            let right = zip(nearestCaptions, own).count { $0 == $1 }
            let rightTexts = nearestImages.enumerated().count { own[$1] == $0 }
            return CaptionScores(
                imageToText: Double(right) / Double(images.count),
                textToImage: Double(rightTexts) / Double(texts.count), count: texts.count)
        }
    }

    /// For each row the place of the most similar candidate.
    @EngineActor
    private static func nearest(to rows: Tensor, among candidates: Tensor) throws -> [Int] {
        var places: [Int] = []
        let columns = try candidates.transposed()
        for start in stride(from: 0, to: rows.shape[0], by: rowsAtOnce) {
            try Task.checkCancellation()
            let range = start..<min(rows.shape[0], start + rowsAtOnce)
            let similarities = try rows.narrowed(dimension: 0, to: range).matmul(columns)
            places += try similarities.topK(1).indices.integerValues().map(Int.init)
        }
        return places
    }

    /// Bounds the memory of similarities.
    private static let rowsAtOnce = 1_024
}
