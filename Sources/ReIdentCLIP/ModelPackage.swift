// A model package: a folder with model.safetensors (open_clip's tensor names) and config.json
// (open_clip's form and a `reident` object).
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentFiles
import ReIdentFoundation

/// An opened model package: its configuration, its settings and its mapped weights.
public struct ModelPackage: Sendable {
    /// Name of the file of weights in a package.
    public static let weightsFile = "model.safetensors"
    /// Name of the configuration in a package.
    public static let configurationFile = "config.json"

    /// The folder.
    public let path: String
    /// Sizes and activation.
    public let configuration: CLIPConfiguration
    /// What else the package says about itself.
    public let settings: PackageSettings
    /// The tensors, mapped and not read: all of `WeightTable(configuration)`, but perhaps
    /// without `visual.proj`.
    public let weights: SafetensorsFile

    /// Opens a package and checks everything but the numbers themselves.
    ///
    /// Names and shapes of all tensors are held against the configuration. The weights' digest is
    /// not computed here, see `inspect()`.
    /// - Parameter path: The folder.
    /// - Returns: The package, its weights mapped.
    /// - Throws: `PackageError`: `notFound`, `notAPackage`, `missingFile`, `newerFormat`,
    ///   `invalidConfiguration`, `mismatch`, `projectionMissing`, or `file` for a damaged file.
    public static func open(_ path: String) throws(PackageError) -> ModelPackage {
        let configurationPath = try locateConfiguration(path)
        let value = try JSONValue(file: configurationPath)
        guard let described = value.member("reident") else {
            throw .notAPackage(path: path, found: "its config.json has no 'reident' object")
        }
        let settings = try PackageSettings(described, file: configurationPath, package: path)
        let configuration = try CLIPConfiguration(value, file: configurationPath)
        let weightsPath = "\(path)/\(weightsFile)"
        guard FileManager.default.fileExists(atPath: weightsPath) else {
            throw .missingFile(package: path, file: weightsFile)
        }
        let weights: SafetensorsFile
        do {
            weights = try SafetensorsFile(path: weightsPath)
        } catch {
            throw .file(error)
        }
        let package = ModelPackage(
            path: path, configuration: configuration, settings: settings, weights: weights)
        try package.validate()
        return package
    }

    /// Whether the package holds a text encoder.
    public var hasTextSide: Bool { configuration.text != nil }

    /// Whether the package holds CLIP's image projection.
    ///
    /// The attention pool of its ResNets contains it.
    public var hasProjection: Bool {
        configuration.vision.includesProjection || weights.tensors["visual.proj"] != nil
    }

    /// Width of the package's embedding: E for features, D for the projected one.
    public var embeddingDimension: Int {
        switch settings.embedding {
        case .features: configuration.featureDimension
        case .projected: configuration.embeddingDimension
        }
    }

    /// The same package with another of its outputs as the embedding, for this use of it.
    ///
    /// - Throws: `PackageError.projectionMissing` if it has no projection to select.
    public func selecting(_ embedding: EmbeddingKind) throws(PackageError) -> ModelPackage {
        guard embedding != .projected || hasProjection else {
            throw .projectionMissing(path: path)
        }
        var settings = settings
        settings.embedding = embedding
        return ModelPackage(
            path: path, configuration: configuration, settings: settings, weights: weights)
    }

    /// How many numbers are learned; the statistics of batch norms are not.
    public var parameterCount: Int { parameterCount { _ in true } }

    /// How many of them belong to the image side, projection included.
    public var visionParameterCount: Int {
        if configuration.vision.isImageNet { return parameterCount { $0 != "logit_scale" } }
        return parameterCount { $0.hasPrefix("visual.") }
    }

    private func parameterCount(where isCounted: (String) -> Bool) -> Int {
        weights.tensors.reduce(0) { sum, tensor in
            let counts = !WeightTable.isStatistic(tensor.key) && isCounted(tensor.key)
            return counts ? sum + tensor.value.elementCount : sum
        }
    }

    private static func locateConfiguration(_ path: String) throws(PackageError) -> String {
        do {
            guard try InputPath.kind(of: path) == .folder else {
                throw PackageError.notAPackage(path: path, found: "it is a file")
            }
        } catch let error as PackageError {
            throw error
        } catch let error as FileError where error.kind != .inputNotFound {
            throw .file(error)
        } catch {
            throw .notFound(path: path, what: "model package")
        }
        let configurationPath = "\(path)/\(configurationFile)"
        guard !FileManager.default.fileExists(atPath: configurationPath) else {
            return configurationPath
        }
        guard FileManager.default.fileExists(atPath: "\(path)/\(weightsFile)") else {
            throw .notAPackage(
                path: path, found: "the folder has neither \(configurationFile) nor \(weightsFile)")
        }
        throw .missingFile(package: path, file: configurationFile)
    }

    private func validate() throws(PackageError) {
        let fit = CheckpointFit(
            form: .openCLIP,
            names: Dictionary(uniqueKeysWithValues: weights.names.map { ($0, $0) }),
            weights: weights,
            architecture: Architecture(
                name: ModelPackage.configurationFile, configuration: configuration))
        let optional: [WeightTable.Side] = [.visionProjection, .batchCount]
        if let mismatch = fit.mismatch(optional: optional) { throw .mismatch(mismatch) }
        if settings.embedding == .projected, !hasProjection {
            throw .projectionMissing(path: path)
        }
        try weights.requireWeightTypes(of: weights.names)
    }
}

extension PackageSettings {
    /// Reads the `reident` object; its format first, since a newer one may have other keys.
    init(_ value: JSONValue, file: String, package: String) throws(PackageError) {
        guard case .integer(let format)? = value.member("format"), format >= 1 else {
            throw .invalidConfiguration(
                file: file,
                problem: "'reident.format' is \(value.member("format")?.shown ?? "missing")",
                expected: "a whole number")
        }
        guard format <= Self.currentFormat else {
            throw .newerFormat(package: package, found: format, supported: Self.currentFormat)
        }
        do {
            self = try JSONDecoder().decode(
                PackageSettings.self, from: JSONEncoder().encode(value))
        } catch let error as DecodingError {
            throw .invalidConfiguration(
                file: file, problem: error.problem(under: "reident"),
                expected: "what `reident models import` writes")
        } catch {
            throw .invalidConfiguration(
                file: file, problem: "'reident' cannot be read", expected: "an object")
        }
    }
}

extension TensorFile {
    /// Refuses tensors whose numbers are of a type that weights are not kept in.
    func requireWeightTypes(of names: [String]) throws(PackageError) {
        for name in names {
            guard let entry = description(of: name) else { continue }
            switch entry.elementType {
            case .float32, .float16, .bfloat16: continue
            case .int64 where WeightTable.isCounter(name): continue
            default:
                throw .elementType(path: path, tensor: name, found: entry.elementType.rawValue)
            }
        }
    }
}

extension DecodingError {
    /// The key and what is wrong with it.
    fileprivate func problem(under root: String) -> String {
        func name(_ path: [any CodingKey]) -> String {
            "'" + ([root] + path.map(\.stringValue)).joined(separator: ".") + "'"
        }
        switch self {
        case .keyNotFound(let key, let context):
            return "\(name(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): return "\(name(context.codingPath)) is missing"
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            return "\(name(context.codingPath)) has a value that is not allowed there"
        @unknown default: return "'\(root)' cannot be read"
        }
    }
}
