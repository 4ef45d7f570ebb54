// `reident index`: galleries on disk.
//
// SPDX-License-Identifier: MIT

import ArgumentParser

/// Groups the commands about indexes.
struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Builds, changes and describes galleries on disk.",
        discussion: """
            An index is one file with the embeddings of images, their paths and their players. \
            `search --gallery INDEX` searches it without embedding the gallery again. Every \
            change replaces the file as a whole; two changes at a time wait for one another.
            """,
        subcommands: [
            IndexBuildCommand.self, IndexAddCommand.self, IndexRemoveCommand.self,
            IndexInfoCommand.self, IndexGraphCommand.self,
        ])
}
