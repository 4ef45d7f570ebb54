// `reident crop`: players cut out of frames by boxes that a tracker, a detector or a person made.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdent
import ReIdentData
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages

/// Cuts crops out of frames.
struct CropCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crop",
        abstract: "Cuts players out of frames by their boxes: a data set of crops.",
        discussion: """
            Boxes are MOT text, COCO JSON, YOLO text (a folder of files, or one) or a CSV table \
            (path or frame, left, top, width, height; identity, camera, number, class, \
            confidence); their contents decide. Crops with a track or player become the chosen \
            part, crops of nobody the challenge part's gallery. The result holds a manifest.csv, \
            and every command takes it as a data set.
            """)

    @Argument(help: "The folder of the frames, or one frame.")
    var frames: String

    @Option(help: "The file of boxes, or a folder of YOLO's text files.")
    var boxes: String

    @Option(help: "The data set to write: a folder.")
    var out: String

    @Option(help: "What is added to a box on each side, as a share of its size.")
    var margin = 0.05

    @Option(help: "Rows of a box that must lie in the frame, in pixels.")
    var minimumHeight = 32

    @Option(help: "Only boxes with at least this confidence; those without one are taken.")
    var minimumConfidence: Double?

    @Option(
        name: .customLong("class"), parsing: .singleValue,
        help: "Only boxes of this class, by its name or number; may be repeated.")
    var classes: [String] = []

    @Option(help: "The part of crops whose player is known.")
    var split = Split.test

    @Flag(help: "Leave out frames that cannot be read; they are listed.")
    var skipBad = false

    @OptionGroup var force: ForceOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard margin.isFinite, (0...10).contains(margin) else {
            throw ValidationError("--margin is \(margin); it must be 0 to 10.")
        }
        try requireRange("--minimum-height", minimumHeight, 1...1_000_000)
    }

    func run() async throws {
        let listing = try FrameListing(path: frames)
        let file = try BoxFile.read(boxes)
        let chosen = try chosenBoxes(of: file)
        let folder = try OutputFolder(
            path: out, force: force.isGiven, replacingOnlyWith: [ManifestWriter.fileName])
        output.note("\(chosen.count) boxes in \(file.format.rawValue).")
        var cropper = FrameCropper()
        cropper.rule = CropRule(margin: margin, minimumHeight: minimumHeight)
        cropper.skipsBadFrames = skipBad
        let meter = output.meter("Cropping", unit: "frames")
        let outcome = try cropper.crop(
            chosen, sizes: file.sizes, from: listing, into: folder.files
        ) { meter.update($0, of: $1) }
        meter.finish()
        guard !outcome.crops.isEmpty else { throw nothingLeft(outcome, of: chosen.count) }
        for box in outcome.outside {
            output.warn("\(box.place): the box lies outside its frame (\(box.frame)).")
        }
        var manifest = ManifestWriter(.others)
        for crop in outcome.crops {
            let isKnown = crop.box.identity != nil
            manifest.add(
                path: crop.path, identity: crop.box.identity, camera: crop.box.camera,
                split: isKnown ? split : .challenge,
                role: isKnown && split != .challenge ? nil : .gallery, number: crop.box.number,
                others: crop.others)
        }
        try manifest.write(to: folder.files)
        try Task.checkCancellation()
        try folder.finish()
        let report = CropReport(
            outcome, file: file, boxes: chosen.count, skippedFiles: listing.skippedCount, out: out)
        try output.print(report, text: report.text)
    }

    /// The boxes that the options ask for.
    private func chosenBoxes(of file: BoxFile) throws -> [FrameBox] {
        let chosen = file.boxes.filter(isChosen)
        guard chosen.isEmpty else { return chosen }
        guard !file.boxes.isEmpty else {
            throw DataError(
                kind: .badData,
                "\(file.path): has no boxes"
                    + (file.ignored > 0 ? " but \(file.ignored) marked as not to be used." : "."))
        }
        let found = Set(file.boxes.compactMap(\.category)).sorted()
        throw DataError(
            kind: .badData,
            "\(file.path): none of its \(file.boxes.count) boxes is of the class and confidence "
                + "asked for. Its classes: "
                + (found.isEmpty ? "none." : "\(found.prefix(10).joined(separator: ", "))."))
    }

    /// A box without a confidence is as sure as any.
    private func isChosen(_ box: FrameBox) -> Bool {
        if let least = minimumConfidence, let confidence = box.confidence, confidence < least {
            return false
        }
        guard !classes.isEmpty else { return true }
        guard let category = box.category else { return false }
        return classes.contains(category)
    }

    private func nothingLeft(_ outcome: FrameCropper.Outcome, of count: Int) -> DataError {
        var parts: [String] = []
        if !outcome.outside.isEmpty { parts.append("\(outcome.outside.count) outside their frame") }
        if outcome.tooSmall > 0 {
            parts.append("\(outcome.tooSmall) with fewer than \(minimumHeight) rows in it")
        }
        if let first = outcome.badFrames.first {
            parts.append(
                "the others in \(outcome.badFrames.count) frames that cannot be read, the first: "
                    + first.error.description)
        }
        return DataError(
            kind: .badData,
            "\(boxes): none of the \(count) boxes gives a crop: \(parts.joined(separator: ", "))"
                + (outcome.badFrames.isEmpty ? ". Do frames and boxes belong together?" : ""))
    }
}

/// What was cut out.
private struct CropReport: Encodable {
    struct Outside: Encodable {
        let frame: String
        let place: String
        let box: [Double]
    }

    struct BadImage: Encodable {
        let path: String
        let reason: String
    }

    let crops: Int
    let identities: Int
    let unlabelled: Int
    let frames: Int
    let boxes: Int
    let format: String
    let ignored: Int
    let outside: [Outside]
    let tooSmall: Int
    let badImages: [BadImage]
    let skippedFiles: Int
    let out: String

    enum CodingKeys: String, CodingKey {
        case crops, identities, unlabelled, frames, boxes, format, ignored, outside, out
        case tooSmall = "too_small"
        case badImages = "bad_images"
        case skippedFiles = "skipped_files"
    }

    init(
        _ outcome: FrameCropper.Outcome, file: BoxFile, boxes: Int, skippedFiles: Int, out: String
    ) {
        crops = outcome.crops.count
        identities = Set(outcome.crops.compactMap(\.box.identity)).count
        unlabelled = outcome.crops.count { $0.box.identity == nil }
        frames = outcome.frameCount
        self.boxes = boxes
        format = file.format.rawValue
        ignored = file.ignored
        outside = outcome.outside.map { box in
            let area = box.area
            return Outside(
                frame: "\(box.frame)".replacing("'", with: ""), place: box.place,
                box: [area.left, area.top, area.width, area.height])
        }
        tooSmall = outcome.tooSmall
        badImages = outcome.badFrames.map {
            BadImage(path: $0.path, reason: $0.error.description)
        }
        self.skippedFiles = skippedFiles
        self.out = out
    }

    var text: String {
        var lines = [
            "Crops: \(crops) of \(boxes) boxes, frames: \(frames), in \(out)",
            "Players or tracks: \(identities)"
                + (unlabelled > 0 ? ", crops of nobody in particular: \(unlabelled)" : ""),
        ]
        if ignored > 0 { lines.append("Boxes marked as not to be used: \(ignored)") }
        if tooSmall > 0 { lines.append("Boxes too small: \(tooSmall)") }
        if !outside.isEmpty { lines.append("Boxes outside their frame: \(outside.count)") }
        if !badImages.isEmpty {
            lines.append("Frames that could not be read: \(badImages.count)")
            lines += badImages.map { "  \($0.reason)" }
        }
        return lines.joined(separator: "\n")
    }
}
