// What the random numbers of a new model are, beside their seed.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentImages

/// The start of a new model.
struct StartOptions: ParsableArguments {
    @Option(
        help: """
            What each block of a new ResNet adds to its input is multiplied by this at the start: \
            with 1 a short training from nothing learns sooner. (default: 0, as open_clip has it)
            """)
    var residualGain: Float?

    @Option(
        help: """
            How images become a new model's square: letterbox, clip or stretch. (default: \
            letterbox)
            """)
    var preprocess: Preprocessing?

    func validate() throws {
        if let residualGain, !residualGain.isFinite || residualGain < 0 {
            throw ValidationError(
                "--residual-gain is \(residualGain); expected a number of 0 or more.")
        }
    }

    /// Refuses the option for an encoder that has no such gains.
    func check(_ architecture: Architecture) throws {
        if case .resNet = architecture.configuration.vision { return }
        guard residualGain == nil else {
            throw ValidationError(
                "--residual-gain is for CLIP's ResNets; \(architecture.name) is none.")
        }
    }
}
