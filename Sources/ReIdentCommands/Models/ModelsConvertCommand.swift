// `reident models convert`: the same package in another number format or for another image size.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentFiles

/// Converts a package's weights.
struct ModelsConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Makes a package of another, in another number format or for another image size.",
        discussion: """
            fp16 and bf16 need half the bytes of fp32, of which fp16 keeps three more bits of each \
            number. Gains, biases and statistics stay as they are. Embeddings change a little, so \
            a gallery has to be embedded again. For another image size the positions are \
            resampled: a start for training on larger images what was learned on small ones.
            """)

    @Argument(help: "The package's folder.")
    var package: String

    @Option(help: "The number format of matrices and filters.")
    var weights: WeightFormat?

    @Option(help: "Side of the images in pixels.")
    var imageSize: Int?

    @Flag(
        help: """
            Leave out the hashes of players and the fingerprints of crops that it was trained on. \
            No evaluation can warn of them any more.
            """)
    var forgetTrained = false

    @OptionGroup var target: PackageOutputOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard weights != nil || imageSize != nil || forgetTrained else {
            throw ValidationError(
                "Nothing would change. Give --weights, --image-size or --forget-trained.")
        }
    }

    func run() throws {
        let converted = try ModelPackage.open(package).convert(
            to: weights?.elementType, imageSize: imageSize, keepsTrained: !forgetTrained,
            at: target.path, force: target.force.isGiven)
        let description = try PackageDescription(converted)
        try output.print(description, text: description.text)
    }
}

/// A number format that weights are kept in.
enum WeightFormat: String, CaseIterable, ExpressibleByArgument {
    case fp32, fp16, bf16

    var elementType: ElementType {
        switch self {
        case .fp32: .float32
        case .fp16: .float16
        case .bf16: .bfloat16
        }
    }
}
