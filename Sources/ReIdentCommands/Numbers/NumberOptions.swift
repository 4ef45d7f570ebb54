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
            What is looked at of a crop: auto (around the number, which the package's locator \
            finds; without one, of crops at least 1.95 times as tall as wide the rows in which \
            shirts have it), shirt (these rows in any case: all crops show players), whole (crops \
            show numbers alone).
            """)
    var view = NumberView.auto

    @Option(help: "The number format of the computation.")
    var precision = EmbeddingPrecision.fp32

    @OptionGroup var computing: ComputingOptions
    @OptionGroup var skipBad: SkipBadOption

    /// Opens a package for reading numbers.
    func reader(of package: ModelPackage) async throws -> NumberReader {
        var options = PlayerEncoder.Options()
        options.precision = precision.precision
        computing.apply(to: &options)
        return try await NumberReader.open(
            package, prompts: try prompts.map { try NumberPrompts(path: $0) }, view: view,
            options: options)
    }
}
