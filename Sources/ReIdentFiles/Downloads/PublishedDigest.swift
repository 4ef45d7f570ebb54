// The checksum that a file is known to have before it is fetched.
//
// SPDX-License-Identifier: MIT

/// A digest that was published with a file.
public struct PublishedDigest: Sendable, Equatable, Codable {
    /// How it was computed.
    public let algorithm: MessageDigest
    /// Lower-case hexadecimal.
    public let hexadecimal: String

    /// A digest.
    ///
    /// - Parameters:
    ///   - algorithm: How it was computed.
    ///   - hexadecimal: All its digits, in either case.
    public init(_ algorithm: MessageDigest, _ hexadecimal: String) {
        self.algorithm = algorithm
        self.hexadecimal = hexadecimal.lowercased()
    }
}

extension MessageDigest: Codable {
    /// The name for people.
    public var label: String {
        switch self {
        case .sha256: "SHA-256"
        case .md5: "MD5"
        }
    }
}
