// How the vectors of an index were made: two vectors may be compared only if it is the same way.
//
// SPDX-License-Identifier: MIT

/// The model of vectors and how it was used.
public struct IndexOrigin: Sendable, Equatable {
    /// The model package's fingerprint.
    public var model: String
    /// The number format of the computation; vectors of two formats may be compared.
    public var precision: String
    /// How images became squares.
    public var preprocess: String
    /// Which patches took part.
    public var tokens: String
    /// `true` if each vector is the mean of an image's and its mirror image's, else `false`.
    public var flipAverage: String
    /// Where the package was; empty if that is not known.
    public var package: String

    /// An origin from the texts that `embed` stores beside its vectors.
    ///
    /// - Parameters:
    ///   - texts: `model`, `precision`, `preprocess`, `tokens`, `flip_average`; what is missing is
    ///     empty.
    ///   - package: Where the package is.
    public init(texts: [String: String], package: String) {
        model = texts["model"] ?? ""
        precision = texts["precision"] ?? ""
        preprocess = texts["preprocess"] ?? ""
        tokens = texts["tokens"] ?? ""
        flipAverage = texts["flip_average"] ?? ""
        self.package = package
    }

    /// The texts that an index stores.
    var texts: [String: String] {
        [
            "model": model, "precision": precision, "preprocess": preprocess, "tokens": tokens,
            "flip_average": flipAverage, "package": package,
        ]
    }

    /// Makes sure that vectors of another origin may be compared with those of an index.
    ///
    /// - Parameters:
    ///   - other: The other origin.
    ///   - path: The index, for messages.
    ///   - source: What the others are, for messages: the package's path.
    /// - Throws: `IndexError.modelMismatch` with both fingerprints, or `settingMismatch`.
    public func requireComparable(
        with other: IndexOrigin, path: String, source: String
    ) throws(IndexError) {
        guard model == other.model else {
            throw .modelMismatch(
                path: path, expected: model, found: other.model, source: source)
        }
        for (setting, expected, found) in [
            ("--preprocess", preprocess, other.preprocess), ("--tokens", tokens, other.tokens),
            ("--flip-average", flipAverage, other.flipAverage),
        ] where expected != found {
            throw .settingMismatch(
                path: path, setting: setting, expected: expected, found: found)
        }
    }
}
