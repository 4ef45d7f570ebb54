// `reident models list`: the architectures that have a name, and where weights come from.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP

/// Lists architectures.
struct ModelsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists architectures, their sizes, and where weights come from.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let rows = Architecture.known.map(ArchitectureRow.init)
        try output.print(rows, text: Self.text(rows))
    }

    private static func text(_ rows: [ArchitectureRow]) -> String {
        var lines = TextTable.lines(
            [
                ["architecture", "image", "patch", "layers", "features", "projected", "parameters"]
            ]
                + rows.map { row in
                    [
                        row.name, "\(row.imageSize)", row.patchSize.value.map(String.init) ?? "-",
                        "\(row.layers)",
                        "\(row.featureDimension)", "\(row.embeddingDimension)",
                        "\(row.parameters / 1_000_000) M",
                    ]
                })
        lines.append("")
        lines.append("Weights that `reident models fetch` fetches:")
        lines += TextTable.aligned(
            rows.flatMap { row in
                row.weights.map { ["  \($0.fetch)", $0.title, $0.address] }
            })
        return lines.joined(separator: "\n")
    }
}

/// One architecture as `--json` prints it.
private struct ArchitectureRow: Encodable {
    struct Weights: Encodable {
        let fetch: String
        let title: String
        let address: String
    }

    let name: String
    let activation: String
    let imageSize: Int
    let patchSize: Nullable<Int>
    let layers: Int
    let featureDimension: Int
    let embeddingDimension: Int
    let parameters: Int
    let imageParameters: Int
    let weights: [Weights]

    enum CodingKeys: String, CodingKey {
        case name, activation, layers, parameters, weights
        case imageSize = "image_size"
        case patchSize = "patch_size"
        case featureDimension = "feature_dimension"
        case embeddingDimension = "embedding_dimension"
        case imageParameters = "image_parameters"
    }

    init(_ architecture: Architecture) {
        let configuration = architecture.configuration
        let entries = WeightTable(configuration).entries
        name = architecture.name
        activation = configuration.activation.rawValue
        imageSize = configuration.imageSize
        patchSize = Nullable(configuration.vision.patchSize)
        layers = configuration.vision.blockCount
        featureDimension = configuration.featureDimension
        embeddingDimension = configuration.embeddingDimension
        let learned = entries.filter { !WeightTable.isStatistic($0.name) }
        parameters = learned.reduce(0) { $0 + $1.count }
        imageParameters =
            learned.filter { $0.side == .vision || $0.side == .visionProjection }
            .reduce(0) { $0 + $1.count }
        weights = architecture.publishedWeights.map {
            Weights(fetch: $0.name, title: $0.title, address: $0.page)
        }
    }
}
