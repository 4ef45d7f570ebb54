// The identities a model was trained on, hashed: an evaluation can warn that it knows a player
// without the package naming anyone.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// A set of identities of which only hashes are kept.
public struct HashedIdentities: Sendable, Equatable, Codable {
    /// What is put before every identity, so that lists of two packages cannot be compared.
    public let salt: String
    /// The first half of the SHA-256 of salt and identity, lower-case hexadecimal, sorted.
    public let hashes: [String]

    /// Hashes identities.
    ///
    /// The salt follows from the set itself, so equal sets give equal lists.
    ///
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public init(_ identities: some Sequence<String>) throws(PackageError) {
        let sorted = Set(identities).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let salt = try Self.hash(sorted.joined(separator: "\u{0}"))
        self.salt = salt
        var hashes: [String] = []
        for identity in sorted { hashes.append(try Self.hash(salt + identity)) }
        self.hashes = hashes.sorted()
    }

    /// Whether the identity is one of them.
    public func contains(_ identity: String) -> Bool {
        guard let wanted = try? Self.hash(salt + identity) else { return false }
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low < hashes.count && hashes[low] == wanted
    }

    private static func hash(_ text: String) throws(PackageError) -> String {
        do {
            return String(try MessageDigest.sha256.hexadecimal(of: text).prefix(32))
        } catch {
            throw .file(error)
        }
    }
}
