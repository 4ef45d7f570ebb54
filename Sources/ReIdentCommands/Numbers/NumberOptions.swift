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

    @Option(help: "Images that are computed at once.")
    var batchSize = 16

    @Option(help: "cpu, cuda, cuda:1 or mps.")
    var device = "cpu"

    @Flag(help: "Leave out images that cannot be read; they are named.")
    var skipBad = false

    mutating func validate() throws {
        try requireRange("--batch-size", batchSize, 1...65_536)
    }

    /// Opens a package for reading numbers.
    func reader(of package: ModelPackage) async throws -> NumberReader {
        var options = PlayerEncoder.Options()
        options.precision = try precision.supported()
        options.batchSize = batchSize
        options.device = device
        return try await NumberReader.open(
            package, prompts: try prompts.map { try NumberPrompts(path: $0) }, options: options)
    }
}
