// Turns a published or saved checkpoint into a model package: every tensor is kept, under
// open_clip's names and in the element type it came in.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
public import ReIdentImages

/// A checkpoint that has been checked against an architecture and can be written as a package.
public struct CheckpointImport: Sendable {
    /// What the package will be.
    public let configuration: CLIPConfiguration
    /// How the checkpoint's tensors are named.
    public let form: CheckpointForm
    /// Mean and deviation of the pixels: as given, from a file beside the checkpoint, or the
    /// architecture's usual ones.
    public let normalization: PixelNormalization
    /// Image size the position embedding was learned for, if it has to be resampled.
    public let resampledFromImageSize: Int?
    /// Whether the checkpoint holds CLIP's image projection.
    public let hasProjection: Bool
    /// The vocabulary of the text side, if it has one and a vocabulary is here.
    public let vocabulary: VocabularyFile?

    private let source: String
    private let weights: any TensorFile
    private let names: [String: String]
    private let architecture: Architecture
    private let embedding: EmbeddingKind
    private let hasTemperature: Bool
    private let hasBatchCounts: Bool

    /// Reads a checkpoint's header and the files beside it, and checks them.
    ///
    /// - Parameters:
    ///   - source: A `.safetensors` file of open_clip or Hugging Face, or a file of torch
    ///     (`.pt`, `.pth`, `.bin`): a state dict, a training checkpoint, an OpenAI archive.
    ///   - architecture: What the weights are; a file beside them that says otherwise is an error.
    ///   - keepProjection: Whether the package's embedding is the projected one.
    ///   - imageSize: Image size of the package, if not the architecture's; the position embedding
    ///     is resampled to it.
    ///   - normalization: How pixels were normalized in training; nil takes it from a file beside
    ///     the checkpoint, or what is usual.
    ///   - vocabulary: The vocabulary of the text side; nil takes the one beside the weights
    ///     (merges.txt, tokenizer.json, CLIP's), otherwise CLIP's where it fits.
    /// - Throws: `PackageError`, with everything that does not fit in one `mismatch`.
    public init(
        source: String, architecture: Architecture, keepProjection: Bool = false,
        imageSize: Int? = nil, normalization: PixelNormalization? = nil, vocabulary: String? = nil
    ) throws(PackageError) {
        self.source = source
        weights = try Self.openWeights(source)
        guard let (named, names) = CheckpointForm.detect(weights.names) else {
            throw .unknownForm(path: source, example: weights.names.first ?? "")
        }
        let isScript = (weights as? TorchArchive)?.isScript ?? false
        let form = isScript && named == .openCLIP ? .openAI : named
        var target = form == .openAI ? architecture.withQuickGELU : architecture
        self.form = form
        self.names = names
        resampledFromImageSize = try Self.adjust(
            &target, to: imageSize, form: form, names: names, weights: weights)
        var fit = CheckpointFit(
            form: form, names: names, weights: weights, architecture: target)
        if target.configuration.text != nil, fit.lacks(.text) {
            target = target.withoutText
            fit = CheckpointFit(form: form, names: names, weights: weights, architecture: target)
        }
        hasTemperature = !fit.lacks(.temperature)
        let source = CheckpointFit(
            form: form, names: names, weights: weights,
            architecture: resampledFromImageSize.map { target.with(imageSize: $0) } ?? target)
        if let mismatch = source.mismatch(optional: WeightTable.optionalSides) {
            throw .mismatch(mismatch)
        }
        hasProjection =
            !fit.lacks(.visionProjection) || target.configuration.vision.includesProjection
        hasBatchCounts = !fit.lacks(.batchCount)
        guard hasProjection || !keepProjection else { throw .projectionMissing(path: weights.path) }
        embedding = keepProjection ? .projected : .features
        try weights.requireWeightTypes(
            of: names.filter { !form.isKnownBuffer($0.key) }.map(\.value))

        let companions = try CompanionFiles(beside: weights.path)
        try companions.check(target, ignoringImageSize: imageSize != nil)
        self.normalization =
            normalization ?? companions.normalization
            ?? target.configuration.vision.standardNormalization
        if let text = target.configuration.text {
            self.vocabulary = try VocabularyFile.find(
                named: vocabulary, besideWeights: weights.path, tokenCount: text.vocabularySize)
        } else {
            self.vocabulary = nil
        }
        self.architecture = target
        configuration = target.configuration
    }

    /// Writes the package, which appears whole or not at all.
    ///
    /// - Parameters:
    ///   - path: The folder to be written.
    ///   - force: Whether an existing package may be replaced.
    /// - Returns: The written package, opened.
    /// - Throws: `PackageError.file` with the kind `cannotWrite`.
    @discardableResult
    public func write(to path: String, force: Bool = false) throws(PackageError) -> ModelPackage {
        try ModelPackage.check(output: path, force: force)
        let digest: String
        do {
            digest = try MessageDigest.sha256.hexadecimal(ofFile: weights.path)
        } catch {
            throw .file(error)
        }
        let settings = PackageSettings(
            architecture: architecture.name, embedding: embedding, normalization: normalization,
            provenance: Provenance(
                kind: .imported,
                source: .init(
                    file: URL(filePath: source).lastPathComponent, sha256: digest, form: form,
                    resampledFromImageSize: resampledFromImageSize)))
        var tensors: [SafetensorsWriter.Tensor] = []
        for entry in WeightTable(configuration).entries {
            if entry.side == .visionProjection, !hasProjection { continue }
            if entry.side == .batchCount, !hasBatchCounts {
                tensors.append(.init(name: entry.name, shape: [], integers: [0]))
                continue
            }
            if entry.side == .temperature, !hasTemperature {
                tensors.append(
                    .init(
                        name: entry.name, shape: [],
                        values: [Float(configuration.initialLogitScale)]))
                continue
            }
            tensors.append(try tensor(for: entry))
        }
        return try ModelPackage.write(
            to: path, force: force, configuration: configuration, settings: settings,
            tensors: tensors, vocabulary: vocabulary)
    }

    private func tensor(
        for entry: WeightTable.Entry
    ) throws(PackageError) -> SafetensorsWriter.Tensor {
        let recipe = form.recipe(for: entry)
        var parts: [String] = []
        var types: [ElementType] = []
        for part in recipe.parts {
            guard let stored = names[part.name], let found = weights.description(of: stored)
            else { continue }
            types.append(found.elementType)
            parts.append(stored)
        }
        let type = types[0]
        guard types.allSatisfy({ $0 == type }) else {
            throw .elementType(
                path: weights.path, tensor: recipe.parts[0].name,
                found: "\(type.rawValue), unlike the tensors it belongs with")
        }
        if entry.name == configuration.vision.positionTensor, let size = resampledFromImageSize {
            do {
                return resampledPositions(
                    try weights.bytes(of: parts[0]), type: type, from: size, entry: entry)
            } catch {
                throw .file(error)
            }
        }
        // Bytes are asked for when they are written: those of an archive are unpacked one by one.
        return .init(name: entry.name, elementType: type, shape: entry.shape) { [weights] sink in
            switch recipe.assembly {
            case .copied, .joined:
                for part in parts { try weights.bytes(of: part).withUnsafeBytes { try sink($0) } }
            case .transposed:
                let transposed = try weights.bytes(of: parts[0]).withUnsafeBytes {
                    transposedBytes(
                        $0, rows: entry.shape[1], columns: entry.shape[0],
                        elementSize: type.byteCount)
                }
                try transposed.withUnsafeBytes { try sink($0) }
            }
        }
    }

    private func resampledPositions(
        _ bytes: MappedBytes, type: ElementType, from size: Int, entry: WeightTable.Entry
    ) -> SafetensorsWriter.Tensor {
        let unit = configuration.vision.unit
        let side = configuration.imageSize / unit
        let source = PositionEmbedding(
            values: bytes.withUnsafeBytes { type.values(of: $0) }, width: entry.shape.last ?? 1)
        let result = source.resampled(from: size / unit, toHeight: side, width: side)
        return .init(name: entry.name, shape: entry.shape, values: result.values)
    }

    private static func openWeights(_ source: String) throws(PackageError) -> any TensorFile {
        do {
            try InputPath.requireFile(source)
            let ending = URL(filePath: source).pathExtension.lowercased()
            let isTorch = try TorchArchive.isRecognized(source)
            if isTorch || ["pt", "pth", "bin", "ckpt", "pkl"].contains(ending) {
                return try TorchArchive(path: source)
            }
            return try SafetensorsFile(path: source)
        } catch {
            throw .file(error)
        }
    }

    /// Sets the image size of the architecture and says which one the weights have, if another.
    private static func adjust(
        _ architecture: inout Architecture, to imageSize: Int?, form: CheckpointForm,
        names: [String: String], weights: any TensorFile
    ) throws(PackageError) -> Int? {
        guard let imageSize else { return nil }
        let vision = architecture.configuration.vision
        if case .resNet = vision, imageSize != vision.imageSize {
            throw .fixedImageSize(architecture: architecture.name, size: vision.imageSize)
        }
        try vision.check(imageSize: imageSize)
        architecture = architecture.with(imageSize: imageSize)
        let entry = WeightTable(architecture.configuration).entries.first {
            $0.name == vision.positionTensor
        }
        guard let entry, let stored = names[form.recipe(for: entry).parts[0].name],
            let shape = weights.description(of: stored)?.shape,
            let grid = PositionEmbedding.gridSize(shape: shape)
        else { return nil }
        let present = grid * vision.unit
        return present == imageSize ? nil : present
    }
}

extension Architecture {
    /// The same architecture for another image size.
    func with(imageSize: Int) -> Architecture {
        var changed = configuration
        changed.vision = configuration.vision.with(imageSize: imageSize)
        return Architecture(name: name, configuration: changed)
    }

    /// The architecture with QuickGELU, under its own name if it has one.
    var withQuickGELU: Architecture {
        guard configuration.activation != .quickGELU else { return self }
        if let known = Architecture.named("\(name)-quickgelu"),
            self == Architecture.named(name)
        {
            return known
        }
        var changed = configuration
        changed.activation = .quickGELU
        return Architecture(name: name, configuration: changed)
    }

    /// The image side alone.
    var withoutText: Architecture {
        var changed = configuration
        changed.text = nil
        return Architecture(name: name, configuration: changed)
    }
}

/// A row-major matrix of elements of any size, transposed.
func transposedBytes(
    _ source: UnsafeRawBufferPointer, rows: Int, columns: Int, elementSize: Int
) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: source.count) { target, count in
        let target = UnsafeMutableRawBufferPointer(target)
        for row in 0..<rows {
            for column in 0..<columns {
                let from = (row * columns + column) * elementSize
                let to = (column * rows + row) * elementSize
                for byte in 0..<elementSize { target[to + byte] = source[from + byte] }
            }
        }
        count = source.count
    }
}
