// `reident read-number`: the shirt numbers on crops, or on several crops of one player together.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import Foundation
import ReIdent
import ReIdentCLIP
import ReIdentData
import ReIdentFiles
import ReIdentImages

/// Which crops show one player.
enum NumberVoting: String, CaseIterable, ExpressibleByArgument {
    /// Each crop is read alone.
    case none
    /// The crops of one folder.
    case folder
    /// The crops of one player of a data set.
    case identity
}

/// Reads shirt numbers.
struct ReadNumberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-number",
        abstract: "Reads shirt numbers, without having been trained to.",
        discussion: """
            Compares each crop with sentences about the numbers 0 to 99 and 00, and about crops \
            without a number. The answer is a number, `no number`, or `unsure` where \
            --at-precision asks for more than is known. `reident score-numbers --calibrate` makes \
            a package's confidences true.
            """)

    @Argument(help: "Images, and folders of images; with --vote identity, one data set.")
    var paths: [String]

    @OptionGroup var model: ModelOption

    @Option(
        help: """
            How right the numbers that are given have to be, as a share of 0 to 1; what is less \
            sure is `unsure`.
            """)
    var atPrecision: Double?

    @Option(help: "Which crops show one player and are read together: none, folder or identity.")
    var vote = NumberVoting.none

    @Option(name: [.customShort("k"), .long], help: "Candidates that are listed.")
    var count = 5

    @OptionGroup var reading: NumberOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try requireRange("-k", count, 1...NumberPrompts.numbers.count)
        if let atPrecision, !(0...1).contains(atPrecision) {
            throw ValidationError("--at-precision is \(atPrecision); it must be from 0 to 1.")
        }
        if vote == .identity, paths.count != 1 {
            throw ValidationError("--vote identity takes one data set, not \(paths.count) paths.")
        }
    }

    func run() async throws {
        let package = try model.open()
        let crops = try gather()
        let reader = try await reading.reader(of: package)
        let threshold = try threshold(reader)
        let meter = output.meter("Reading")
        let outcome = try await reader.read(
            crops.map { ImageSource($0.source) }, skipsBadImages: reading.skipBad.isGiven
        ) { meter.update($0, of: $1) }
        meter.finish()
        for failure in outcome.failures { output.warn("left out: \(failure.error)") }
        guard !outcome.positions.isEmpty else {
            throw ReIdentError.onlyBadImages(
                count: crops.count, first: outcome.failures.first?.error.description ?? "")
        }
        try Task.checkCancellation()
        let read = zip(outcome.positions.map { crops[$0] }, outcome.probabilities)
        if vote == .none {
            let results = read.map { crop, probabilities in
                NumberResult(
                    path: crop.path, player: nil, crops: nil, legible: nil,
                    reading: NumberReading(
                        probabilities: probabilities, threshold: threshold, candidates: count))
            }
            try output.print(results, text: results.map(\.line).joined(separator: "\n"))
            return
        }
        var order: [String] = []
        var players: [String: [[Double]]] = [:]
        for (crop, probabilities) in read {
            if players[crop.player] == nil { order.append(crop.player) }
            players[crop.player, default: []].append(probabilities)
        }
        let results = order.map { player in
            let own = players[player] ?? []
            let vote = NumberVote.combined(own)
            return NumberResult(
                path: nil, player: player, crops: own.count, legible: vote.legible,
                reading: NumberReading(
                    probabilities: vote.probabilities, threshold: threshold, candidates: count))
        }
        try output.print(results, text: results.map(\.line).joined(separator: "\n"))
    }

    /// A crop and who is on it, as far as voting needs to know.
    private struct Crop {
        let path: String
        let source: ByteSource
        let player: String
    }

    private func gather() throws -> [Crop] {
        if vote == .identity {
            return try Dataset(path: paths[0]).images.filter(\.isLabelled).map {
                Crop(path: $0.path, source: $0.source, player: $0.identity)
            }
        }
        let (images, skipped) = try ImageListing.gather(paths)
        guard !images.isEmpty else {
            throw ReIdentError.noImages(place: paths.joined(separator: ", "), skipped: skipped)
        }
        return images.map { path in
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            return Crop(path: path, source: .file(path), player: folder)
        }
    }

    /// From which probability on a number is given.
    private func threshold(_ reader: NumberReader) throws -> Double {
        guard let calibration = reader.calibration else {
            if atPrecision != nil {
                throw ReIdentError.notCalibrated(
                    package: model.path, hasOther: reader.package.settings.numberReading != nil)
            }
            output.warn(
                "confidences are not calibrated for this package and its sentences. Run "
                    + "`reident score-numbers DATASET --model \(model.path) --calibrate`.")
            return 0
        }
        guard let atPrecision else { return 0 }
        guard let threshold = calibration.threshold(forPrecision: atPrecision) else {
            throw ReIdentError.precisionOutOfReach(
                package: model.path, wished: atPrecision, best: calibration.bestPrecision)
        }
        return threshold
    }
}

/// What was read from one crop or for one player.
private struct NumberResult: Encodable {
    let path: String?
    let player: String?
    let crops: Int?
    let legible: Int?
    let reading: NumberReading

    enum CodingKeys: String, CodingKey {
        case path, player, crops, legible, number, decision, confidence, visibility, candidates
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(path, forKey: .path)
        try container.encodeIfPresent(player, forKey: .player)
        try container.encodeIfPresent(crops, forKey: .crops)
        try container.encodeIfPresent(legible, forKey: .legible)
        // null where none was read: scripts find the key in any case.
        try container.encode(reading.number, forKey: .number)
        try container.encode(reading.decision, forKey: .decision)
        try container.encode(reading.confidence, forKey: .confidence)
        try container.encode(reading.visibility, forKey: .visibility)
        try container.encode(reading.candidates, forKey: .candidates)
    }

    var line: String {
        let answer = reading.number ?? reading.decision.rawValue
        let padding = String(repeating: " ", count: max(0, 9 - answer.count))
        let confidence = String(format: "%5.1f %%", 100 * reading.confidence)
        var line = "\(answer)\(padding)  \(confidence)"
        line += "  " + (path ?? player ?? "")
        if let crops, let legible { line += "  (legible: \(legible) of \(crops))" }
        return line
    }
}
