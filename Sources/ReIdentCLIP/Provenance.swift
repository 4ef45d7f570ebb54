// Where a package's weights come from.
//
// SPDX-License-Identifier: MIT

/// The origin of a package's weights.
public struct Provenance: Sendable, Equatable, Codable {
    /// How the weights came into being.
    public enum Kind: String, Sendable, Codable {
        /// Taken from a published or saved checkpoint.
        case imported
        /// Random start values.
        case created
        /// Trained by this program.
        case trained
    }

    /// The file that was imported.
    public struct Source: Sendable, Equatable, Codable {
        /// Name of the file, without its folder.
        public let file: String
        /// SHA-256 of the whole file, lower-case hexadecimal.
        public let sha256: String
        /// How its tensors were named.
        public let form: CheckpointForm
        /// Image size of its position embedding if that was resampled.
        public let resampledFromImageSize: Int?

        enum CodingKeys: String, CodingKey {
            case file, sha256, form
            case resampledFromImageSize = "resampled_from_image_size"
        }
    }

    /// How the weights came into being.
    public var kind: Kind
    /// The program and version that wrote the package.
    public var writtenBy: String
    /// The imported file, also of what was trained from it.
    public var source: Source?
    /// The seed of random start values, also of what was trained from them.
    public var seed: UInt64?
    /// What the training was, in pairs of a name and a value; nil before any.
    public var training: [String: String]?

    enum CodingKeys: String, CodingKey {
        case kind, source, seed, training
        case writtenBy = "written_by"
    }

    /// Creates a statement of origin.
    public init(
        kind: Kind, writtenBy: String = Self.currentWriter, source: Source? = nil,
        seed: UInt64? = nil, training: [String: String]? = nil
    ) {
        self.kind = kind
        self.writtenBy = writtenBy
        self.source = source
        self.seed = seed
        self.training = training
    }

    /// What this version writes as `writtenBy`.
    public static let currentWriter = "reident 0.1"

    /// The origin of a model trained from this one.
    public func trained(_ training: [String: String]) -> Provenance {
        Provenance(kind: .trained, source: source, seed: seed, training: training)
    }
}
