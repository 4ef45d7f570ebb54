// What every image encoder offers, so that embedding, training and measuring work with each kind.
//
// SPDX-License-Identifier: MIT

public import ReIdentEngine
public import ReIdentImages

/// Is shown a stage of an encoder's computation, named as in the parity tables.
public typealias StageObserver = (_ stage: String, _ value: Tensor) -> Void

/// An image encoder of any architecture.
///
/// It holds tensors, so it stays with whoever runs the engine.
public protocol VisionEncoder: AnyObject {
    /// Side S of the square images, in pixels.
    var imageSize: Int { get }
    /// How pixels are normalised.
    var normalization: PixelNormalization { get }
    /// Where the weights are.
    var device: Device { get }
    /// What is learned: every tensor that the embedding depends on.
    var parameters: [NamedParameter] { get }
    /// Running statistics of batch norms: they follow the batches and are not learned.
    var statistics: [NamedParameter] { get }
    /// Whether blocks can be computed again in the backward pass instead of kept.
    var canUseCheckpoints: Bool { get }
    /// Whether they are.
    var usesCheckpoints: Bool { get set }
    /// Whether batch norms use the batch's own statistics, and follow them: in training.
    var usesBatchStatistics: Bool { get set }

    /// Embeddings of normalised pixels, not at unit length: `[N, 3, S, S] → [N, D]`.
    ///
    /// - Parameters:
    ///   - pixels: As `pixels(of:)` gives them, in fp32.
    ///   - observe: Is shown every stage, for comparison with a reference; without one, what does
    ///     not reach the embedding need not be computed.
    /// - Returns: In the encoder's number format.
    /// - Throws: `EngineError` if memory is exhausted.
    func embedding(
        ofPixels pixels: Tensor, observe: StageObserver?
    ) throws(EngineError) -> Tensor

    /// The images where the encoder looks at them: where padding takes no part, they are moved by
    /// less than a patch, so that they touch the fewest.
    func placed(_ batch: ImageBatch) -> ImageBatch

    /// Embeddings of normalised pixels of placed images, by the patches that take part.
    ///
    /// - Parameters:
    ///   - pixels: `[N, 3, S, S]`, as `pixels(of:)` gives them of placed images.
    ///   - contents: The part of each square that shows an image.
    ///   - observe: Is shown stages; of content tokens those that are known for each image, and
    ///     of each block the mean of an image's tokens, `[N, 1, E]`.
    /// - Returns: `[N, D]` in the encoder's number format, not at unit length.
    /// - Throws: `EngineError` if memory is exhausted.
    func embedding(
        ofPixels pixels: Tensor, showing contents: [PixelRectangle], observe: StageObserver?
    ) throws(EngineError) -> Tensor
}

extension VisionEncoder {
    /// Embeddings of a batch, not at unit length: `[N, D]`, by the patches that take part.
    ///
    /// - Parameters:
    ///   - batch: N images of side `imageSize`.
    ///   - observe: Is shown stages, for comparison with a reference.
    /// - Returns: In the encoder's number format.
    /// - Throws: `EngineError` if memory is exhausted.
    public func callAsFunction(
        _ batch: ImageBatch, observe: StageObserver? = nil
    ) throws(EngineError) -> Tensor {
        let placed = placed(batch)
        let pixels = try pixels(of: placed)  // [N, 3, S, S]
        observe?("pixels", pixels)
        return try embedding(ofPixels: pixels, showing: placed.contents, observe: observe)
    }

    /// The images as they are, for encoders that can leave nothing out.
    public func placed(_ batch: ImageBatch) -> ImageBatch { batch }

    /// Embeddings of whole squares, the way of encoders that can leave nothing out.
    ///
    /// - Parameters:
    ///   - pixels: `[N, 3, S, S]`, normalised.
    ///   - contents: Makes no difference.
    ///   - observe: Is shown every stage.
    /// - Returns: `[N, D]` in the encoder's number format.
    /// - Throws: `EngineError` if memory is exhausted.
    public func embedding(
        ofPixels pixels: Tensor, showing contents: [PixelRectangle], observe: StageObserver?
    ) throws(EngineError) -> Tensor {
        try embedding(ofPixels: pixels, observe: observe)
    }

    /// Normalised pixels of a batch, `[N, 3, H, W]` in fp32 on the encoder's device.
    ///
    /// - Throws: `EngineError` if memory is exhausted.
    public func pixels(of batch: ImageBatch) throws(EngineError) -> Tensor {
        precondition(batch.side == imageSize, "images of another size")
        let shape = [batch.count, batch.side, batch.side, 3]
        let bytes = batch.pixels.withUnsafeBytes { bytes in
            Result { () throws(EngineError) in
                try Tensor.copying(bytes, shape: shape, dtype: .uint8, device: device)
            }
        }
        return try bytes.get().normalizedPixels(
            mean: normalization.mean.map(Float.init),
            deviation: normalization.standardDeviation.map(Float.init))
    }
}

extension ModelPackage {
    /// The package's image encoder on a device.
    ///
    /// - Parameters:
    ///   - form: For training or for inference, and the number format.
    ///   - device: Where it computes.
    ///   - tokens: Which patches take part.
    /// - Returns: An encoder of the package's architecture.
    /// - Throws: `EngineError` if the engine, the device or memory is missing; `PackageError` if
    ///   the package is damaged, `.noPatches` if its encoder cannot leave out patches, or
    ///   `.noInt8` if it, or the device, has no products of 8-bit integers.
    public func makeEncoder(
        form: LayerForm, device: Device = .cpu, tokens: TokenSelection = .all
    ) throws -> any VisionEncoder {
        if tokens == .content, configuration.vision.patchSize == nil {
            throw PackageError.noPatches(package: path)
        }
        if form.precision == .int8 {
            guard case .transformer = configuration.vision, device == .cpu else {
                throw PackageError.noInt8(package: path, device: "\(device)")
            }
        }
        return switch configuration.vision {
        case .transformer:
            try VisionTransformer(self, form: form, device: device, tokens: tokens)
        case .resNet: try ModifiedResNet(self, form: form, device: device)
        case .convNeXt: try ConvNeXt(self, form: form, device: device)
        }
    }

    /// The form for inference on batches of about so many images.
    public func packedForm(_ precision: Precision, batchSize: Int) -> LayerForm {
        let rows =
            switch configuration.vision {
            case .transformer(let sizes): sizes.tokenCount
            case .resNet(let sizes): sizes.tokenCount
            case .convNeXt(let sizes): sizes.imageSize * sizes.imageSize / 256
            }
        return .packed(precision, rows: max(1, batchSize) * rows)
    }
}
