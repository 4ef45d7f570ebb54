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
    @Option(
        help: """
            What the loss between images and their captions counts beside that between images, so \
            that the model does not unlearn to read; 0 for nothing. Mirrored crops do not count, \
            nor with --shirt tall crops that are not cut.
            """)
    var textWeight = 0.0
    @Option(help: "Number format of products. (default: fp32, on CUDA fp16)")
    var precision: TrainingPrecision?
    @Option(
        help: """
            Which patches of an image take part: all, or content (of a transformer those that show \
            a part of the crop, without the letterbox's padding). (default: the package's)
            """)
    var tokens: TokenSelection?
    @Option(help: "Batches whose gradients are summed before a step.") var gradientAccumulation = 1
    @Option(help: "How batches are filled: greedy is the recipe's, filling leaves fewer out.")
    var sampler = TrainingOptions.SamplerKind.greedy
    @OptionGroup var steps: StepOptions

    /// The same as the library takes it.
    ///
    /// - Parameters:
    ///   - seed: Decides everything that is left to chance.
    ///   - package: What training begins with.
    /// - Returns: Options that are not validated yet.
    func options(seed: UInt64, package: ModelPackage) -> TrainingOptions {
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
        options.textWeight = textWeight == 0 ? nil : textWeight
        options.precision =
            precision?.precision ?? (steps.device.hasPrefix("cuda") ? .fp16 : .fp32)
        options.tokens = tokens ?? package.settings.tokens
        options.gradientAccumulation = gradientAccumulation
        options.sampler = sampler
        steps.apply(to: &options, seed: seed)
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
    let choice: ValidationChoice

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
