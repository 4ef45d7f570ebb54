// `reident data fetch`: published data sets, from their owner or a mirror.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentData
import ReIdentFiles

/// Fetches a data set.
struct DataFetchCommand: ParsableCommand, SavesWhenInterrupted {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Downloads a published data set and checks it.",
        usage: "reident data fetch <name> [--out <path>] [<options>]",
        discussion: """
            NAME is \(PublishedDataset.known.map(\.name).joined(separator: " or ")). The zip need \
            not be unpacked: every command reads it as it is. Bytes arrive in FILE.partial; after \
            Ctrl-C or a broken connection the same command goes on from there. Data have licences \
            of their own: read their owner's page.
            """)

    @Argument(help: "What to fetch.")
    var name: String

    @OptionGroup var destination: FetchDestination
    @OptionGroup var network: NetworkOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        let data = try PublishedDataset.named(name)
        let path = destination.path(for: data.fileName)
        let next = "reident evaluate \(path) --model PACKAGE"
        let download = try network.download(
            data.address, fileName: data.fileName, to: path, digest: data.digest,
            force: force.isGiven, advice: "`\(next)`")
        let display = FetchDisplay(output, name: data.name)
        let file = try download.run(report: display.show)
        let report = FetchReport(name: data.name, file: file, next: next)
        try output.print(report, text: report.text(remark: "Terms of use: \(data.page)"))
    }
}
