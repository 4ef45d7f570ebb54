// `reident models convert`: the same package with weights of another number format.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentFiles

/// Converts a package's weights.
struct ModelsConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Makes a package of another with weights in another number format.",
        discussion: """
            fp16 and bf16 need half the bytes of fp32, of which fp16 keeps three more bits of each \
            number. Gains, biases and statistics stay as they are. Embeddings change a little, so \
            a gallery has to be embedded again.
            """)

    @Argument(help: "The package's folder.")
    var package: String

    @Option(help: "The number format of matrices and filters.")
    var weights: WeightFormat

    @OptionGroup var target: PackageOutputOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let converted = try ModelPackage.open(package).convert(
            to: weights.elementType, at: target.path, force: target.force.isGiven)
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
