// `reident score-numbers`: how well a package reads shirt numbers, on crops whose number is known;
// and its calibration by them.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentFiles
import ReIdentImages

/// Where the right numbers come from.
enum NumberLabels: String, CaseIterable, ExpressibleByArgument {
    /// The manifest's column; where it is empty, no number can be seen.
    case manifest
    /// The name of a crop's folder; every crop shows its number.
    case folder
}

/// Measures number reading.
struct ScoreNumbersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score-numbers",
        abstract: "Measures how well shirt numbers are read, and calibrates it.",
        discussion: """
            Takes crops whose number is known. Prints how many are read right, among all and among \
            those the model is surest of, on how many without a number one is read, and how far \
            confidences are from the truth. --calibrate first fits the confidences to these \
            crops and writes that into the package: use players it was not trained on, and measure \
            on others again.
            """)

    @Argument(help: "A data set with numbers, or a folder with a folder for each number.")
    var dataset: String

    @OptionGroup var model: ModelOption

    @Option(
        help: """
            Where right numbers come from: manifest (an empty one means that none can be seen) or \
            folder (the name of a crop's folder).
            """)
    var labels = NumberLabels.manifest

    @Option(help: "Only crops of this part. (values: train, test, challenge; default: all)")
    var split: Split?

    @Flag(help: "Fit the confidences to these crops and write that into the package.")
    var calibrate = false

    @OptionGroup var reading: NumberOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let package = try model.open()
        let crops = try labelled()
        let reader = try await reading.reader(of: package)
        let meter = output.meter("Reading")
        let outcome = try await reader.read(
            crops.map { ImageSource($0.source) }, skipsBadImages: reading.skipBad.isGiven
        ) { meter.update($0, of: $1) }
        meter.finish()
        for failure in outcome.failures { output.warn("left out: \(failure.error)") }
        let used = outcome.positions.map { crops[$0] }
        guard !used.isEmpty else {
            throw ReIdentError.onlyBadImages(
                count: crops.count, first: outcome.failures.first?.error.description ?? "")
        }
        try Task.checkCancellation()
        var calibration = reader.calibration
        if calibrate {
            let fitted = NumberCalibration(
                fitting: zip(outcome.logits, used).map { .init(logits: $0, answer: $1.answer) },
                data: try MessageDigest.sha256.hexadecimal(
                    of: used.map { "\($0.path) \($0.answer)" }.joined(separator: "\n")),
                prompts: try reader.settingsDigest())
            _ = try package.updating { $0.numberReading = fitted }
            calibration = fitted
        }
        let outcomes = zip(outcome.logits, used).map { logits, crop in
            NumberScore.Outcome(
                probabilities: NumberCalibration.probabilities(of: logits, calibration),
                answer: crop.answer)
        }
        let report = NumberReport(
            NumberScore(outcomes), calibration: calibration, isFitted: calibrate)
        try output.print(report, text: report.text)
    }

    /// A crop and the place of its number among the answers.
    private struct LabelledCrop {
        let path: String
        let source: ByteSource
        let answer: Int
    }

    private func labelled() throws -> [LabelledCrop] {
        let places = Dictionary(
            uniqueKeysWithValues: NumberPrompts.numbers.enumerated().map { ($1, $0) })
        if labels == .folder {
            let (images, skipped) = try ImageListing.gather([dataset])
            guard !images.isEmpty else {
                throw ReIdentError.noImages(place: dataset, skipped: skipped)
            }
            return try images.map { path in
                let folder = String(path.split(separator: "/").dropLast().last ?? "")
                guard let place = places[folder] else {
                    throw ReIdentError.noNumber(place: path, found: folder)
                }
                return LabelledCrop(path: path, source: .file(path), answer: place)
            }
        }
        let images = try Dataset(path: dataset).images.filter {
            split == nil || $0.split == split
        }
        guard images.contains(where: { $0.number != nil }) else {
            throw ReIdentError.noNumbers(dataset: dataset)
        }
        return try images.map { image in
            guard let number = image.number else {
                return LabelledCrop(
                    path: image.path, source: image.source, answer: NumberPrompts.numbers.count)
            }
            guard let place = places[number] else {
                throw ReIdentError.noNumber(place: image.path, found: number)
            }
            return LabelledCrop(path: image.path, source: image.source, answer: place)
        }
    }
}

/// How well numbers are read.
private struct NumberReport: Encodable {
    let crops: Int
    let visible: Int
    let right: Int
    let rightAt80: Int
    let answeredAt80: Int
    let rightAt50: Int
    let answeredAt50: Int
    let withoutNumber: Int
    let falseReads: Int
    let calibrationError: Double
    let isCalibrated: Bool
    let isFitted: Bool
    let points: [NumberCalibration.Point]

    enum CodingKeys: String, CodingKey {
        case crops, visible, right, points
        case rightAt80 = "right_at_80"
        case answeredAt80 = "answered_at_80"
        case rightAt50 = "right_at_50"
        case answeredAt50 = "answered_at_50"
        case withoutNumber = "without_number"
        case falseReads = "false_reads"
        case calibrationError = "calibration_error"
        case isCalibrated = "calibrated"
        case isFitted = "fitted"
    }

    init(_ score: NumberScore, calibration: NumberCalibration?, isFitted: Bool) {
        crops = score.outcomes.count
        visible = score.visible
        right = score.right
        (rightAt80, answeredAt80) = score.right(ofSurest: 0.8)
        (rightAt50, answeredAt50) = score.right(ofSurest: 0.5)
        withoutNumber = crops - visible
        falseReads = score.falseReads
        calibrationError = score.calibrationError
        isCalibrated = calibration != nil
        self.isFitted = isFitted
        points = score.points(atMost: 64)
    }

    var text: String {
        func share(_ part: Int, _ whole: Int) -> String {
            guard whole > 0 else { return "-" }
            return String(format: "%5.1f %%", 100 * Double(part) / Double(whole))
                + "  \(part) of \(whole)"
        }
        return """
            crops with a number        \(visible) of \(crops)
            read right, all            \(share(right, visible))
            read right, surest 80 %    \(share(rightAt80, answeredAt80))
            read right, surest 50 %    \(share(rightAt50, answeredAt50))
            false reads without one    \(share(falseReads, withoutNumber))
            calibration error          \(String(format: "%.3f", calibrationError))\
            \(isFitted ? ", on the crops it was fitted to" : isCalibrated ? "" : ", not calibrated")
            """
    }
}
