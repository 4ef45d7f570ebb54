// Everything that decides how a training goes; stored with its state, so that it can go on.
//
// SPDX-License-Identifier: MIT

public import ReIdentCLIP
public import ReIdentImages

/// The options of a training; the defaults are CLIP-ReIdent's recipe for vision transformers.
public struct TrainingOptions: Sendable, Codable, Equatable {
    /// Passes over the training images.
    public var epochs = 4
    /// Pairs in a batch.
    public var batchSize = 16
    /// Learning rate at the end of the warm-up.
    public var learningRate = 4e-5
    /// Learning rate at the end of the polynomial schedule.
    public var finalLearningRate = 1e-5
    /// How the rate falls.
    public var schedule = LearningRateSchedule.Shape.polynomial
    /// Epochs in which the rate rises from 0.
    public var warmupEpochs = 1.0
    /// Share of the target spread over all pairs, 0...1.
    public var labelSmoothing = 0.1
    /// Share of each parameter taken away a step, times the learning rate.
    public var weightDecay = 0.01
    /// Probability that a pair is mirrored, query and gallery image together.
    public var flipProbability = 0.5
    /// How often crops are changed by chance; nil for never, as in the recipe.
    public var augmentation: ImageAugmentation?
    /// The number format of products.
    public var precision = Precision.fp32
    /// Which patches take part.
    public var tokens = TokenSelection.all
    /// Whether blocks are computed again in the backward pass instead of kept.
    public var usesGradientCheckpointing = false
    /// Images that pretraining goes through at once, the batch's gradients being the same; nil for
    /// the whole batch.
    public var chunkSize: Int?
    /// What the loss between images and captions counts beside that between images; nil for none.
    public var textWeight: Double?
    /// Decay of the mean of squared gradients; nil for PyTorch's 0.999.
    public var secondMomentDecay: Double?
    /// Keeps the optimiser's division finite; nil for PyTorch's 1e-8.
    public var optimizerEpsilon: Double?
    /// Whether weight decay leaves out gains, biases and single numbers, as CLIP does; nil for no.
    public var decaysMatricesOnly: Bool?
    /// Batches whose gradients are summed before a step.
    public var gradientAccumulation = 1
    /// Largest norm of all gradients together; nil for no limit.
    public var gradientClipping: Double?
    /// Decides shuffles, pairs, flips, augmentation and the validation players.
    public var seed: UInt64 = 1
    /// Batches after which training ends early; nil for none.
    public var maximumSteps: Int?
    /// Batches between saved states; nil saves after every epoch only.
    public var saveInterval: Int?
    /// How batches are put together.
    public var sampler = SamplerKind.greedy
    /// The device's name.
    public var device = "cpu"

    /// How batches of distinct players are put together.
    public enum SamplerKind: String, Sendable, Codable, CaseIterable {
        /// The recipe's: takes images in random order, leaves a rest.
        case greedy
        /// Fills as many batches as there can be.
        case filling
    }

    /// The recipe.
    public init() {}

    /// What pretraining begins with: CLIP's settings, for batches that one machine holds.
    public static var pretraining: TrainingOptions {
        var options = TrainingOptions()
        options.epochs = 32
        options.batchSize = 256
        options.learningRate = 5e-4
        options.schedule = .cosine
        options.labelSmoothing = 0
        options.weightDecay = 0.2
        options.flipProbability = 0  // a mirrored number is another number
        options.secondMomentDecay = 0.98
        options.optimizerEpsilon = 1e-6
        options.decaysMatricesOnly = true
        return options
    }

    /// Refuses what cannot be carried out.
    ///
    /// - Throws: `TrainingError.invalidOption` naming the first one.
    public func validate() throws(TrainingError) {
        func require(_ holds: Bool, _ option: String, _ expected: String) throws(TrainingError) {
            guard holds else { throw .invalidOption(option: option, expected: expected) }
        }
        try require(epochs >= 1, "--epochs", "at least 1")
        try require(batchSize >= 2, "--batch-size", "at least 2: one pair has no negatives")
        try require(learningRate > 0 && learningRate.isFinite, "--lr", "a number above 0")
        try require(
            finalLearningRate >= 0 && finalLearningRate.isFinite, "--lr-end", "a number from 0")
        try require(
            warmupEpochs >= 0 && warmupEpochs.isFinite, "--warmup-epochs", "a number from 0")
        try require((0..<1).contains(labelSmoothing), "--label-smoothing", "0 to below 1")
        try require(weightDecay >= 0 && weightDecay.isFinite, "--weight-decay", "a number from 0")
        try require((0...1).contains(flipProbability), "--flip", "0 to 1")
        for (name, probability) in augmentation?.probabilities ?? [] {
            try require((0...1).contains(probability), "--\(name)", "a probability, 0 to 1")
        }
        try require((chunkSize ?? 1) >= 1, "--chunk-size", "at least 1")
        try require(
            textWeight.map { $0 >= 0 && $0.isFinite } ?? true, "--text-weight", "a number from 0")
        try require((0..<1).contains(secondMomentDecay ?? 0), "--beta2", "0 to below 1")
        try require((optimizerEpsilon ?? 1) > 0, "--epsilon", "a number above 0")
        try require(gradientAccumulation >= 1, "--gradient-accumulation", "at least 1")
        try require((gradientClipping ?? 1) > 0, "--clip-gradients", "a number above 0")
        try require((maximumSteps ?? 1) >= 1, "--max-steps", "at least 1")
        try require((saveInterval ?? 1) >= 1, "--save-every", "at least 1")
        try require(
            precision != .int8, "--precision int8",
            "Integers record no gradients. Use --precision bf16.")
        try require(
            precision != .fp16 || device.hasPrefix("cuda"), "--precision fp16",
            "--device cuda; on the CPU use fp32 or bf16")
    }
}
