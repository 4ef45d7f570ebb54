// Every numeric tolerance of the tests, each with its reason. Tests take them from here only.
//
// SPDX-License-Identifier: MIT

/// How far a result may lie from its reference, and why that far.
public enum Tolerance {
    /// Gradients against central differences with step 1e-2 in single precision: the difference's
    /// own rounding is about 1e-7 / 1e-2, the cut-off terms of the functions tried stay below 1e-3.
    public static let finiteDifference: Float = 3e-3
    /// One fp32 product or layer against the same sum in double precision: rounding of at most 64
    /// terms.
    public static let singleOperation: Float = 1e-5
    /// A bf16 result against fp32: half a unit of 8 bits, for values near 1, a few times summed.
    public static let bfloat16Operation: Float = 2e-2
    /// A layer in 8-bit integers against fp32, the length of the difference over the result's:
    /// half a step of 255 in each input and of 127 in each weight, for numbers spread evenly.
    public static let int8Operation: Float = 2e-2

    // MARK: Metrics

    /// Means of double precision figures that differ in the order of summation only.
    public static let figure = 1e-9

    /// Figures of a stored matrix beside the reference's: what the project promises.
    public static let publishedFigure = 1e-6

    /// A share estimated from 4,000 random galleries a query on both sides: the standard error of
    /// the difference of the means over ten queries is below 0.004; five of them.
    public static let randomGalleries = 0.02

    /// Re-ranked distances, computed in single precision in another order of summation.
    public static let rerankedDistance: Float = 1e-5

    /// Squared distances of vectors with up to 64 components below 0.5, in single precision.
    public static let embeddingDistance: Float = 1e-5

    // MARK: Images

    /// Resampling weights are divided by their sum; what is left is rounding of about ten terms.
    public static let weightSum = 1e-14

    /// Smooth colours through JPEG at quality 95: quantisation steps of a few levels.
    public static let jpegLevels = 12

    /// The mean level of a blurred noisy picture: rounding, and borders that count more than once.
    public static let blurredMean = 2.0
    /// The measured width of a blurred line, relative: its tails are cut off and rounded to levels.
    public static let blurWidth = 0.05

    // MARK: CLIP

    /// Statistics of random numbers, in standard errors: six are never reached by chance.
    public static let samplingErrors = 6.0
    /// Resampled position embeddings against PyTorch's: sums of 16 products of numbers near 1, in
    /// double precision here and single there.
    public static let resampledPositions: Float = 2e-6

    // MARK: Encoder

    /// A stage of the encoder in fp32 over its largest magnitude: sums of up to 4,096 products in
    /// another order, added up over 24 blocks.
    public static let encoderStage: Float = 2e-5
    /// Unit embeddings in fp32, number by number: what the project promises (docs/PARITY.md).
    public static let unitEmbedding: Float = 2e-5
    /// Cosine of a bf16 embedding with the fp32 one, as the project promises.
    ///
    /// PyTorch's own bf16 stays above it on the same models.
    public static let bfloat16Cosine: Float = 0.9995
    /// Cosine of an embedding in 8-bit integers with the fp32 one, as the project promises.
    public static let int8Cosine: Float = 0.995
    /// Zero-shot logits at a scale of 100, against open_clip's: what the project promises.
    public static let zeroShotLogit: Float = 1e-4
    /// Published numbers of real weights: some were stored in half precision, others computed by
    /// another runtime from weights in half precision.
    public static let publishedOutput: Float = 2e-3

    // MARK: Saliency

    /// Correlation of a map with the reference's on the cells of the crop: what the project
    /// promises.
    public static let mapCorrelation = 0.999
    /// A map's values, at most 1: scores in fp32 differ by 1e-6, softmax and sums keep that.
    public static let mapValue: Float = 1e-3

    // MARK: Training

    /// Losses of twenty steps against PyTorch, relative: another number of threads or fp64 moves
    /// them by 1e-6 there; a forgotten piece of the recipe by more than 1e-3.
    public static let trainingLoss: Float = 1e-4
    /// Unit embeddings after twenty steps against PyTorch, number by number, for the same reason.
    public static let trainedEmbedding: Float = 1e-4
    /// Losses in bf16 against fp32, relative, over eight steps of a small model.
    public static let bfloat16Loss: Float = 2e-2

    /// Gradients of a loss in chunks against those of the whole batch, as the project promises:
    /// the same sums in another order, of numbers up to about 1.
    public static let cachedGradient: Float = 1e-5

    // MARK: Commands

    /// The squared length of a unit vector of up to 1,024 numbers in single precision.
    public static let unitLength: Float = 1e-5
    /// Scores of a published matrix: what the project promises to reproduce.
    public static let publishedScore = 1e-6
}
