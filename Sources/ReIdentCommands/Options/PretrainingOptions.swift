// The options of pretraining, by the names of the command line.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentTraining

/// The settings of pretraining; the defaults are CLIP's, for batches that one machine holds.
struct PretrainingOptions: ParsableArguments {
    @Option(help: "Passes over the images with captions.") var epochs = 32
    @Option(help: "Images in a batch: the larger, the more captions each is told from.")
    var batchSize = 256
    @Option(
        help: """
            Images that are gone through at once: bounds the memory of a large batch, whose \
            gradients stay the same (but a ResNet's batch norms see a chunk), for a third more \
            time. (default: the whole batch)
            """)
    var chunkSize: Int?
    @Option(name: .customLong("lr"), help: "Learning rate after the warm-up.")
    var learningRate = 5e-4
    @Option(name: .customLong("lr-end"), help: "Where the polynomial schedule ends.")
    var finalLearningRate = 1e-5
    @Option(help: "How the learning rate falls.") var schedule = LearningRateSchedule.Shape.cosine
    @Option(help: "Epochs in which the learning rate rises from 0.") var warmupEpochs = 1.0
    @Option(help: "Weight decay of matrices; gains, biases and the temperature have none.")
    var weightDecay = 0.2
    @Option(help: "Decay of AdamW's mean of squared gradients.") var beta2 = 0.98
    @Option(help: "What AdamW adds to the divisor.") var epsilon = 1e-6
    @Option(help: "Probability that an image is mirrored; a mirrored number is another number.")
    var flip = 0.0
    @Option(help: "Number format of products.") var precision = TrainingPrecision.fp32
    @OptionGroup var steps: StepOptions

    /// The same as the library takes it.
    func options(seed: UInt64) -> TrainingOptions {
        var options = TrainingOptions.pretraining
        options.epochs = epochs
        options.batchSize = batchSize
        options.chunkSize = chunkSize
        options.learningRate = learningRate
        options.finalLearningRate = finalLearningRate
        options.schedule = schedule
        options.warmupEpochs = warmupEpochs
        options.weightDecay = weightDecay
        options.secondMomentDecay = beta2
        options.optimizerEpsilon = epsilon
        options.flipProbability = flip
        options.precision = precision.precision
        steps.apply(to: &options, seed: seed)
        return options
    }
}
