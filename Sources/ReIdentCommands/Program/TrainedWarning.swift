// The warning of commands that judge a model by images it was trained on.
//
// SPDX-License-Identifier: MIT

import ReIdent
import ReIdentCLIP
import ReIdentData

extension OutputOptions {
    /// Warns of players and crops that a model was trained on.
    ///
    /// - Parameters:
    ///   - images: What the model is judged by; distractors are left out.
    ///   - package: The model.
    ///   - consequence: What follows from it, a clause.
    func warnOfTrained(_ images: [PlayerImage], by package: ModelPackage, consequence: String) {
        let trained = TrainedImages(
            images.filter { !$0.isDistractor }, settings: package.settings)
        if trained.knownPlayers > 0 {
            warn(
                "\(trained.knownPlayers) of the \(trained.players) players are called like players "
                    + "this model was trained on. If they are the same, \(consequence).")
        }
        if trained.copies > 0 {
            warn(
                "\(trained.copies) of the \(trained.images) images look like copies of crops this "
                    + "model was trained on. If they are, \(consequence).")
        }
    }
}
