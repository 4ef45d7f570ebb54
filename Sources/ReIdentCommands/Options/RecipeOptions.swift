// The options of the training recipe, by the names of the command line.
//
// SPDX-License-Identifier: MIT

public import ArgumentParser
import ReIdentCLIP
public import ReIdentTraining

/// The recipe's options; the defaults are CLIP-ReIdent's.
struct RecipeOptions: ParsableArguments {
    @Option(help: "Passes over the training images.") var epochs = 4
    @Option(help: "Pairs in a batch, each of another player.") var batchSize = 16
    @Option(name: .customLong("lr"), help: "Learning rate after the warm-up.")
    var learningRate = 4e-5
    @Option(name: .customLong("lr-end"), help: "Where the polynomial schedule ends.")
    var finalLearningRate = 1e-5
    @Option(help: "How the learning rate falls.")
    var schedule = LearningRateSchedule.Shape.polynomial
    @Option(help: "Epochs in which the learning rate rises from 0.") var warmupEpochs = 1.0
    @Option(help: "Share of the target that is spread over all pairs.") var labelSmoothing = 0.1
    @Option(help: "Weight decay, on every parameter.") var weightDecay = 0.01
    @Option(help: "Probability that a pair is mirrored.") var flip = 0.5
    @Option(help: "Number format of products. (default: fp32, on CUDA fp16)")
    var precision: TrainingPrecision?
    @Option(help: "Which patches of an image take part.") var tokens = TokenSelection.all
    @Flag(help: "Compute blocks again in the backward pass instead of keeping them.")
    var gradientCheckpointing = false
    @Option(help: "Batches whose gradients are summed before a step.") var gradientAccumulation = 1
    @Option(help: "Largest norm of all gradients together.") var clipGradients: Double?
    @Option(help: "Batches after which training ends early.") var maxSteps: Int?
    @Option(help: "Batches between saved states; each epoch's end is saved in any case.")
    var saveEvery: Int?
    @Option(help: "How batches are filled: greedy is the recipe's, filling leaves fewer out.")
    var sampler = TrainingOptions.SamplerKind.greedy
    @Option(help: "cpu, cuda, cuda:1 or mps.") var device = "cpu"

    /// The same as the library takes it.
    func options(seed: UInt64) -> TrainingOptions {
        var options = TrainingOptions()
        options.epochs = epochs
        options.batchSize = batchSize
        options.learningRate = learningRate
        options.finalLearningRate = finalLearningRate
        options.schedule = schedule
        options.warmupEpochs = warmupEpochs
        options.labelSmoothing = labelSmoothing
        options.weightDecay = weightDecay
        options.flipProbability = flip
        options.precision = precision?.precision ?? (device.hasPrefix("cuda") ? .fp16 : .fp32)
        options.tokens = tokens
        options.usesGradientCheckpointing = gradientCheckpointing
        options.gradientAccumulation = gradientAccumulation
        options.gradientClipping = clipGradients
        options.seed = seed
        options.maximumSteps = maxSteps
        options.saveInterval = saveEvery
        options.sampler = sampler
        options.device = device
        return options
    }
}

/// The number formats training offers.
enum TrainingPrecision: String, CaseIterable, ExpressibleByArgument {
    case fp32, bf16, fp16

    var precision: Precision {
        switch self {
        case .fp32: .fp32
        case .bf16: .bf16
        case .fp16: .fp16
        }
    }
}

/// A share of the training players, or `test`.
struct ValidationArgument: ExpressibleByArgument {
    let choice: FineTuning.ValidationChoice

    init?(argument: String) {
        if argument == "test" {
            choice = .testPart
        } else if let share = Double(argument), (0..<1).contains(share) {
            choice = share == 0 ? .none : .share(share)
        } else {
            return nil
        }
    }
}

extension LearningRateSchedule.Shape: ExpressibleByArgument {}
extension TrainingOptions.SamplerKind: ExpressibleByArgument {}
