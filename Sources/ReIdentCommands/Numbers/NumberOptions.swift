// What the commands that read shirt numbers share.
//
// SPDX-License-Identifier: MIT

public import ArgumentParser
public import ReIdent
import ReIdentCLIP

extension NumberView: ExpressibleByArgument {}

/// How numbers are read, but for the model.
struct NumberOptions: ParsableArguments {
    @Option(
        help: """
            A text file of sentences that crops are compared with: {number} in a line stands for \
            the number, a line without it describes a crop without one. (default: the package's)
            """)
    var prompts: String?

    @Option(
        help: """
            What is looked at of a crop of a whole player: shirt (the rows in which numbers are) \
            or whole. A crop that is not 1.4 times as tall as wide is looked at whole.
            """)
    var view = NumberView.shirt

    @Option(help: "The number format of the computation.")
    var precision = EmbeddingPrecision.fp32

    @OptionGroup var computing: ComputingOptions
    @OptionGroup var skipBad: SkipBadOption

    /// Opens a package for reading numbers.
    func reader(of package: ModelPackage) async throws -> NumberReader {
        var options = PlayerEncoder.Options()
        options.precision = try precision.supported()
        computing.apply(to: &options)
        return try await NumberReader.open(
            package, prompts: try prompts.map { try NumberPrompts(path: $0) }, view: view,
            options: options)
    }
}
