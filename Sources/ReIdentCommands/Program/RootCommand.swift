// The list of the program's commands.
//
// SPDX-License-Identifier: MIT

import ArgumentParser

/// `reident`, which only has subcommands.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reident",
        abstract: "Recognises players again: trains, evaluates and searches with CLIP.",
        discussion: """
            Every command prints one JSON value with --json. Progress and remarks go to standard \
            error. Exit codes: 64 usage, 65 bad data, 66 input not found, 69 something required \
            is missing, 70 a fault of ours, 73 output cannot be written, 130 interrupted. Paths \
            that begin with a dash follow `--`.
            """,
        version: ProgramVersion.text,
        subcommands: [
            ModelsCommand.self, DataCommand.self, CropCommand.self, SynthesizeCommand.self,
            EmbedCommand.self, TokenizeCommand.self, EmbedTextCommand.self, TrainCommand.self,
            PretrainCommand.self, EvaluateCommand.self, DistancesCommand.self, ScoreCommand.self,
            CalibrateCommand.self, SearchCommand.self, ExplainCommand.self,
            ScoreExplanationsCommand.self, IndexCommand.self,
            ReadNumberCommand.self, ScoreNumbersCommand.self, TrainLocatorCommand.self,
            ReportCommand.self,
            ReproduceCommand.self, BenchmarkCommand.self,
        ])

    static let _errorPrefix = "reident: "
}
