// What a training wants of its model: pairs of images of one player alike, images like their
// captions, or both.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
import ReIdentEngine
import ReIdentFoundation
import ReIdentImages

/// The images of one batch, loaded.
struct TrainingBatch: Sendable {
    /// The images, already mirrored where they are.
    let images: ImageBatch
    /// Their places in the list of training images.
    let places: [Int]
    /// Whether each still shows what its caption says, as `read-number` would see it.
    let keepsCaption: [Bool]
}

/// The loss of one batch.
struct BatchLoss: Sendable {
    /// What is minimised.
    let value: Float
    /// The part of the captions, before it is weighted; nil where there is none.
    var text: Float?
    /// What cosine similarities are multiplied by; nil where it is not bounded.
    var logitScale: Float?
}

/// A loss and its gradients over a model.
@EngineActor
protocol TrainingObjective: AnyObject {
    var model: TrainedModel { get }

    /// Computes the loss of a batch and adds its gradients, multiplied, to those of the parameters.
    func addGradients(of batch: TrainingBatch, scale: Double) throws -> BatchLoss

    /// Is called after every step of the optimiser.
    func finishStep() throws
}

/// Two images of one player are alike, and perhaps images are like their captions.
@EngineActor
final class PairObjective: TrainingObjective {
    let model: TrainedModel
    private let loss: InfoNCE
    private let captions: CaptionTable?
    private let textWeight: Double

    /// An objective; without captions that of CLIP-ReIdent.
    init(
        _ model: TrainedModel, labelSmoothing: Double, captions: CaptionTable?, textWeight: Double
    ) {
        self.model = model
        loss = InfoNCE(labelSmoothing: labelSmoothing)
        self.captions = captions
        self.textWeight = textWeight
    }

    func addGradients(of batch: TrainingBatch, scale: Double) throws -> BatchLoss {
        let features = try model.vision(batch.images)
        var value = try loss(features, logitScale: model.logitScale)
        var textValue: Float?
        if let text = try textLoss(features, of: batch) {
            textValue = try text.item()
            value = try value.adding(text.scaled(by: textWeight))
        }
        try (scale == 1 ? value : value.scaled(by: scale)).backward()
        return BatchLoss(value: try value.item(), text: textValue)
    }

    func finishStep() throws {
        if captions != nil { try model.clampLogitScale() }
    }

    /// The loss between images and captions; nil where fewer than two images have one.
    ///
    /// Images that no longer show what is said of them are left out.
    private func textLoss(_ features: Tensor, of batch: TrainingBatch) throws -> Tensor? {
        guard let captions, let text = model.text else { return nil }
        let rows = batch.places.indices.filter { row in
            batch.keepsCaption[row] && captions.captionOfImage[batch.places[row]] != nil
        }
        guard rows.count >= 2 else { return nil }
        let (tokens, meanings) = captions.captions(of: rows.map { batch.places[$0] })
        let device = model.vision.device
        let wanted = try features.converted(to: .float32).rows(at: rows, device: device)
        return try InfoNCE(labelSmoothing: 0)(
            images: model.projected(wanted),
            texts: text(TokenBatch(tokens)).converted(to: .float32)
                .rows(at: meanings, device: device),
            meanings: meanings, logitScale: model.logitScale)
    }
}

/// Images are like their captions, in batches that may be larger than memory.
@EngineActor
final class CaptionObjective: TrainingObjective {
    let model: TrainedModel
    private let captions: CaptionTable
    private let chunkSize: Int?
    private let loss = InfoNCE(labelSmoothing: 0)

    /// An objective; `chunkSize` nil computes each batch as a whole.
    init(_ model: TrainedModel, captions: CaptionTable, chunkSize: Int?) {
        self.model = model
        self.captions = captions
        self.chunkSize = chunkSize
    }

    func addGradients(of batch: TrainingBatch, scale: Double) throws -> BatchLoss {
        guard let text = model.text else {
            preconditionFailure("a model without text side cannot learn from captions")
        }
        let (tokens, meanings) = captions.captions(of: batch.places)
        let device = model.vision.device
        func loss(images: Tensor, texts: Tensor) throws -> Tensor {
            try self.loss(
                images: images,
                texts: texts.converted(to: .float32).rows(at: meanings, device: device),
                meanings: meanings, logitScale: model.logitScale)
        }
        let value: Float
        if let chunkSize, chunkSize < batch.places.count {
            let images = GradientCache.chunks(of: batch.places.count, size: chunkSize).map { rows in
                { [model] in try model.projected(model.vision(batch.images[rows])) }
            }
            let texts = GradientCache.chunks(of: tokens.count, size: chunkSize).map { rows in
                { try text(TokenBatch(Array(tokens[rows]))) }
            }
            value = try GradientCache.addGradients(
                of: [images, texts], scale: scale, once: model.keepingStatistics
            ) { try loss(images: $0[0], texts: $0[1]) }
        } else {
            let whole = try loss(
                images: model.projected(model.vision(batch.images)),
                texts: text(TokenBatch(tokens)))
            try (scale == 1 ? whole : whole.scaled(by: scale)).backward()
            value = try whole.item()
        }
        return BatchLoss(value: value, logitScale: try model.logitScale.exponential().item())
    }

    func finishStep() throws { try model.clampLogitScale() }
}

extension Tensor {
    /// Rows of this matrix by their places.
    fileprivate func rows(at places: [Int], device: Device) throws(EngineError) -> Tensor {
        try rows(
            at: Tensor.integers(places.map(Int64.init), shape: [places.count], device: device))
    }
}
