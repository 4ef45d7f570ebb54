// The text side as applications use it: texts in, unit vectors out, off the caller's threads.
//
// SPDX-License-Identifier: MIT

public import ReIdentCLIP
import ReIdentEngine

/// Turns texts into embeddings that can be compared with a model's projected image embeddings.
///
/// An actor on the engine's own thread, as `PlayerEncoder` is.
public actor TextEmbedder {
    /// How to embed.
    public struct Options: Sendable, Equatable {
        /// The number format of the computation.
        public var precision = Precision.fp32
        /// The device's name: `cpu`, `cuda`, `cuda:1` or `mps`.
        public var device = "cpu"
        /// Texts that are computed at once, at least 1.
        public var batchSize = 64

        /// Single precision on the processor, 64 texts at once.
        public init() {}
    }

    /// What became of a list of texts.
    public struct Outcome: Sendable {
        /// The embeddings in the order of the texts, by which the rows are called.
        public let embeddings: Embeddings
        /// The texts that were cut to the model's context, by their place in the list.
        public let cut: [(index: Int, tokens: TokenizedText)]
    }

    /// The model.
    public nonisolated let package: ModelPackage
    /// How it is used.
    public nonisolated let options: Options
    /// What makes tokens of texts.
    public nonisolated let tokenizer: Tokenizer
    private nonisolated let vocabulary: VocabularyFile?
    private var model: TextEncoder?

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        EngineExecutor.shared.asUnownedSerialExecutor()
    }

    private init(_ package: ModelPackage, options: Options) throws {
        self.package = package
        self.options = options
        tokenizer = try package.tokenizer()
        vocabulary = try package.vocabularyFile()
    }

    /// Brings a package's text encoder to the device.
    ///
    /// - Parameters:
    ///   - package: A package with a text side and its vocabulary.
    ///   - options: How to embed.
    /// - Returns: An embedder that is ready.
    /// - Throws: `PackageError`: `noTextSide`, `vocabularyMissing` or `invalidVocabulary`;
    ///   `EngineError` if the engine or the device is missing; `ReIdentError.unsupported`.
    public static func open(
        _ package: ModelPackage, options: Options = Options()
    ) async throws -> TextEmbedder {
        let embedder = try TextEmbedder(package, options: options)
        if options.precision == .fp16, options.device == "cpu" {
            throw ReIdentError.unsupported(
                option: "fp16 on the CPU", instead: "Use --precision fp32 or bf16.")
        }
        try await embedder.load()
        return embedder
    }

    /// Width D of an embedding.
    public nonisolated var embeddingDimension: Int { package.configuration.embeddingDimension }

    /// What made the embeddings, in texts to be stored beside them: `model` (the package's
    /// fingerprint), `vocabulary` (a digest of its merges), `precision`.
    ///
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public nonisolated func metadata() throws -> [String: String] {
        [
            "model": try package.fingerprint(), "precision": options.precision.rawValue,
            "vocabulary": try vocabulary?.digest() ?? "",
        ]
    }

    private func load() throws {
        let rows = max(1, options.batchSize) * min(16, tokenizer.contextLength)
        model = try package.makeTextEncoder(
            form: .packed(options.precision, rows: rows), device: Device.named(options.device))
    }

    /// Embeds texts.
    ///
    /// - Parameters:
    ///   - texts: Any texts; one that is too long is cut to the model's context.
    ///   - progress: Is told after every batch.
    /// - Returns: A row of unit length for each text.
    /// - Throws: `ReIdentError.notFinite`, `EngineError`, or `CancellationError` if the task was
    ///   cancelled.
    public func embed(
        _ texts: [String], progress: PlayerEncoder.Progress = { _, _ in }
    ) throws -> Outcome {
        let tokens = tokenizer.tokenize(texts)
        var embeddings = Embeddings(dimension: embeddingDimension)
        for start in stride(from: 0, to: texts.count, by: max(1, options.batchSize)) {
            try Task.checkCancellation()
            let range = start..<min(texts.count, start + max(1, options.batchSize))
            let vectors = try embed(TokenBatch(Array(tokens[range])))
            guard vectors.allSatisfy(\.isFinite) else {
                throw ReIdentError.notFinite(path: package.path)
            }
            embeddings.append(vectors, paths: Array(texts[range]))
            progress(range.upperBound, texts.count)
        }
        return Outcome(
            embeddings: embeddings,
            cut: tokens.enumerated().filter(\.element.isCut).map { ($0, $1) })
    }

    /// A classifier of images whose classes are described by texts.
    ///
    /// - Parameter prompts: For each class its texts, at least one.
    /// - Returns: A value that holds no tensors.
    /// - Throws: As `ZeroShotClassifier.init`.
    public func classifier(of prompts: [[String]]) throws -> ZeroShotClassifier {
        if model == nil { try load() }
        guard let encoder = model else { throw PackageError.noTextSide(package: package.path) }
        return try ZeroShotClassifier(
            prompts: prompts, package: package, encoder: encoder, batchSize: options.batchSize)
    }

    /// Unit vectors of one batch, one behind the other.
    private func embed(_ batch: TokenBatch) throws -> [Float] {
        guard let model else { return [] }
        return try withoutGradients {
            try model(batch).converted(to: .float32).l2Normalized().floatValues()
        }
    }
}
