// Why images could not be embedded, compared or searched.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation
public import ReIdentIndex

/// A request of the library that cannot be met.
public enum ReIdentError: DiagnosedError, Equatable {
    /// An option that this version does not carry out.
    case unsupported(option: String, instead: String)
    /// There is nothing to embed.
    case noImages(place: String, skipped: Int)
    /// Every image was left out because it could not be read.
    case onlyBadImages(count: Int, first: String)
    /// Embeddings of different widths were brought together.
    case widthMismatch(expected: Int, found: Int, source: String)
    /// Embeddings of different models were brought together.
    case modelMismatch(expected: String, found: String, source: String)
    /// The model's output for an image is no number.
    case notFinite(path: String)
    /// A dataset's split has no query or no gallery image.
    case emptySplit(dataset: String, split: String, problem: String)
    /// Figures were asked for where it is not published who is on the images.
    case unlabelled(place: String)
    /// A text to search for says nothing.
    case emptyText
    /// A text is none: its bytes are not in UTF-8.
    case notText(place: String)
    /// A gallery of features is to be compared with a text.
    case galleryOfFeatures(index: String)
    /// A precision was asked for that only calibration knows about.
    case notCalibrated(package: String, hasOther: Bool)
    /// No confidence is high enough for the precision that was asked for.
    case precisionOutOfReach(package: String, wished: Double, best: Double)
    /// Similarities were to be decided on that nothing is known about.
    case notCalibratedForDecisions(package: String, hasOther: Bool)
    /// Whether another player is in a picture was to be told, and was never learned.
    case noSecondPlayerProbe(package: String)
    /// Numbers were to be located, and the package never learned it.
    case noNumberLocator(package: String)
    /// Crops of a data set have no numbers to measure reading by.
    case noNumbers(dataset: String)
    /// A crop's number is none that a shirt can have.
    case noNumber(place: String, found: String)
    /// An index could not be used, or a search failed.
    case index(IndexError)

    public var kind: FailureKind {
        switch self {
        case .unsupported, .emptyText: .usage
        case .noImages, .onlyBadImages, .widthMismatch, .modelMismatch, .notFinite, .emptySplit,
            .unlabelled, .notText, .galleryOfFeatures, .notCalibrated, .precisionOutOfReach,
            .notCalibratedForDecisions, .noSecondPlayerProbe, .noNumberLocator, .noNumbers,
            .noNumber:
            .badData
        case .index(let error): error.kind
        }
    }

    public var description: String {
        switch self {
        case .unsupported(let option, let instead):
            "\(option) is not available in this version. \(instead)"
        case .noImages(let place, let skipped):
            "\(place): no image was found\(skipped > 0 ? " (\(skipped) other files)" : ""). "
                + "Images end in .jpg, .jpeg, .png or .webp."
        case .onlyBadImages(let count, let first):
            "None of the \(count) images can be read, so there is nothing to embed. The first: "
                + first
        case .widthMismatch(let expected, let found, let source):
            "\(source): embeddings are \(found) wide, \(expected) were expected. "
                + "Use embeddings of the same model."
        case .modelMismatch(let expected, let found, let source):
            "\(source): embeddings were made by model \(found.prefix(12)), the others by "
                + "\(expected.prefix(12)). Embed both with the same package."
        case .notFinite(let path):
            "\(path): the model's embedding is not a finite number. The package may be damaged; "
                + "run `reident models inspect` on it."
        case .emptySplit(let dataset, let split, let problem):
            "\(dataset): the \(split) split has \(problem). A split to search in needs at least "
                + "one query and one gallery image."
        case .unlabelled(let place):
            "\(place): it is not known who is on every image, so nothing can be scored. Write the "
                + "distances with `reident distances` and submit them to whoever knows."
        case .emptyText:
            "The text to search for is empty, so nothing can be found. Describe the player, for "
                + "example --text 'player in a white shirt with number 5'."
        case .notText(let place):
            "\(place) is not in UTF-8, and a text is needed. Give it in UTF-8."
        case .galleryOfFeatures(let index):
            "\(index): the index holds features, which cannot be compared with texts. Build it "
                + "with a package that was imported with --keep-projection, or search the folder."
        case .notCalibrated(let package, let hasOther):
            "\(package): "
                + (hasOther
                    ? "was calibrated for other sentences or another view" : "is not calibrated")
                + ", so it is not known how right its numbers are. "
                + "Run `reident score-numbers DATASET --model \(package) --calibrate` with these "
                + "sentences first, or leave out --at-precision."
        case .precisionOutOfReach(let package, let wished, let best):
            "\(package): its numbers are nowhere \(wished) right; \(best) is the most that was "
                + "reached where it was calibrated. Ask for less, or use a better model."
        case .notCalibratedForDecisions(let package, let hasOther):
            "\(package): "
                + (hasOther
                    ? "was calibrated for other weights or settings" : "is not calibrated")
                + ", so it is not known from which similarity on it is the same player. Run "
                + "`reident calibrate DATASET --model \(package)` on players the model was not "
                + "trained on."
        case .noSecondPlayerProbe(let package):
            "\(package): has not learned with these weights and settings to tell whether another "
                + "player is in a picture. Run `reident calibrate DATASET --second-player --model "
                + "\(package)` first."
        case .noNumberLocator(let package):
            "\(package): has not learned where on crops numbers are. Run `reident train-locator "
                + "DATASET --model \(package)` first."
        case .noNumbers(let dataset):
            "\(dataset): no crop has a number, so reading cannot be measured. Give a data set "
                + "whose manifest.csv has the column 'number', or --labels folder."
        case .noNumber(let place, let found):
            "\(place): its number is '\(found)'; 0 to 99 and 00 were expected."
        case .index(let error):
            error.description
        }
    }
}
