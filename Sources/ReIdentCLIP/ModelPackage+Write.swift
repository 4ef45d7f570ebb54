// Writing packages: of given tensors, of random start values, and with other settings.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentFiles
import ReIdentFoundation
public import ReIdentImages

extension ModelPackage {
    /// Checks that a package can be written, before work is spent on its contents.
    ///
    /// - Throws: `PackageError.file` with the kind `cannotWrite`.
    public static func check(output path: String, force: Bool) throws(PackageError) {
        do {
            try OutputFolder.check(path, force: force, replacingOnlyWith: [weightsFile])
        } catch {
            throw .file(error)
        }
    }

    /// Writes a package, which appears whole or not at all.
    ///
    /// - Parameters:
    ///   - path: The folder to be written.
    ///   - force: Whether an existing package may be replaced.
    ///   - configuration: Sizes and activation.
    ///   - settings: Everything else; the weights' digest is computed here.
    ///   - tensors: All tensors of the configuration's `WeightTable`, or all but `visual.proj`, in
    ///     F32, F16 or BF16; the numbers of batches in I64.
    ///   - vocabulary: The vocabulary of a package with a text side.
    ///   - numbers: What it reads shirt numbers with, where it has its own.
    /// - Returns: The written package, opened.
    /// - Throws: `PackageError`: `file` if it cannot be written or the task was cancelled,
    ///   `mismatch` if the tensors are not those of the configuration, `invalidVocabulary` if the
    ///   vocabulary does not fit it.
    @discardableResult
    public static func write(
        to path: String, force: Bool = false, configuration: CLIPConfiguration,
        settings: PackageSettings, tensors: [SafetensorsWriter.Tensor],
        vocabulary: VocabularyFile? = nil, numbers: NumberFiles = NumberFiles()
    ) throws(PackageError) -> ModelPackage {
        let folder: OutputFolder
        do {
            folder = try OutputFolder(path: path, force: force, replacingOnlyWith: [weightsFile])
        } catch {
            throw .file(error)
        }
        do {
            try SafetensorsWriter.write(to: folder.file(weightsFile), tensors: tensors)
            let written = try SafetensorsFile(path: folder.file(weightsFile))
            var settings = settings
            settings.weightsDigest = try weightsDigest(of: written)
            let text = try json(configuration: configuration, settings: settings)
            try OutputFile.write(text + "\n", to: folder.file(configurationFile))
            if let vocabulary, let sizes = configuration.text {
                _ = try vocabulary.vocabulary(tokenCount: sizes.vocabularySize)
                try folder.files.write(vocabulary.bytes, to: vocabulary.packageName)
            }
            try numbers.write(to: folder.staging)
            // Opening it holds names and shapes against the configuration before it is in place.
            _ = try open(folder.staging)
            if Task.isCancelled { throw FileError.interrupted(path) }
            try folder.finish()
        } catch let error as PackageError {
            throw error
        } catch let error as FileError {
            // Nobody knows the hidden name that the folder has while it is filled.
            throw .file(
                FileError(
                    kind: error.kind, path: error.path.replacing(folder.staging, with: path),
                    problem: error.problem))
        } catch let error as any DiagnosedError {
            throw .file(error)
        } catch {
            throw .file(
                FileError(kind: .internalFault, path: path, problem: "cannot be written: \(error)"))
        }
        return try open(path)
    }

    /// Creates a package with random start values, initialised as open_clip does.
    ///
    /// - Parameters:
    ///   - architecture: What to create; its text side too, if it has one.
    ///   - seed: Decides every number, alike on every machine.
    ///   - path: The folder to be written.
    ///   - force: Whether an existing package may be replaced.
    ///   - vocabulary: The vocabulary of its text side; nil takes CLIP's own where it fits and
    ///     `make setup` has fetched it.
    ///   - residualGain: What each block of a ResNet adds to its input is multiplied by this. nil
    ///     is open_clip's 0, with which a deep network begins as a shallow one; 1 learns sooner.
    ///   - preprocessing: How images become its square.
    /// - Returns: The written package, opened.
    /// - Throws: `PackageError`: `file` if it cannot be written, `tooLarge`, `invalidVocabulary` if
    ///   the vocabulary does not fit the text side.
    @discardableResult
    public static func create(
        _ architecture: Architecture, seed: UInt64, at path: String, force: Bool = false,
        vocabulary: VocabularyFile? = nil, residualGain: Float? = nil,
        preprocessing: Preprocessing = .letterbox
    ) throws(PackageError) -> ModelPackage {
        let table = WeightTable(architecture.configuration)
        guard table.parameterEstimate <= largestCreated else {
            throw .tooLarge(
                architecture: architecture.name, parameters: table.parameterEstimate)
        }
        let random = RandomWeights(seed: seed, residualGain: residualGain)
        let tensors = table.entries.map { entry in
            if entry.side == .batchCount {
                return SafetensorsWriter.Tensor(name: entry.name, shape: [], integers: [0])
            }
            return SafetensorsWriter.Tensor(
                name: entry.name, elementType: .float32, shape: entry.shape
            ) { sink in
                try random.values(of: entry).withUnsafeBytes { try sink($0) }
            }
        }
        let fitsCLIP = architecture.configuration.text?.vocabularySize == Tokenizer.tokenCountOfCLIP
        return try write(
            to: path, force: force, configuration: architecture.configuration,
            settings: PackageSettings(
                architecture: architecture.name, embedding: .features,
                preprocessing: preprocessing,
                normalization: architecture.configuration.vision.standardNormalization,
                provenance: Provenance(kind: .created, seed: seed)),
            tensors: tensors,
            vocabulary: vocabulary ?? (fitsCLIP ? VocabularyFile.ofSetup() : nil))
    }

    /// The most numbers a created model may have: ten times those of ViT-bigG-14.
    private static let largestCreated = 25e9

    /// Replaces the settings of the package on disk, for example after calibration.
    ///
    /// - Returns: The package as it is then; the weights stay as they are.
    /// - Throws: `PackageError.file` if it cannot be written.
    public func updating(
        _ change: (inout PackageSettings) -> Void
    ) throws(PackageError) -> ModelPackage {
        var changed = settings
        change(&changed)
        changed.weightsDigest = settings.weightsDigest
        if changed.embedding == .projected, !hasProjection {
            throw .projectionMissing(path: path)
        }
        do {
            let text = try Self.json(configuration: configuration, settings: changed)
            try OutputFile.write(text + "\n", to: "\(path)/\(Self.configurationFile)", force: true)
        } catch let error as FileError {
            throw .file(error)
        } catch {
            throw .file(
                FileError(kind: .internalFault, path: path, problem: "cannot be written: \(error)"))
        }
        return try Self.open(path)
    }

    /// config.json: open_clip's form and the `reident` object.
    static func json(
        configuration: CLIPConfiguration, settings: PackageSettings
    ) throws -> String {
        var members = configuration.jsonMembers
        members["reident"] = try JSONDecoder().decode(
            JSONValue.self, from: JSONEncoder().encode(settings))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(JSONValue.object(members)), as: UTF8.self)
    }
}
