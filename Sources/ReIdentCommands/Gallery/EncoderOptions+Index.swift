// An encoder that makes vectors which may be compared with those of an index.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentCLIP
import ReIdentImages
import ReIdentIndex

extension EncoderOptions {
    /// Opens an encoder; what no option says is done as for the index.
    ///
    /// - Parameters:
    ///   - package: The model.
    ///   - origin: How the vectors of the index were made.
    ///   - path: The index, for messages.
    ///   - output: Where overridden settings are named.
    /// - Returns: The encoder.
    /// - Throws: `IndexError.modelMismatch` before the engine is opened, `settingMismatch`, and
    ///   what opening throws.
    func encoder(
        of package: ModelPackage, matching origin: IndexOrigin, path: String, output: OutputOptions
    ) async throws -> PlayerEncoder {
        var model = origin
        model.model = try package.fingerprint()
        try origin.requireComparable(with: model, path: path, source: package.path)
        var options = self
        options.preprocess = preprocess ?? Preprocessing(rawValue: origin.preprocess)
        options.tokens = tokens ?? TokenSelection(rawValue: origin.tokens)
        options.flipAverage = flipAverage || origin.flipAverage == "true"
        let encoder = try await options.encoder(of: package, output: output)
        try origin.requireComparable(
            with: encoder.indexOrigin(packagePath: package.path), path: path,
            source: package.path)
        return encoder
    }
}
