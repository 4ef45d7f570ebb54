// The options that fine-tuning and pretraining share: how a step is computed, and when a run stops
// and saves.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentTraining

/// Options of every training, with the same defaults in each.
struct StepOptions: ParsableArguments {
    @Flag(help: "Compute blocks again in the backward pass instead of keeping them.")
    var gradientCheckpointing = false
    @Option(help: "Largest norm of all gradients together.") var clipGradients: Double?
    @Option(help: "Batches after which training ends early.") var maxSteps: Int?
    @Option(help: "Batches between saved states; each epoch's end is saved in any case.")
    var saveEvery: Int?
    @Option(help: "cpu, cuda, cuda:1 or mps.") var device = "cpu"

    /// Sets them.
    func apply(to options: inout TrainingOptions, seed: UInt64) {
        options.usesGradientCheckpointing = gradientCheckpointing
        options.gradientClipping = clipGradients
        options.maximumSteps = maxSteps
        options.saveInterval = saveEvery
        options.device = device
        options.seed = seed
    }
}
