// The crops a model was trained on, as fingerprints: an evaluation can warn that it knows a picture
// without the package holding one.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentImages

/// Fingerprints of the crops of one training.
public struct TrainedCrops: Sendable, Equatable {
    /// The most fingerprints that are kept: 16 bytes each.
    public static let most = 50_000
    /// Most bits in which a copy differs: fewer than among the crops of one folder, since every
    /// crop is compared with tens of thousands.
    static let copyBits = 8
    /// A picture with fewer rises is too flat for its fingerprint to say anything.
    private static let leastRises = 16

    /// How many crops the training had.
    public let total: Int
    /// The crops' fingerprints, or where there are more than `most` those of some of them.
    public let fingerprints: [PictureFingerprint]

    /// Keeps what tells something.
    ///
    /// - Parameters:
    ///   - fingerprints: Of the crops that were looked at.
    ///   - total: How many crops the training had.
    public init(_ fingerprints: [PictureFingerprint], total: Int) {
        self.total = total
        self.fingerprints = Array(fingerprints.filter(Self.saysSomething).prefix(Self.most))
    }

    /// Whether a picture is one of them, perhaps scaled, compressed or lightened since.
    ///
    /// - Complexity: O(N), about 50 microseconds for `most` fingerprints.
    public func containsCopy(of picture: PictureFingerprint) -> Bool {
        Self.saysSomething(picture)
            && fingerprints.contains { $0.distance(to: picture) <= Self.copyBits }
    }

    private static func saysSomething(_ picture: PictureFingerprint) -> Bool {
        picture.horizontal.nonzeroBitCount + picture.vertical.nonzeroBitCount >= leastRises
    }
}

extension TrainedCrops: Codable {
    private enum CodingKeys: String, CodingKey {
        case total = "crops"
        case fingerprints
    }

    /// Bytes of one fingerprint.
    private static let size = 16

    /// Reads what `encode(to:)` wrote.
    ///
    /// - Throws: `DecodingError` if the bytes are no fingerprints.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        total = try container.decode(Int.self, forKey: .total)
        let bytes = try container.decode(Data.self, forKey: .fingerprints)
        guard bytes.count.isMultiple(of: Self.size), bytes.count <= Self.most * Self.size else {
            throw DecodingError.dataCorruptedError(
                forKey: .fingerprints, in: container,
                debugDescription: "at most \(Self.most) fingerprints of \(Self.size) bytes")
        }
        fingerprints = bytes.withUnsafeBytes { raw in
            stride(from: 0, to: raw.count, by: Self.size).map { start in
                func word(_ offset: Int) -> UInt64 {
                    UInt64(
                        littleEndian: raw.loadUnaligned(
                            fromByteOffset: start + offset, as: UInt64.self))
                }
                return PictureFingerprint(horizontal: word(0), vertical: word(8))
            }
        }
    }

    /// Writes the fingerprints as base64 of 16 bytes each: rows, then columns, little-endian.
    ///
    /// - Throws: `EncodingError`, never for values of this type.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(total, forKey: .total)
        var bytes = Data(capacity: fingerprints.count * Self.size)
        for fingerprint in fingerprints {
            for word in [fingerprint.horizontal, fingerprint.vertical] {
                withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        try container.encode(bytes, forKey: .fingerprints)
    }
}
