// Everything a training needs to go on as if it had never stopped: parameters, the optimiser's
// moments, and where in which epoch it was. One safetensors file, replaced whole.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFiles
import ReIdentFoundation

/// Where a training is.
struct TrainingPosition: Codable, Equatable {
    /// Batches done over all epochs.
    var step = 0
    /// Optimiser steps done.
    var optimizerStep = 0
    /// The epoch in work, counted from 1.
    var epoch = 1
    /// Batches done of that epoch.
    var batchInEpoch = 0
    /// The sampler's source of chance when the epoch began; nil with listed pairs.
    var generator: SeededGenerator?
    /// Batches of the first epoch: the schedule's unit.
    var batchesPerEpoch = 0
    /// Sum of the losses of the epoch so far.
    var lossSum = 0.0
    /// Seconds the epoch's steps took so far.
    var seconds = 0.0
    /// The best validation score so far.
    var bestScore: Double?
    /// The loss scaling of half precision.
    var scaler: GradientScaler?

    enum CodingKeys: String, CodingKey {
        case step, optimizerStep, epoch, batchInEpoch, generator, batchesPerEpoch, lossSum, seconds
        case bestScore = "bestMeanAveragePrecision"  // its name before there were captions
        case scaler
    }

    /// Whether any training could be there; a damaged state may say anything.
    var isPossible: Bool {
        epoch >= 1 && [step, optimizerStep, batchInEpoch, batchesPerEpoch].allSatisfy { $0 >= 0 }
    }
}

/// What belongs together in a saved state besides the tensors.
struct TrainingStateHeader: Codable {
    let options: TrainingOptions
    let position: TrainingPosition
    /// The fingerprint of the package that training began with.
    let startPackage: String
    /// The data's: a digest of the training images' paths and identities.
    let dataFingerprint: String
    /// What the best package is chosen on; nil for nothing.
    let validatedOn: String?
}

/// Saving and loading.
@EngineActor
enum TrainingState {
    private static let headerKey = "reident.training"

    /// Writes the state, whole or not at all.
    static func save(
        _ header: TrainingStateHeader, optimizer: AdamW, statistics: [NamedParameter],
        to path: String
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(header), as: UTF8.self)
        var tensors: [SafetensorsWriter.Tensor] = []
        for (index, parameter) in optimizer.parameters.enumerated() {
            tensors.append(written("parameter/\(parameter.name)", parameter.tensor))
            tensors.append(written("first/\(parameter.name)", optimizer.firstMoments[index]))
            tensors.append(written("second/\(parameter.name)", optimizer.secondMoments[index]))
            tensors.append(written("steps/\(parameter.name)", optimizer.stepCounts[index]))
        }
        for statistic in statistics {
            tensors.append(written("statistic/\(statistic.name)", statistic.tensor))
        }
        try SafetensorsWriter.write(
            to: path, tensors: tensors, metadata: [headerKey: text], force: true)
    }

    /// Reads the header alone.
    static func header(of path: String, run: String) throws -> TrainingStateHeader {
        guard FileManager.default.fileExists(atPath: path) else {
            throw TrainingError.noState(run: run)
        }
        let file = try SafetensorsFile(path: path)
        guard let text = file.metadata[headerKey] else {
            throw TrainingError.resumeMismatch(
                run: run, problem: "\(path) holds no training state. Start without --resume.")
        }
        let header = try? JSONDecoder().decode(TrainingStateHeader.self, from: Data(text.utf8))
        guard let header, header.position.isPossible else {
            throw TrainingError.resumeMismatch(
                run: run, problem: "\(path) was written by another version. Start anew.")
        }
        return header
    }

    /// Puts the stored tensors into the optimiser's parameters and moments, and the statistics.
    static func restore(
        _ optimizer: AdamW, statistics: [NamedParameter], from path: String, run: String
    ) throws {
        let file = try SafetensorsFile(path: path)
        func load(_ name: String, into tensor: Tensor) throws {
            guard let entry = file.tensors[name], entry.shape == tensor.shape,
                entry.elementType == .float32
            else {
                throw TrainingError.resumeMismatch(
                    run: run, problem: "'\(name)' does not fit the model. Use the same --model.")
            }
            let stored = try file.withBytes(of: name) { bytes in
                try Tensor.copying(bytes, shape: entry.shape, dtype: .float32)
            }
            try tensor.assign(stored)
        }
        for (index, parameter) in optimizer.parameters.enumerated() {
            try load("parameter/\(parameter.name)", into: parameter.tensor)
            try load("first/\(parameter.name)", into: optimizer.firstMoments[index])
            try load("second/\(parameter.name)", into: optimizer.secondMoments[index])
            try load("steps/\(parameter.name)", into: optimizer.stepCounts[index])
        }
        for statistic in statistics {
            try load("statistic/\(statistic.name)", into: statistic.tensor)
        }
    }

    private static func written(_ name: String, _ tensor: Tensor) -> SafetensorsWriter.Tensor {
        SafetensorsWriter.Tensor(name: name, elementType: .float32, shape: tensor.shape) { sink in
            try tensor.floatValues().withUnsafeBytes { try sink($0) }
        }
    }
}
