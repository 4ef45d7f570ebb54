// The options that change training crops by chance.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentImages

/// How often training crops are changed; not at all unless it is asked for.
struct AugmentationOptions: ParsableArguments {
    /// A set of probabilities by its name.
    enum Preset: String, CaseIterable, ExpressibleByArgument {
        case none, robust

        var augmentation: ImageAugmentation {
            switch self {
            case .none: ImageAugmentation()
            case .robust: .robust
            }
        }
    }

    @Option(
        help: """
            Change crops by chance, for footage that is worse than the training images: none is \
            the recipe; robust means \(ImageAugmentation.robust.summary). The options below \
            override it one by one.
            """)
    var augment = Preset.none

    @Option(help: "Probability that a crop is blurred, out of focus or moved.")
    var blur: Double?

    @Option(help: "Probability that a crop is scaled down to 32 to 96 rows and up again.")
    var rescale: Double?

    @Option(help: "Probability that a crop is compressed, JPEG quality 15 to 70.")
    var jpeg: Double?

    @Option(
        help: """
            Probability that the colours of a camera shift, anew in each step: all its crops \
            alike, those of another camera otherwise.
            """)
    var colorShift: Double?

    @Option(help: "Probability that 5 to 25 % of a crop is hidden.")
    var erase: Double?

    @Option(
        help: """
            Probability that of a crop only the part is taken that `read-number` looks at: \
            around the number, if the package has a locator, else of tall ones the shirt.
            """)
    var shirt: Double?

    /// The same as the library takes it; nil where nothing is changed.
    var augmentation: ImageAugmentation? {
        var result = augment.augmentation
        result.blur = blur ?? result.blur
        result.rescale = rescale ?? result.rescale
        result.jpeg = jpeg ?? result.jpeg
        result.colorShift = colorShift ?? result.colorShift
        result.erase = erase ?? result.erase
        result.shirt = shirt ?? result.shirt
        return result.isNone ? nil : result
    }
}
