// What identifies a package's function: a digest of its weights, stored when they are written, and
// a fingerprint of that digest and of every setting that changes an embedding.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages

extension ModelPackage {
    /// The SHA-256 of everything that decides the package's embeddings, lower-case hexadecimal.
    ///
    /// It is cheap: the weights enter by the digest stored in the package, which `inspect()`
    /// verifies.
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public func fingerprint() throws(PackageError) -> String {
        var lines = [
            "reident package 1", settings.weightsDigest, configuration.activation.rawValue,
            "\(configuration.embeddingDimension)", settings.embedding.rawValue,
            settings.preprocessing.rawValue, settings.tokens.rawValue,
            "\(settings.normalization.mean)", "\(settings.normalization.standardDeviation)",
        ]
        lines.append(configuration.vision.summary)
        if let text = configuration.text {
            lines.append(
                "text \(text.contextLength) \(text.vocabularySize) \(text.width) \(text.heads) "
                    + "\(text.layers) \(text.mlpWidth)")
        }
        do {
            return try MessageDigest.sha256.hexadecimal(of: lines.joined(separator: "\n"))
        } catch {
            throw .file(error)
        }
    }

    /// The digest of a file's tensors, whatever their order in the file.
    ///
    /// It is the SHA-256 of one line a tensor with its name, type, shape and own SHA-256. Tensors
    /// are read on all cores.
    static func weightsDigest(of weights: SafetensorsFile) throws(FileError) -> String {
        let names = weights.names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let digests = ResultList<String, FileError>(count: names.count)
        parallelForEach(count: names.count) { index in
            digests.set(
                index,
                Result { () throws(FileError) in
                    let bytes = try weights.bytes(of: names[index])
                    defer { bytes.giveBackPages() }  // a package may be read beside a training
                    return try bytes.withUnsafeBytes { (raw) throws(FileError) in
                        try MessageDigest.sha256.hexadecimal(of: raw)
                    }
                })
        }
        var lines: [String] = []
        for (name, digest) in zip(names, digests.values) {
            guard let entry = weights.tensors[name] else { continue }
            lines.append("\(name) \(entry.elementType.rawValue) \(entry.shape) \(try digest.get())")
        }
        return try MessageDigest.sha256.hexadecimal(of: lines.joined(separator: "\n"))
    }
}
