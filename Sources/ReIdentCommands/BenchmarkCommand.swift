// `reident benchmark`: this machine's rates, and the fraction of what its products allow.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentEngine

/// Measures a model on this machine.
struct BenchmarkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark",
        abstract: "Measures how fast this machine embeds, beside what its products allow.",
        discussion: """
            The encoder is measured on random images that are prepared already. The linear layers \
            are those of ViT-B/16 on 16 images, in fp32 and bf16; their ceiling is the fastest of \
            several large square products. Measure while nothing else runs.
            """)

    @OptionGroup var model: ModelOption

    @Option(help: "The number format of the encoder.")
    var precision = EmbeddingPrecision.fp32

    @Option(
        help: """
            Which patches take part; content is measured on letterboxed images of 64 x 128. \
            (default: the package's)
            """)
    var tokens: TokenSelection?

    @OptionGroup var computing: ComputingOptions

    @Option(help: "Measurements that medians are taken of.")
    var repeats = 5

    @Flag(inversion: .prefixedNo, help: "Measure the linear layers, too; on the CPU.")
    var linear = true

    @OptionGroup var output: OutputOptions

    func validate() throws {
        try requireRange("--repeats", repeats, 1...1000)
    }

    func run() async throws {
        var options = PlayerEncoder.Options()
        options.precision = precision.precision
        options.tokens = tokens
        computing.apply(to: &options)
        let encoder = try await PlayerEncoder.open(model.open(), options: options)
        output.note("Measuring the encoder.")
        let measured = try await EncoderBenchmark.measure(encoder, repeats: repeats)
        var layers: [LinearBenchmark] = []
        for precision in linear ? [Precision.fp32, .bf16, .int8] : [] {
            output.note("Measuring linear layers in \(precision.rawValue).")
            layers.append(
                try await LinearBenchmark.measure(
                    precision: precision, repeats: min(repeats, 5)))
        }
        let report = BenchmarkReport(
            encoder: measured, options: options, linear: layers,
            machine: .init(
                threads: Engine.defaultThreadCount, libtorch: try Engine.libTorchVersion(),
                processor: try Engine.processorCapability()))
        try output.print(report, text: report.text)
    }
}
