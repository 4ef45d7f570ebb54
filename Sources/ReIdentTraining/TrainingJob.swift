// What a training works on: a package, images with their players and captions, a plan of batches,
// and what it is validated on.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentData
import ReIdentEngine
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages

/// A training that is ready to begin.
struct TrainingJob: Sendable {
    /// Where batches come from.
    enum Batches: Sendable {
        /// Pairs of images of one player, by the options' sampler.
        case pairs
        /// Pairs of a file.
        case listed([[ImagePair]])
        /// Images with their captions.
        case captions
    }

    /// The dataset's path, for messages.
    let name: String
    let package: ModelPackage
    /// What is wrong where training began with another model, for messages.
    var otherStart = "--model is another package"
    let options: TrainingOptions
    /// The images that batches refer to.
    let images: [PlayerImage]
    let batches: Batches
    /// What the images' captions say, where they take part.
    var captions: CaptionTable?
    /// What the crops look like, for later warnings; nil before it is known.
    var crops: TrainedCrops?
    /// What the written packages read texts by.
    let vocabulary: VocabularyFile?
    /// What the written packages read shirt numbers by, where that is their own.
    let numbers: NumberFiles
    let validation: (any Validation)?

    /// A fresh plan of batches.
    ///
    /// - Throws: `DataError` or `TrainingError` if there is not a single batch.
    func plan() throws -> BatchPlan {
        let generator = SeededGenerator(seed: options.seed)
        switch (batches, options.sampler) {
        case (.listed(let batches), _): return .listed(batches)
        case (.captions, _):
            guard images.count >= options.batchSize else {
                throw TrainingError.tooFewCaptions(
                    dataset: name, found: images.count, batchSize: options.batchSize)
            }
            return .shuffled(
                ShuffledBatches(
                    imageCount: images.count, batchSize: options.batchSize, generator: generator))
        case (.pairs, .greedy):
            return .sampled(
                try GreedyPairSampler(
                    images: images, batchSize: options.batchSize, generator: generator))
        case (.pairs, .filling):
            return .sampled(
                try FillingPairSampler(
                    images: images, batchSize: options.batchSize, generator: generator))
        }
    }

    /// The loss over the package's model on the device.
    @EngineActor
    func makeObjective() throws -> any TrainingObjective {
        if case .captions = batches, let captions {
            // Images and texts meet in the projected embedding, whichever the package's own is.
            let model = try TrainedModel(
                package.selecting(.projected), readsTexts: true, options: options)
            return CaptionObjective(model, captions: captions, chunkSize: options.chunkSize)
        }
        let model = try TrainedModel(package, readsTexts: captions != nil, options: options)
        return PairObjective(
            model, labelSmoothing: options.labelSmoothing, captions: captions,
            textWeight: options.textWeight ?? 0)
    }

    /// The optimiser over a model's parameters.
    @EngineActor
    func makeOptimizer(_ model: TrainedModel) throws -> AdamW {
        var settings = AdamW.Options(weightDecay: options.weightDecay)
        settings.beta2 = options.secondMomentDecay ?? settings.beta2
        settings.epsilon = options.optimizerEpsilon ?? settings.epsilon
        guard options.decaysMatricesOnly == true else {
            return try AdamW(model.parameters, options: settings)
        }
        return try AdamW(model.parameters, options: settings) { parameter in
            // As stored: on the device a class token has more dimensions.
            package.weights.tensors[parameter.name].map { $0.shape.count >= 2 } ?? true
        }
    }

    /// The chance changes of crops: none where batches are listed.
    var augmentation: CropAugmentation {
        var augmentation = options.augmentation ?? ImageAugmentation()
        if case .listed = batches { augmentation = ImageAugmentation() }
        return CropAugmentation(
            augmentation, seed: options.seed, images: images, locator: numbers.locator)
    }

    /// The players that are trained on: all, or those of the listed pairs.
    var players: Set<String> {
        guard case .listed(let batches) = batches else { return Set(images.map(\.identity)) }
        return Set(batches.joined().map { images[$0.query].identity })
    }

    /// The images that are trained on: all, or those of the listed pairs.
    private var usedImages: [PlayerImage] {
        guard case .listed(let batches) = batches else { return images }
        return Set(batches.joined().flatMap { [$0.query, $0.gallery] }).sorted().map { images[$0] }
    }

    /// The same training, knowing what its crops look like.
    ///
    /// - Throws: `CancellationError`; a crop that cannot be read is refused when it is trained on.
    func withFingerprints() throws -> TrainingJob {
        let images = usedImages
        let count = min(images.count, TrainedCrops.most)
        let sources = (0..<count).map { ImageSource(images[$0 * images.count / count].source) }
        var fingerprints: [PictureFingerprint] = []
        for start in stride(from: 0, to: count, by: 1_024) {
            try Task.checkCancellation()
            fingerprints += ImageSource.seen(
                Array(sources[start..<min(count, start + 1_024)]), PictureFingerprint.init
            ).compactMap { try? $0.get() }
        }
        var job = self
        job.crops = TrainedCrops(fingerprints, total: images.count)
        return job
    }

    /// What a saved state says besides its tensors.
    func header(at position: TrainingPosition) throws -> TrainingStateHeader {
        TrainingStateHeader(
            options: options, position: position, startPackage: package.settings.weightsDigest,
            dataFingerprint: try dataFingerprint(), validatedOn: validation?.name)
    }

    /// A digest of the training images' names and players, of cameras where they matter, of listed
    /// batches, and of captions as tokens where they take part.
    private func dataFingerprint() throws -> String {
        // Cameras decide which crops share a shift of colours, and nothing else.
        let usesCameras = (options.augmentation?.colorShift ?? 0) > 0
        var text = images.map { image in
            "\(image.path)\t\(image.identity)" + (usesCameras ? "\t\(image.camera ?? "")" : "")
        }.joined(separator: "\n")
        if case .listed(let batches) = batches {
            for batch in batches {
                text += "\n" + batch.map { "\($0.query)-\($0.gallery)" }.joined(separator: " ")
            }
        }
        if let captions {
            for caption in captions.captionOfImage {
                let tokens = caption.map { captions.tokens[$0] } ?? []
                text += "\n" + tokens.map(String.init).joined(separator: " ")
            }
        }
        return try MessageDigest.sha256.hexadecimal(of: text)
    }

    /// Refuses to continue another training.
    func requireSame(as header: TrainingStateHeader, run: String) throws {
        func refuse(_ what: String) -> TrainingError {
            .resumeMismatch(
                run: run, problem: "\(what). Give the same command, or start anew.")
        }
        guard header.startPackage == package.settings.weightsDigest else {
            throw refuse(otherStart)
        }
        guard header.validatedOn == validation?.name else {
            throw refuse(
                "the best package was chosen on \(header.validatedOn ?? "nothing"), now "
                    + "--validation asks for \(validation?.name ?? "nothing")")
        }
        // A longer or differently saved training of the same kind may go on.
        var stored = header.options
        stored.maximumSteps = options.maximumSteps
        stored.saveInterval = options.saveInterval
        if let difference = try Self.firstDifference(stored, options) { throw refuse(difference) }
        guard try header.dataFingerprint == dataFingerprint() else {
            throw refuse("the training images are others")
        }
    }

    /// The first option with two values, by its name in the library.
    private static func firstDifference(
        _ stored: TrainingOptions, _ given: TrainingOptions
    ) throws -> String? {
        func values(_ options: TrainingOptions) throws -> [String: String] {
            let encoded = try JSONEncoder().encode(options)
            let object = try JSONSerialization.jsonObject(with: encoded) as? [String: Any] ?? [:]
            var result: [String: String] = [:]
            for (name, value) in object {
                guard let parts = value as? [String: Any] else {
                    result[name] = "\(value)"
                    continue
                }
                for (part, value) in parts { result["\(name).\(part)"] = "\(value)" }
            }
            return result
        }
        let (before, now) = (try values(stored), try values(given))
        for name in Set(before.keys).union(now.keys).sorted() where before[name] != now[name] {
            return "the option \(name) was \(before[name] ?? "not given") and is "
                + "\(now[name] ?? "not given")"
        }
        return nil
    }

    /// Writes a package with trained tensors in the place of the start's; `trained` gives the
    /// values of a tensor, or nil for one that was not trained.
    func writePackage(
        _ path: String, position: TrainingPosition, trained: (String) throws -> [Float]?
    ) throws {
        var settings = package.settings
        settings.tokens = options.tokens
        settings.provenance = package.settings.provenance.trained(summary(at: position))
        settings.trainedIdentities.append(try HashedIdentities(players))
        if let crops { settings.trainedCrops.append(crops) }
        // What was learned from the start's similarities does not hold for these weights.
        (settings.decisions, settings.numberReading) = (nil, nil)
        settings.secondPlayer = nil
        let tensors = try package.weights.names.compactMap { name in
            try package.weights.tensors[name].map { entry in
                if let values = try trained(name) {
                    return SafetensorsWriter.Tensor(name: name, shape: entry.shape, values: values)
                }
                if WeightTable.isCounter(name), let count = try counter(name) {
                    return SafetensorsWriter.Tensor(
                        name: name, shape: entry.shape, integers: [count + Int64(position.step)])
                }
                return SafetensorsWriter.Tensor(
                    name: name, elementType: entry.elementType, shape: entry.shape,
                    bytes: try package.weights.bytes(of: name))
            }
        }
        try ModelPackage.write(
            to: path, force: true, configuration: package.configuration, settings: settings,
            tensors: tensors, vocabulary: vocabulary, numbers: numbers)
    }

    /// How many batches a batch norm had seen before this training.
    private func counter(_ name: String) throws -> Int64? {
        guard package.weights.tensors[name]?.elementType == .int64 else { return nil }
        return try package.weights.withBytes(of: name) { bytes in
            bytes.count == 8 ? Int64(littleEndian: bytes.loadUnaligned(as: Int64.self)) : nil
        }
    }

    /// What the package says about its training.
    private func summary(at position: TrainingPosition) -> [String: String] {
        var summary = [
            "images": "\(images.count)", "players": "\(players.count)",
            "steps": "\(position.step)", "batch_size": "\(options.batchSize)",
            "learning_rate": "\(options.learningRate)", "schedule": options.schedule.rawValue,
            "precision": options.precision.rawValue, "seed": "\(options.seed)",
            "chosen_on": validation?.name ?? "nothing: the last epoch",
        ]
        summary["epochs"] = "\(options.epochs)"
        summary["augmentation"] = (options.augmentation ?? ImageAugmentation()).summary
        summary["captions"] = captions.map { "\($0.texts.count)" }
        summary["text_weight"] = options.textWeight.map { "\($0)" }
        return summary
    }
}
