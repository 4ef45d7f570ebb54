// Why a training cannot begin or go on.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// A training that cannot begin or go on.
public enum TrainingError: DiagnosedError, Equatable {
    /// An option with a value that cannot be carried out.
    case invalidOption(option: String, expected: String)
    /// There is no full batch in the training images.
    case noBatch(dataset: String, batchSize: Int)
    /// Fewer images have captions than a batch takes.
    case tooFewCaptions(dataset: String, found: Int, batchSize: Int)
    /// Captions are to be trained on, and no training image has one.
    case noCaptions(dataset: String)
    /// No crop of which it is known where the number is.
    case noNumberBoxes(dataset: String)
    /// Fewer of them than a locator is learned from.
    case tooFewNumberBoxes(dataset: String, found: Int, needed: Int)
    /// A number is said to be outside of its picture.
    case numberBoxOutside(image: String, left: Double, top: Double, width: Int, height: Int)
    /// A locator's loss is no finite number.
    case locatorDiverged(step: Int, learningRate: Double)
    /// A model cannot be trained on captions.
    case noTextSide(model: String, problem: String)
    /// The loss is no finite number.
    case lossNotFinite(step: Int, learningRate: Double, loss: Float, run: String, saved: Int?)
    /// A weight is no finite number any more.
    case weightsNotFinite(step: Int, learningRate: Double, run: String, saved: Int?)
    /// The state in the run folder cannot be continued with these settings.
    case resumeMismatch(run: String, problem: String)
    /// There is nothing to resume.
    case noState(run: String)
    /// The user interrupted; the state was saved.
    case interrupted(run: String, step: Int)

    public var kind: FailureKind {
        switch self {
        case .invalidOption: .usage
        case .noBatch, .tooFewCaptions, .noCaptions, .noTextSide, .noNumberBoxes,
            .tooFewNumberBoxes, .numberBoxOutside, .locatorDiverged, .lossNotFinite,
            .weightsNotFinite, .resumeMismatch:
            .badData
        case .noState: .inputNotFound
        case .interrupted: .interrupted
        }
    }

    public var description: String {
        switch self {
        case .invalidOption(let option, let expected):
            "\(option) needs \(expected)."
        case .noBatch(let dataset, let batchSize):
            "\(dataset): the training images give no batch of \(batchSize) players. "
                + "Use a smaller --batch-size."
        case .tooFewCaptions(let dataset, let found, let batchSize):
            "\(dataset): \(found) training images have a caption, and a batch takes \(batchSize). "
                + "Use a smaller --batch-size, or more images."
        case .noCaptions(let dataset):
            "\(dataset): no training image has a caption. Captions are the column 'caption' of "
                + "manifest.csv; `reident synthesize` writes such a data set."
        case .noNumberBoxes(let dataset):
            "\(dataset): of no crop it is known where the number is. That is the column "
                + "'number_box' of manifest.csv: left, top, width and height in pixels; "
                + "`reident synthesize` writes it."
        case .tooFewNumberBoxes(let dataset, let found, let needed):
            "\(dataset): of \(found) crops it is known where the number is, and after a tenth of "
                + "the players is kept aside \(needed) are needed. Use more crops or players."
        case .numberBoxOutside(let image, let left, let top, let width, let height):
            "\(image): its number_box begins at \(left), \(top) and has its middle outside of the "
                + "picture, which is \(width) x \(height) pixels. Boxes count pixels of the crop."
        case .locatorDiverged(let step, let learningRate):
            "The loss of step \(step + 1) is no finite number, at a learning rate of up to "
                + "\(learningRate). Use a smaller --lr; the package is as it was."
        case .noTextSide(let model, let problem):
            "\(model): \(problem), so captions cannot be trained on."
        case .lossNotFinite(let step, let learningRate, let loss, let run, let saved):
            "The loss of step \(step) is \(loss), at a learning rate of \(learningRate). "
                + Self.advice(run: run, saved: saved)
        case .weightsNotFinite(let step, let learningRate, let run, let saved):
            "After step \(step), at a learning rate of \(learningRate), a weight is no finite "
                + "number. " + Self.advice(run: run, saved: saved)
        case .resumeMismatch(let run, let problem):
            "\(run): the saved state cannot be continued: \(problem)"
        case .noState(let run):
            "\(run): there is no saved state to resume. Start without --resume."
        case .interrupted(let run, let step):
            "Interrupted after step \(step); the state is saved. "
                + "Continue with the same command and --resume (\(run))."
        }
    }

    private static func advice(run: String, saved: Int?) -> String {
        "Use a smaller --lr, or --clip-gradients 1; "
            + (saved.map { "\(run) keeps the state of step \($0)." } ?? "nothing was saved yet.")
    }
}
