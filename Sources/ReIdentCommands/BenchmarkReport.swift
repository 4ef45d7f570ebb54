// What `reident benchmark` prints.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdent
import ReIdentCLIP

/// The rates of a machine.
struct BenchmarkReport: Encodable {
    /// What was measured on.
    struct Machine: Encodable {
        let threads: Int
        let libtorch: String
        let processor: String
    }

    /// One linear layer; rates in 10⁹ operations a second.
    struct Layer: Encodable {
        let name: String
        let inputs: Int
        let outputs: Int
        let inference: Double
        let forward: Nullable<Double>
        let backward: Nullable<Double>
    }

    /// The linear layers in one precision.
    struct Linear: Encodable {
        let rows: Int
        let ceiling: Double
        let layers: [Layer]
    }

    let imagesPerSecond: Double
    let rates: [Double]
    let precision: String
    let batchSize: Int
    let device: String
    let tokensPerImage: Nullable<Int>
    let gigaflopsPerImage: Double
    let gigaflopsPerSecond: Double
    /// Of the ceiling in the encoder's precision; nil where that was not measured.
    let fractionOfCeiling: Double?
    let machine: Machine
    let linear: [String: Linear]

    enum CodingKeys: String, CodingKey {
        case rates, precision, device, machine, linear
        case imagesPerSecond = "images_per_second"
        case batchSize = "batch_size"
        case tokensPerImage = "tokens_per_image"
        case gigaflopsPerImage = "gflop_per_image"
        case gigaflopsPerSecond = "gflop_per_second"
        case fractionOfCeiling = "fraction_of_ceiling"
    }

    init(
        encoder: EncoderBenchmark, options: PlayerEncoder.Options, linear: [LinearBenchmark],
        machine: Machine
    ) {
        imagesPerSecond = encoder.imagesPerSecond
        rates = encoder.rates
        precision = options.precision.rawValue
        batchSize = options.batchSize
        device = options.device
        tokensPerImage = Nullable(encoder.tokensPerImage)
        gigaflopsPerImage = encoder.operationsPerImage / 1e9
        gigaflopsPerSecond = encoder.operationsPerSecond / 1e9
        self.machine = machine
        self.linear = Dictionary(
            uniqueKeysWithValues: linear.map { part in
                (
                    part.precision.rawValue,
                    Linear(
                        rows: part.rows, ceiling: part.ceiling,
                        layers: part.layers.map {
                            Layer(
                                name: $0.name, inputs: $0.inputs, outputs: $0.outputs,
                                inference: $0.inference, forward: Nullable($0.forward),
                                backward: Nullable($0.backward))
                        })
                )
            })
        // The ceiling is the CPU's.
        fractionOfCeiling =
            options.device == "cpu"
            ? linear.first { $0.precision == options.precision }
                .map { encoder.operationsPerSecond / 1e9 / $0.ceiling }
            : nil
    }

    /// Tables for a terminal.
    var text: String {
        let tokens = tokensPerImage.value.map { ", \($0) tokens each" } ?? ""
        var lines = [
            "\(ProgressEstimate.rounded(imagesPerSecond)) images/s in \(precision), batch size "
                + "\(batchSize)\(tokens), on \(device) (\(machine.threads) threads, "
                + "\(machine.processor), LibTorch \(machine.libtorch))"
        ]
        lines.append(
            "\(ProgressEstimate.rounded(gigaflopsPerSecond)) GFLOP/s at "
                + "\(ProgressEstimate.rounded(gigaflopsPerImage)) GFLOP an image"
                + (fractionOfCeiling.map { String(format: ", %.0f%% of the ceiling", 100 * $0) }
                    ?? ""))
        for (precision, part) in linear.sorted(by: { $0.key > $1.key }) {
            lines.append("")
            var rows = [["\(precision), GFLOP/s", "K", "N", "inference", "forward", "backward"]]
            for layer in part.layers {
                let rates = [layer.inference, layer.forward.value, layer.backward.value]
                rows.append(
                    [layer.name, "\(layer.inputs)", "\(layer.outputs)"]
                        + rates.map { $0.map { ProgressEstimate.rounded($0) } ?? "" })
            }
            rows.append(["ceiling", "", "", ProgressEstimate.rounded(part.ceiling)])
            lines += TextTable.lines(rows)
        }
        return lines.joined(separator: "\n")
    }
}
