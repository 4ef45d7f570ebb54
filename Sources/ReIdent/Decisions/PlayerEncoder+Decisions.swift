// What an encoder's similarities mean, where its package was calibrated.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
import ReIdentImages
public import ReIdentMetrics

extension PlayerEncoder {
    /// What decides a similarity: the model's fingerprint and how images are prepared.
    ///
    /// The number format is no part of it: bf16 changes similarities by less than calibrations
    /// know them.
    ///
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public nonisolated func similarityOrigin() throws -> String {
        let flip = options.averagesFlip ? " flip" : ""
        return "\(try package.fingerprint()) \(preprocessing.rawValue) \(tokens.rawValue)\(flip)"
    }

    /// What the package's calibration says of this encoder's similarities.
    ///
    /// - Returns: nil if the package is not calibrated.
    /// - Throws: `ReIdentError.notCalibratedForDecisions` if it was calibrated with other weights
    ///   or settings.
    public nonisolated func decisions() throws -> DecisionCalibration? {
        guard let decisions = package.settings.decisions else { return nil }
        guard decisions.model == (try similarityOrigin()) else {
            throw ReIdentError.notCalibratedForDecisions(package: package.path, hasOther: true)
        }
        return decisions
    }
}
