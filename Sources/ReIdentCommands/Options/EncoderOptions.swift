// How images are embedded: the options that all commands with a model share.
//
// SPDX-License-Identifier: MIT

public import ArgumentParser
import ReIdent
public import ReIdentCLIP
public import ReIdentImages

/// The number formats that images can be embedded in.
enum EmbeddingPrecision: String, CaseIterable, ExpressibleByArgument {
    case fp32, bf16, int8

    /// The same as the library takes it.
    var precision: Precision {
        switch self {
        case .fp32: .fp32
        case .bf16: .bf16
        case .int8: .int8
        }
    }
}

extension Preprocessing: ExpressibleByArgument {}
extension TokenSelection: ExpressibleByArgument {}

/// The options of embedding, but for the model.
struct EncoderOptions: ParsableArguments {
    @Option(help: "The number format of the computation.")
    var precision = EmbeddingPrecision.fp32

    @Option(help: "How an image becomes the model's square. (default: the package's)")
    var preprocess: Preprocessing?

    @Option(help: "Which patches of an image take part. (default: the package's)")
    var tokens: TokenSelection?

    @OptionGroup var computing: ComputingOptions

    @Flag(help: "Average the embeddings of an image and its mirror image.")
    var flipAverage = false

    /// Where it is computed.
    var device: String { computing.device }

    /// The same as the library takes it.
    func options() -> PlayerEncoder.Options {
        var options = PlayerEncoder.Options()
        options.precision = precision.precision
        options.preprocessing = preprocess
        options.tokens = tokens
        options.averagesFlip = flipAverage
        computing.apply(to: &options)
        return options
    }

    /// Opens the encoder of a package; says on standard error where an option overrides it.
    func encoder(of package: ModelPackage, output: OutputOptions) async throws -> PlayerEncoder {
        let options = options()
        for (option, chosen, own) in [
            ("--preprocess", preprocess?.rawValue, package.settings.preprocessing.rawValue),
            ("--tokens", tokens?.rawValue, package.settings.tokens.rawValue),
        ] {
            guard let chosen, chosen != own else { continue }
            output.warn(
                "\(option) \(chosen) overrides the package's '\(own)'. Embeddings can only be "
                    + "compared with others made in the same way.")
        }
        return try await PlayerEncoder.open(package, options: options)
    }
}

/// Where and in which portions images are embedded.
struct ComputingOptions: ParsableArguments {
    @Option(help: "Images that are computed at once.")
    var batchSize = 16

    @Option(help: "cpu, cuda, cuda:1 or mps.")
    var device = "cpu"

    func validate() throws {
        try requireRange("--batch-size", batchSize, 1...65_536)
    }

    /// Puts them among the options that the library takes.
    func apply(to options: inout PlayerEncoder.Options) {
        options.batchSize = batchSize
        options.device = device
    }
}

/// The option `--skip-bad` of commands that embed images.
struct SkipBadOption: ParsableArguments {
    @Flag(
        name: .customLong("skip-bad"),
        help: "Leave out images that cannot be read; they are listed.")
    var isGiven = false
}

/// The option `--model`, for one package.
struct ModelOption: ParsableArguments {
    @Option(name: .customLong("model"), help: "A model package: the folder `models import` writes.")
    var path: String

    /// Opens the package.
    func open() throws -> ModelPackage { try ModelPackage.open(path) }
}

/// The option `--force` of commands that write.
struct ForceOption: ParsableArguments {
    @Flag(name: .customLong("force"), help: "Replace an existing output.")
    var isGiven = false
}
