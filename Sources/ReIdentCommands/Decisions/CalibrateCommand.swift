// `reident calibrate`: from which similarity on it is the same player.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentMetrics

/// Learns what a package's similarities mean, or measures what it learned.
struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Learns from which similarity on two crops show the same player.",
        discussion: """
            Takes crops of players that the model was not trained on and writes into the package \
            how probable it is that two crops show one player, thresholds at false match rates, \
            and a rule for players who are not in a gallery; `search` then says so. --check \
            writes nothing: it measures the package's calibration on these crops. Use other \
            players for that, filmed as your own are.
            """)

    @OptionGroup var data: DatasetOptions
    @OptionGroup var model: ModelOption

    @Option(help: "The part whose players are taken.")
    var split = Split.test

    @Option(
        help: """
            How probable it is that two crops show one player before anything is seen: above 0 \
            and below 1.
            """)
    var prior = 0.5

    @Flag(help: "Measure the package's calibration on these crops instead.")
    var check = false

    @Flag(
        help: """
            Learn, or with --check measure, whether another player is in a picture instead: from \
            crops whose manifest has the column `others`, as `synthesize` and `crop` write it.
            """)
    var secondPlayer = false

    @OptionGroup var encoding: EncoderOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard prior > 0, prior < 1 else {
            throw ValidationError("--prior is \(prior); it must be above 0 and below 1.")
        }
    }

    func run() async throws {
        let dataset = try data.open()
        let package = try model.open()
        if secondPlayer { return try await learnSecondPlayer(dataset, package) }
        let images = try usable(dataset, package)
        let encoder = try await encoding.encoder(of: package, output: output)
        let known = check ? try encoder.decisions() : nil
        if check, known == nil {
            throw ReIdentError.notCalibratedForDecisions(package: package.path, hasOther: false)
        }
        let meter = output.meter("Embedding")
        let crops = try await CalibrationCrops(images, by: encoder) { meter.update($0, of: $1) }
        meter.finish()
        let seed = data.splitting.seed
        if let known {
            output.note("Comparing pairs.")
            let check = try crops.check(of: known, seed: seed)
            let report = DecisionCheckText(check: check, calibration: known)
            return try output.print(check, text: "\(dataset.root)\n\(report.text)")
        }
        output.note("Comparing pairs, and drawing players for intervals.")
        let calibration = try crops.calibration(prior: prior, seed: seed)
        try Task.checkCancellation()
        _ = try package.updating { $0.decisions = calibration }
        try output.print(calibration, text: DecisionText(calibration).text)
    }

    /// Learns or measures whether another player is in a picture.
    private func learnSecondPlayer(_ dataset: Dataset, _ package: ModelPackage) async throws {
        let images = PlayerEncoder.knownSecondPlayers(dataset.images.filter { $0.split == split })
        guard !images.isEmpty else {
            throw ReIdentError.emptySplit(
                dataset: dataset.root, split: split.rawValue,
                problem: "no crop of which the manifest says by `others` whom else it shows")
        }
        let encoder = try await encoding.encoder(of: package, output: output)
        let meter = output.meter("Looking at tokens")
        if check {
            let found = try await encoder.secondPlayerCheck(on: images) { meter.update($0, of: $1) }
            meter.finish()
            guard let found else {
                throw ReIdentError.noSecondPlayerProbe(package: package.path)
            }
            return try output.print(
                found,
                text: "Another player is in \(found.positives) of \(found.crops) crops of "
                    + "\(dataset.root), told apart with an AUC of \(Self.text(found.area)).")
        }
        let probe = try await encoder.secondPlayerProbe(
            learningFrom: images, seed: data.splitting.seed
        ) { meter.update($0, of: $1) }
        meter.finish()
        _ = try package.updating { $0.secondPlayer = probe }
        try output.print(
            SecondPlayerCheck(crops: probe.crops, positives: probe.positives, area: probe.area),
            text:
                "Another player is in \(probe.positives) of \(probe.crops) crops. Tokens of layer "
                + "\(probe.layer) tell it with an AUC of \(Self.text(probe.area)) on players that "
                + "were left out; the package keeps that.")
    }

    private static func text(_ area: Double) -> String { String(format: "%.3f", area) }

    /// The crops of the part, of players the model has not seen.
    private func usable(_ dataset: Dataset, _ package: ModelPackage) throws -> [PlayerImage] {
        let all = CalibrationCrops.usable(dataset.images.filter { $0.split == split })
        guard !all.isEmpty else {
            throw ReIdentError.emptySplit(
                dataset: dataset.root, split: split.rawValue,
                problem: "no crop of a known player")
        }
        output.warnOfTrained(
            all, by: package,
            consequence:
                "similarities of new players are lower than these, and the thresholds too high")
        return all
    }
}
