// What the best package of a training is chosen on.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentMetrics

/// The players that the best model is chosen on.
public enum ValidationChoice: Sendable, Equatable {
    /// A tenth of the training players, or none where there are too few.
    case automatic
    /// None: the last epoch's package is also the best.
    case none
    /// A share (0...1) of the training players, who are then not trained on.
    case share(Double)
    /// The dataset's test part. Its figures are no longer those of unseen players.
    case testPart
}

/// What a package scores in a validation.
struct ValidationScores: Sendable {
    /// How well players are found; nil where that is not measured.
    var players: RetrievalScores?
    /// How well captions are found; nil where that is not measured.
    var captions: CaptionScores?

    /// The number that the best package is chosen by.
    var decisive: Double { players?.meanAveragePrecision ?? captions?.imageToText ?? 0 }
}

/// A measurement of a package between two epochs.
protocol Validation: Sendable {
    /// `validation` for players kept out of training, `test` for the dataset's own.
    var name: String { get }

    /// Scores of a package, in single precision.
    func scores(of package: ModelPackage, device: String) async throws -> ValidationScores
}

/// How well players are found, and their captions where those are trained on.
struct PlayerValidation: Validation {
    let name: String
    let retrieval: Retrieval
    var captions: CaptionValidation?

    func scores(of package: ModelPackage, device: String) async throws -> ValidationScores {
        var options = PlayerEncoder.Options()
        options.device = device
        let encoder = try await PlayerEncoder.open(package, options: options)
        let players = try await RetrievalSet(retrieval).embedded(by: encoder).scores()
        let found = try await captions?.captionScores(of: package, device: device)
        return ValidationScores(players: players, captions: found)
    }
}
