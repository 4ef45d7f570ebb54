// `reident data`: data sets.
//
// SPDX-License-Identifier: MIT

import ArgumentParser

/// The group of commands about data sets.
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Fetches data sets.",
        subcommands: [DataFetchCommand.self])
}
