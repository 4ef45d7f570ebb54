// What a training works on: a package, images with their players, a plan of batches, and what it
// is validated on.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentMetrics

/// The players a training is validated on.
struct Validation: Sendable {
    /// `validation` for players kept out of training, `test` for the dataset's own.
    let name: String
    let retrieval: Retrieval

    /// Scores of a package, in single precision.
    func scores(of package: ModelPackage, device: String) async throws -> RetrievalScores {
        var options = PlayerEncoder.Options()
        options.device = device
        let encoder = try await PlayerEncoder.open(package, options: options)
        return try await RetrievalSet(retrieval).embedded(by: encoder).scores()
    }
}

/// A training that is ready to begin.
struct TrainingJob: Sendable {
    /// The dataset's path, for messages.
    let name: String
    let package: ModelPackage
    let options: TrainingOptions
    /// The images that pairs refer to.
    let images: [PlayerImage]
    /// Batches from a file, instead of a sampler.
    let listedBatches: [[ImagePair]]?
    let validation: Validation?

    /// A fresh plan of batches.
    func plan() throws(DataError) -> BatchPlan {
        if let listedBatches { return .listed(listedBatches) }
        let generator = SeededGenerator(seed: options.seed)
        switch options.sampler {
        case .greedy:
            return .sampled(
                try GreedyPairSampler(
                    images: images, batchSize: options.batchSize, generator: generator))
        case .filling:
            return .sampled(
                try FillingPairSampler(
                    images: images, batchSize: options.batchSize, generator: generator))
        }
    }

    /// The chance changes of crops: none where batches are listed.
    var augmentation: CropAugmentation {
        CropAugmentation(
            listedBatches == nil ? options.augmentation ?? ImageAugmentation() : .init(),
            seed: options.seed, images: images)
    }

    /// The players that are trained on: all, or those of the listed pairs.
    var players: Set<String> {
        guard let listedBatches else { return Set(images.map(\.identity)) }
        return Set(listedBatches.joined().map { images[$0.query].identity })
    }

    /// What a saved state says besides its tensors.
    func header(at position: TrainingPosition) throws -> TrainingStateHeader {
        TrainingStateHeader(
            options: options, position: position, startPackage: package.settings.weightsDigest,
            dataFingerprint: try dataFingerprint(), validatedOn: validation?.name)
    }

    /// A digest of the training images' names and players, of cameras where they matter, and of
    /// listed batches.
    private func dataFingerprint() throws -> String {
        // Cameras decide which crops share a shift of colours, and nothing else.
        let usesCameras = (options.augmentation?.colorShift ?? 0) > 0
        var text = images.map { image in
            "\(image.path)\t\(image.identity)" + (usesCameras ? "\t\(image.camera ?? "")" : "")
        }.joined(separator: "\n")
        for batch in listedBatches ?? [] {
            text += "\n" + batch.map { "\($0.query)-\($0.gallery)" }.joined(separator: " ")
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
            throw refuse("--model is another package")
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
        settings.provenance = package.settings.provenance.trained(summary(at: position))
        settings.trainedIdentities.append(try HashedIdentities(players))
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
            tensors: tensors, vocabulary: try package.vocabularyFile())
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
        return summary
    }
}
