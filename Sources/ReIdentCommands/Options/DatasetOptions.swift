// The argument DATASET, and how a data set without parts is parted.
//
// SPDX-License-Identifier: MIT

public import ArgumentParser
public import ReIdentData

/// A data set and the options that it is read with.
struct DatasetOptions: ParsableArguments {
    static let datasetHelp: ArgumentHelp = """
        A folder with manifest.csv, SynergyReID (folder or zip), Market-1501, or one folder a \
        player.
        """

    @Argument(help: datasetHelp)
    var dataset: String

    @OptionGroup var splitting: SplittingOptions

    /// Reads the data set.
    func open() throws -> Dataset { try splitting.open(dataset) }
}

/// How players are parted where the data set does not say it.
struct SplittingOptions: ParsableArguments {
    @Option(
        help: """
            The share of players, 0 to 1, that become the test part of a data set of one folder a \
            player.
            """)
    var testIdentities = 0.3

    @Option(help: "Decides everything that is left to chance.")
    var seed: UInt64 = 1

    /// Reads a data set.
    func open(_ path: String) throws -> Dataset {
        try Dataset(path: path, options: .init(testShare: testIdentities, seed: seed))
    }
}

extension Split: ExpressibleByArgument {}
