// The encoder as applications use it: images in, unit vectors out, off the caller's threads.
//
// SPDX-License-Identifier: MIT

public import ReIdentCLIP
import ReIdentEngine
public import ReIdentImages

/// Turns images of players into embeddings with a model package.
///
/// An actor on the engine's own thread: a forward pass of a second blocks none of the caller's.
public actor PlayerEncoder {
    /// How to embed; what is nil is taken from the package.
    public struct Options: Sendable, Equatable {
        /// The number format of the computation.
        public var precision = Precision.fp32
        /// The device's name: `cpu`, `cuda`, `cuda:1` or `mps`.
        public var device = "cpu"
        /// How an image becomes the encoder's square.
        public var preprocessing: Preprocessing?
        /// Which patches take part.
        public var tokens: TokenSelection?
        /// Images that are computed at once, at least 1.
        public var batchSize = 16
        /// Whether the embedding is the mean of the image's and its mirror image's.
        public var averagesFlip = false

        /// Single precision on the processor, as the package says, 16 images at once.
        public init() {}
    }

    /// The model.
    public nonisolated let package: ModelPackage
    /// How it is used.
    public nonisolated let options: Options
    private var model: (any VisionEncoder)?

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        EngineExecutor.shared.asUnownedSerialExecutor()
    }

    private init(_ package: ModelPackage, options: Options) {
        self.package = package
        self.options = options
    }

    /// Opens a package and brings its weights to the device.
    ///
    /// - Parameters:
    ///   - path: The package's folder.
    ///   - options: How to embed.
    /// - Returns: An encoder that is ready.
    /// - Throws: `PackageError` if the folder is no sound package, `EngineError` if the engine or
    ///   the device is missing, `ReIdentError.unsupported` for an option of a later version.
    public static func open(
        _ path: String, options: Options = Options()
    ) async throws -> PlayerEncoder {
        try await open(ModelPackage.open(path), options: options)
    }

    /// Brings a package's weights to the device.
    ///
    /// - Returns: An encoder that is ready.
    /// - Throws: As `open(_:options:)` by path.
    public static func open(
        _ package: ModelPackage, options: Options = Options()
    ) async throws -> PlayerEncoder {
        let encoder = PlayerEncoder(package, options: options)
        if options.precision == .fp16, options.device == "cpu" {
            throw ReIdentError.unsupported(
                option: "fp16 on the CPU", instead: "Use --precision fp32 or bf16.")
        }
        try await encoder.load()
        return encoder
    }

    /// Width D of an embedding.
    public nonisolated var embeddingDimension: Int { package.embeddingDimension }

    /// Side of the square images the model takes, in pixels.
    public nonisolated var imageSize: Int { package.configuration.imageSize }

    /// How images become squares here.
    public nonisolated var preprocessing: Preprocessing {
        options.preprocessing ?? package.settings.preprocessing
    }

    /// Which patches take part here.
    public nonisolated var tokens: TokenSelection { options.tokens ?? package.settings.tokens }

    /// What made the embeddings, in texts to be stored beside them: `model` (the package's
    /// fingerprint), `precision`, `preprocess`, `tokens`, `flip_average`.
    ///
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public nonisolated func metadata() throws -> [String: String] {
        [
            "model": try package.fingerprint(), "precision": options.precision.rawValue,
            "preprocess": preprocessing.rawValue, "tokens": tokens.rawValue,
            "flip_average": options.averagesFlip ? "true" : "false",
        ]
    }

    private func load() throws {
        let device = try Device.named(options.device)
        model = try package.makeEncoder(
            form: package.packedForm(options.precision, batchSize: options.batchSize),
            device: device, tokens: tokens)
    }

    /// Embeddings of one batch: unit vectors one behind the other, `[N, D]`.
    ///
    /// - Parameter batch: Images of side `imageSize`.
    /// - Returns: Count N·D.
    /// - Throws: `EngineError` if memory is exhausted.
    public func embed(_ batch: ImageBatch) throws -> [Float] {
        try embed(batch, meanTokensOf: []).vectors
    }

    /// Embeddings of one batch, and on the way means of all tokens at some stages.
    ///
    /// - Parameters:
    ///   - batch: Images of side `imageSize`.
    ///   - stages: Names as `VisionConfiguration.tokenStages` gives them.
    /// - Returns: Unit vectors, `[N, D]`, and in the order of the stages means of the images as
    ///   they are, not mirrored, each `[N, width]`.
    /// - Throws: `EngineError` if memory is exhausted.
    func embed(
        _ batch: ImageBatch, meanTokensOf stages: [String]
    ) throws -> (vectors: [Float], meanTokens: [[Float]]) {
        guard let model, batch.count > 0 else { return ([], stages.map { _ in [] }) }
        var seen: [String: Tensor] = [:]
        let look: StageObserver = { stage, value in
            if stages.contains(stage) { seen[stage] = value }
        }
        var straight = try model(batch, observe: stages.isEmpty ? nil : look)
            .converted(to: .float32).l2Normalized()  // [N, D]
        if options.averagesFlip {
            let mirrored = try model(batch.flippedHorizontally())
                .converted(to: .float32).l2Normalized()
            straight = try straight.adding(mirrored).l2Normalized()
        }
        let means = try stages.map { stage -> [Float] in
            guard let tokens = seen[stage] else { return [] }
            // Of a transformer [N, T, D], of a convolutional encoder [N, D, H, W].
            let means =
                tokens.shape.count == 4
                ? try tokens.mean(dimension: 3).mean(dimension: 2) : try tokens.mean(dimension: 1)
            return try means.converted(to: .float32).floatValues()
        }
        return (try straight.floatValues(), means)
    }
}
