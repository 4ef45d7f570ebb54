// `reident models`: making and looking at model packages.
//
// SPDX-License-Identifier: MIT

import ArgumentParser

/// The group of commands about models.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Fetches weights; imports, creates, converts and inspects model packages.",
        subcommands: [
            ModelsFetchCommand.self, ModelsImportCommand.self, ModelsCreateCommand.self,
            ModelsConvertCommand.self, ModelsListCommand.self, ModelsInspectCommand.self,
        ])
}

/// Where a new package goes.
struct PackageOutputOptions: ParsableArguments {
    @Option(name: .customLong("out"), help: "The package to write: a folder that does not exist.")
    var path: String

    @OptionGroup var force: ForceOption
}
