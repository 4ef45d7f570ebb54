// `reident models fetch`: published weights, from their owner or a mirror.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP
import ReIdentFiles

/// Fetches weights.
struct ModelsFetchCommand: ParsableCommand, SavesWhenInterrupted {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Downloads published weights and checks them.",
        usage: "reident models fetch <name> [--out <path>] [<options>]",
        discussion: """
            NAME is OpenAI's (ViT-L-14), open_clip's (ViT-L-14:laion2b_s32b_b82k) or clip_reid; \
            --list names all. Bytes arrive in FILE.partial; after Ctrl-C or a broken connection \
            the same command goes on from there. FILE appears when it is whole and its checksum is \
            right. Weights have licences of their own: read their owner's page.
            """)

    @Argument(help: "What to fetch.")
    var name: String?

    @Flag(help: "List what can be fetched.")
    var list = false

    @OptionGroup var destination: FetchDestination
    @OptionGroup var network: NetworkOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard list != (name != nil) else {
            throw ValidationError("Name what to fetch, or pass --list to see what there is.")
        }
    }

    func run() throws {
        guard let name else {
            let rows = PublishedWeights.known.map(WeightsRow.init)
            try output.print(rows, text: WeightsRow.text(rows))
            return
        }
        let weights = try PublishedWeights.named(name)
        let path = destination.path(for: weights.fileName)
        let next = weights.importCommand(path: path)
        let download = try network.download(
            weights.address, fileName: weights.fileName, to: path, digest: weights.digest,
            force: force.isGiven, advice: next.map { "`\($0)`" } ?? "")
        let display = FetchDisplay(output, name: weights.name)
        let file = try download.run(report: display.show)
        let report = FetchReport(name: weights.name, file: file, next: next)
        try output.print(report, text: report.text(remark: weights.remark))
    }
}

/// Weights as `--list` prints them.
private struct WeightsRow: Encodable {
    let name: String
    let aliases: [String]
    let title: String
    let architecture: String?
    let page: String
    let address: String
    let sha256: String?

    init(_ weights: PublishedWeights) {
        name = weights.name
        aliases = weights.aliases
        title = weights.title
        architecture = weights.architecture
        page = weights.page
        address = weights.address
        sha256 = weights.digest?.hexadecimal
    }

    /// Writes null, not nothing, where there is no architecture or no checksum.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(aliases, forKey: .aliases)
        try container.encode(title, forKey: .title)
        try container.encode(architecture, forKey: .architecture)
        try container.encode(page, forKey: .page)
        try container.encode(address, forKey: .address)
        try container.encode(sha256, forKey: .sha256)
    }

    enum CodingKeys: String, CodingKey {
        case name, aliases, title, architecture, page, address, sha256
    }

    static func text(_ rows: [WeightsRow]) -> String {
        TextTable.aligned(
            [["name", "weights", "architecture", "checksum", "page"]]
                + rows.map { row in
                    [
                        row.name, row.title, row.architecture ?? "-",
                        row.sha256 == nil ? "the server's" : "published", row.page,
                    ]
                }
        ).joined(separator: "\n")
    }
}
