// The parts of a CLIP model that a training moves.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentEngine
import ReIdentFiles

/// An image encoder with its temperature, and a text encoder where captions take part.
@EngineActor
final class TrainedModel {
    let vision: any VisionEncoder
    let text: TextEncoder?
    /// The learned log temperature.
    let logitScale: Tensor
    /// From features to where images and texts meet, `[E, D]`; nil where they are there already.
    private let projection: Tensor?
    /// Everything learned, by open_clip's names.
    let parameters: [NamedParameter]
    /// Running statistics of batch norms.
    var statistics: [NamedParameter] { vision.statistics }

    /// Brings a package's trained parts to the device.
    ///
    /// - Parameters:
    ///   - package: The start.
    ///   - readsTexts: Whether the text side is trained too; the package then needs a projection.
    ///   - options: Precision, device and checkpointing.
    /// - Throws: `ReIdentError.unsupported`, `PackageError` or `EngineError`.
    init(_ package: ModelPackage, readsTexts: Bool, options: TrainingOptions) throws {
        let device = try Device.named(options.device)
        let form = LayerForm.trainable(options.precision)
        vision = try package.makeEncoder(form: form, device: device, tokens: options.tokens)
        guard vision.canUseCheckpoints || !options.usesGradientCheckpointing else {
            throw ReIdentError.unsupported(
                option: "Gradient checkpointing of a ResNet", instead: "Use a smaller batch.")
        }
        vision.usesCheckpoints = options.usesGradientCheckpointing
        vision.usesBatchStatistics = true
        let tensors = WeightTensors(package, device: device, isTrainable: true)
        logitScale = try tensors["logit_scale"]
        guard readsTexts else {
            (text, projection) = (nil, nil)
            parameters = vision.parameters + tensors.parameters
            return
        }
        let text = try package.makeTextEncoder(form: form, device: device)
        text.usesCheckpoints = options.usesGradientCheckpointing
        self.text = text
        // The attention pool of a ResNet projects already.
        let isProjected =
            package.settings.embedding == .projected
            || package.weights.tensors["visual.proj"] == nil
        projection = isProjected ? nil : try tensors["visual.proj"]
        parameters = vision.parameters + tensors.parameters + text.parameters
    }

    /// Features, as the package's embedding is, brought to where images and texts meet: `[N, D]`.
    func projected(_ features: Tensor) throws -> Tensor {
        guard let projection else { return features }
        return try features.converted(to: .float32).matmul(projection)
    }

    /// Runs `body` so that the running statistics are afterwards what they were before.
    func keepingStatistics(_ body: () throws -> [Tensor]) throws -> [Tensor] {
        let kept = try statistics.map { statistic in
            let copy = try statistic.tensor.zerosLike()
            try copy.assign(statistic.tensor)
            return copy
        }
        let result = try body()
        for (statistic, copy) in zip(statistics, kept) { try statistic.tensor.assign(copy) }
        return result
    }

    /// The log temperature's bounds, as CLIP keeps it: logits are scaled by 1 to 100.
    private static let bounds = 0...Float(log(100.0))

    /// Brings the temperature back between its bounds.
    func clampLogitScale() throws {
        let value = try logitScale.item()
        guard value.isFinite, !Self.bounds.contains(value) else { return }
        let bounded = min(max(value, Self.bounds.lowerBound), Self.bounds.upperBound)
        try logitScale.assign(
            Tensor.floats([bounded], shape: logitScale.shape, device: logitScale.device))
    }
}
