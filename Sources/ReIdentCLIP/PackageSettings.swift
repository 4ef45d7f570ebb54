// What a model package says about itself beside its sizes: the `reident` object of config.json.
//
// SPDX-License-Identifier: MIT

public import ReIdentImages
public import ReIdentMetrics

/// Which output of the image encoder is the embedding.
public enum EmbeddingKind: String, Sendable, Codable, CaseIterable {
    /// The class token after the last layer norm, E wide: the paper's embedding.
    case features
    /// The features through CLIP's projection, D wide: comparable with texts.
    case projected
}

/// Which patches of a letterboxed crop the encoder attends to.
public enum TokenSelection: String, Sendable, Codable, CaseIterable {
    /// All of them, padding included, as CLIP was trained.
    case all
    /// Only those that show a part of the crop.
    case content
}

/// The settings of a model package.
public struct PackageSettings: Sendable, Equatable {
    /// The newest form of a package that this version reads and writes.
    public static let currentFormat = 1

    /// Name of the architecture, for people; the sizes beside it decide.
    public var architecture: String
    /// Which output is the embedding.
    public var embedding: EmbeddingKind
    /// How images become the encoder's square.
    public var preprocessing: Preprocessing
    /// Mean and deviation of the pixels the model was trained on.
    public var normalization: PixelNormalization
    /// Which patches take part.
    public var tokens: TokenSelection
    /// What similarities mean, learned from players that the model was not trained on.
    public var decisions: DecisionCalibration?
    /// What reading shirt numbers learned from crops with known ones.
    public var numberReading: NumberCalibration?
    /// Tells from tokens whether another player is in the picture, learned from such crops.
    public var secondPlayer: TokenProbe?
    /// SHA-256 of the tensors, lower-case hexadecimal; set when a package is written.
    public internal(set) var weightsDigest: String
    /// Where the weights come from.
    public var provenance: Provenance
    /// The identities the model was trained on, hashed: one list for each training.
    public var trainedIdentities: [HashedIdentities]
    /// The crops the model was trained on, as fingerprints: one list for each training.
    public var trainedCrops: [TrainedCrops] = []

    /// Creates the settings of a package to be written.
    public init(
        architecture: String, embedding: EmbeddingKind, preprocessing: Preprocessing = .letterbox,
        normalization: PixelNormalization = .clip, tokens: TokenSelection = .all,
        decisions: DecisionCalibration? = nil, numberReading: NumberCalibration? = nil,
        provenance: Provenance, trainedIdentities: [HashedIdentities] = []
    ) {
        self.architecture = architecture
        self.embedding = embedding
        self.preprocessing = preprocessing
        self.normalization = normalization
        self.tokens = tokens
        self.decisions = decisions
        self.numberReading = numberReading
        weightsDigest = ""
        self.provenance = provenance
        self.trainedIdentities = trainedIdentities
    }

    /// Whether the model was trained on the identity.
    public func wasTrained(on identity: String) -> Bool {
        trainedIdentities.contains { $0.contains(identity) }
    }
}

extension PackageSettings: Codable {
    enum CodingKeys: String, CodingKey {
        case format, architecture, embedding, preprocessing, mean
        case standardDeviation = "std"
        case tokens, decisions
        case numberReading = "number_reading"
        case secondPlayer = "second_player"
        case weightsDigest = "weights_sha256"
        case provenance
        case trainedIdentities = "trained_identities"
        case trainedCrops = "trained_crops"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        architecture = try container.decode(String.self, forKey: .architecture)
        embedding = try container.decode(EmbeddingKind.self, forKey: .embedding)
        preprocessing = try container.decode(Preprocessing.self, forKey: .preprocessing)
        let mean = try container.decode([Double].self, forKey: .mean)
        let deviation = try container.decode([Double].self, forKey: .standardDeviation)
        guard mean.count == 3, deviation.count == 3, deviation.allSatisfy({ $0 > 0 }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .standardDeviation, in: container,
                debugDescription: "three means and three positive deviations are needed")
        }
        normalization = PixelNormalization(mean: mean, standardDeviation: deviation)
        tokens = try container.decode(TokenSelection.self, forKey: .tokens)
        decisions = try container.decodeIfPresent(DecisionCalibration.self, forKey: .decisions)
        numberReading =
            try container.decodeIfPresent(NumberCalibration.self, forKey: .numberReading)
        secondPlayer = try container.decodeIfPresent(TokenProbe.self, forKey: .secondPlayer)
        weightsDigest = try container.decode(String.self, forKey: .weightsDigest)
        provenance = try container.decode(Provenance.self, forKey: .provenance)
        trainedIdentities =
            try container.decodeIfPresent([HashedIdentities].self, forKey: .trainedIdentities)
            ?? []
        trainedCrops =
            try container.decodeIfPresent([TrainedCrops].self, forKey: .trainedCrops) ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.currentFormat, forKey: .format)
        try container.encode(architecture, forKey: .architecture)
        try container.encode(embedding, forKey: .embedding)
        try container.encode(preprocessing, forKey: .preprocessing)
        try container.encode(normalization.mean, forKey: .mean)
        try container.encode(normalization.standardDeviation, forKey: .standardDeviation)
        try container.encode(tokens, forKey: .tokens)
        try container.encodeIfPresent(decisions, forKey: .decisions)
        try container.encodeIfPresent(numberReading, forKey: .numberReading)
        try container.encodeIfPresent(secondPlayer, forKey: .secondPlayer)
        try container.encode(weightsDigest, forKey: .weightsDigest)
        try container.encode(provenance, forKey: .provenance)
        try container.encode(trainedIdentities, forKey: .trainedIdentities)
        if !trainedCrops.isEmpty { try container.encode(trainedCrops, forKey: .trainedCrops) }
    }
}
