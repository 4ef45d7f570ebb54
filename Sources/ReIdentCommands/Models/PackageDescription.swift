// What commands print about a package.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
import ReIdentFiles
import ReIdentImages
import ReIdentMetrics

/// The contents of a package, for people and scripts.
struct PackageDescription: Encodable {
    private let path: String
    private let architecture: String
    private let activation: String
    private let imageSize: Int
    private let patchSize: Nullable<Int>
    private let layers: Int
    private let embedding: String
    private let dimension: Int
    private let preprocessing: String
    private let tokens: String
    private let parameters: Int
    private let imageParameters: Int
    private let tensors: Int
    private let elementTypes: [String: Int]
    private let hasProjection: Bool
    private let hasTextSide: Bool
    private let vocabulary: Nullable<String>
    private let hasNumberLocator: Bool
    private let decisions: Nullable<DecisionCalibration>
    private let trainedIdentities: Int
    private let trainedCrops: Int
    private let provenance: Provenance
    private let weightsDigest: String
    private let fingerprint: String

    enum CodingKeys: String, CodingKey {
        case path, architecture, activation, layers, embedding, dimension, preprocessing, tokens
        case parameters, tensors, decisions, provenance, fingerprint, vocabulary
        case imageSize = "image_size"
        case patchSize = "patch_size"
        case imageParameters = "image_parameters"
        case elementTypes = "element_types"
        case hasProjection = "projection"
        case hasTextSide = "text_side"
        case hasNumberLocator = "number_locator"
        case trainedIdentities = "trained_identities"
        case trainedCrops = "trained_crops"
        case weightsDigest = "weights_sha256"
    }

    /// Describes a package by its configuration and header alone.
    init(_ package: ModelPackage) throws {
        let configuration = package.configuration
        let settings = package.settings
        path = package.path
        architecture = settings.architecture
        activation = configuration.activation.rawValue
        imageSize = configuration.imageSize
        patchSize = Nullable(configuration.vision.patchSize)
        layers = configuration.vision.blockCount
        embedding = settings.embedding.rawValue
        dimension = package.embeddingDimension
        preprocessing = settings.preprocessing.rawValue
        tokens = settings.tokens.rawValue
        let entries = package.weights.tensors
        parameters = package.parameterCount
        imageParameters = package.visionParameterCount
        tensors = entries.count
        elementTypes = Dictionary(grouping: entries.values, by: \.elementType.rawValue)
            .mapValues(\.count)
        hasProjection = package.hasProjection
        hasTextSide = package.hasTextSide
        let vocabularyFile = try package.hasTextSide ? package.vocabularyFile() : nil
        vocabulary = Nullable(vocabularyFile?.path.split(separator: "/").last.map(String.init))
        hasNumberLocator = try package.numberLocator() != nil
        decisions = Nullable(settings.decisions)
        trainedIdentities = settings.trainedIdentities.reduce(0) { $0 + $1.hashes.count }
        trainedCrops = settings.trainedCrops.reduce(0) { $0 + $1.fingerprints.count }
        provenance = settings.provenance
        weightsDigest = settings.weightsDigest
        fingerprint = try package.fingerprint()
    }

    /// A few lines for a terminal.
    var text: String {
        let types = elementTypes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        var rows = [
            ["architecture", "\(architecture) (\(activation))"],
            [
                "images",
                "\(imageSize) x \(imageSize) pixels, \(patches)\(preprocessing)",
            ],
            ["embedding", "\(embedding), \(dimension) numbers, \(tokens) tokens"],
            ["parameters", "\(parameters), \(imageParameters) of them on the image side"],
            ["tensors", types.joined(separator: ", ")],
            ["projection", hasProjection ? "yes" : "no"],
            ["text side", textSide],
            ["weights", origin],
            ["SHA-256", weightsDigest],
        ]
        if trainedIdentities + trainedCrops > 0 {
            rows.append([
                "trained on",
                "\(trainedIdentities) players, \(trainedCrops) crops kept as fingerprints",
            ])
        }
        if hasNumberLocator { rows.append(["number locator", "yes"]) }
        if let decisions = decisions.value {
            rows.append(["decisions", "calibrated on \(decisions.players) players"])
        }
        let width = rows.map { $0[0].count }.max() ?? 0
        return
            ([path]
            + rows.map { row in
                "  \(row[0])\(String(repeating: " ", count: width - row[0].count))  \(row[1])"
            }).joined(separator: "\n")
    }

    private var textSide: String {
        guard hasTextSide else { return "no" }
        return vocabulary.value.map { "yes, vocabulary in \($0)" } ?? "yes, without vocabulary"
    }

    private var patches: String { patchSize.value.map { "patches of \($0), " } ?? "" }

    private var origin: String {
        let start =
            switch provenance.kind {
            case .imported: "imported"
            case .created: "random"
            case .trained: "trained"
            }
        let source = provenance.source.map { " from \($0.file) (\($0.form.title))" } ?? ""
        let seed = provenance.seed.map { ", seed \($0)" } ?? ""
        return "\(start)\(source)\(seed), written by \(provenance.writtenBy)"
    }
}
