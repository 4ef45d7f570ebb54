// What the commands that read shirt numbers share.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdent
import ReIdentCLIP

/// How numbers are read, but for the model.
struct NumberOptions: ParsableArguments {
    @Option(
        help: """
            A text file of sentences that crops are compared with: {number} in a line stands for \
            the number, a line without it describes a crop without one. (default: the package's)
            """)
    var prompts: String?

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
            package, prompts: try prompts.map { try NumberPrompts(path: $0) }, options: options)
    }
}
