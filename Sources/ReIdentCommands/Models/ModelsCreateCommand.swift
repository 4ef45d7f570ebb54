// `reident models create`: a package of random start values.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentImages

/// Creates a model to be trained.
struct ModelsCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Makes a model package of random weights.",
        discussion: """
            Weights are initialised as open_clip does. The same architecture and seed give the \
            same numbers on every machine.
            """)

    @Option(help: "A name of `reident models list`, or an open_clip configuration (.json).")
    var arch: String

    @Option(help: "Decides every number.")
    var seed: UInt64

    @Option(
        help: "The vocabulary of the text side. (default: CLIP's, where it fits and is here)")
    var vocabulary: String?

    @OptionGroup var start: StartOptions
    @OptionGroup var package: PackageOutputOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let architecture = try Architecture.resolve(arch)
        try start.check(architecture)
        try ModelPackage.check(output: package.path, force: package.force.isGiven)
        let written = try ModelPackage.create(
            architecture, seed: seed, at: package.path, force: package.force.isGiven,
            vocabulary: vocabulary.map { path throws(PackageError) in
                try VocabularyFile(path: path)
            }, residualGain: start.residualGain,
            preprocessing: start.preprocess ?? .letterbox)
        let description = try PackageDescription(written)
        try output.print(description, text: description.text)
    }
}
