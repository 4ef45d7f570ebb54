// A rendered league as files: crops, masks and what tells readers who is on them.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentData
import ReIdentFiles
import ReIdentFoundation
import ReIdentImages
import ReIdentRendering
import Synchronization

/// How the files of a rendered data set lie.
enum SynthesizedLayout: String, CaseIterable, Sendable {
    /// A folder a part, and a manifest.csv that says everything that is known.
    case manifest
    /// The folders and names of SynergyReID.
    case synergyreid

    /// Names of which a folder that may be replaced holds one.
    static let marks = [
        ManifestWriter.fileName, "reid_training", "reid_test", "reid_challenge",
    ]

    /// Where a picture's crop lies, without the ending.
    func stem(of picture: League.Picture, _ member: League.Member) -> String {
        switch self {
        case .manifest:
            return String(
                format: "%@/%04d_c%d_%03d", member.part.rawValue, member.identity,
                picture.camera + 1, picture.index)
        case .synergyreid:
            let role = picture.isQuery ? "query" : "gallery"
            let folder =
                switch member.part {
                case .train: "reid_training"
                case .test: "reid_test/\(role)"
                case .challenge: "reid_challenge/\(role)"
                }
            return "\(folder)/\(member.identity)_\(picture.game)_\(picture.frame)"
        }
    }
}

/// Renders a league into files, on all cores.
struct SynthesizedDataset {
    /// What is known of a crop that was written.
    struct Crop: Sendable {
        let path: String
        let number: String?
        let caption: String
        let others: Double
        let numberBox: PixelRectangle?
    }

    let league: League
    let layout: SynthesizedLayout
    let hasMasks: Bool

    /// Writes everything.
    ///
    /// - Parameters:
    ///   - files: The folder being filled.
    ///   - progress: Called with how many pictures are done, and of how many.
    /// - Returns: The crops in the order of the league's pictures.
    /// - Throws: `FileError` of kind `cannotWrite`; `ImageError` when memory is exhausted;
    ///   `CancellationError`.
    func write(
        to files: StagedFiles, progress: (_ done: Int, _ total: Int) -> Void
    ) throws -> [Crop] {
        let pictures = league.pictures
        var crops: [Crop] = []
        crops.reserveCapacity(pictures.count)
        // Enough for each core that waiting for the last one costs little, and few enough that
        // Ctrl-C is heard soon.
        let step = 16 * ProcessInfo.processInfo.activeProcessorCount
        for start in stride(from: 0, to: pictures.count, by: step) {
            try Task.checkCancellation()
            let part = pictures[start..<min(pictures.count, start + step)]
            let results = Mutex([Result<Crop, any Error>?](repeating: nil, count: part.count))
            parallelForEach(count: part.count) { index in
                let result = Result { try self.write(part[start + index], to: files) }
                results.withLock { $0[index] = result }
            }
            for result in results.withLock({ $0 }) {
                if let crop = try result?.get() { crops.append(crop) }
            }
            progress(crops.count, pictures.count)
        }
        if layout == .manifest { try writeManifest(of: crops, pictures, to: files) }
        return crops
    }

    private func write(_ picture: League.Picture, to files: StagedFiles) throws -> Crop {
        let crop = try league.render(picture)
        let stem = layout.stem(of: picture, league.members[picture.member])
        try files.write(try crop.jpeg(), to: stem + ".jpeg")
        if hasMasks {
            let masks = crop.masks
            for (name, mask) in [
                ("number", masks.number), ("shirt", masks.shirt), ("body", masks.body),
                ("others", masks.others),
            ] {
                try files.write(
                    try ImageEncoder.png(masks.image(mask)), to: "masks/\(stem)_\(name).png")
            }
        }
        return Crop(
            path: stem + ".jpeg", number: crop.readableNumber?.text, caption: crop.caption,
            others: crop.masks.othersShare, numberBox: crop.masks.numberBox)
    }

    private func writeManifest(
        of crops: [Crop], _ pictures: [League.Picture], to files: StagedFiles
    ) throws(FileError) {
        var manifest = ManifestWriter(.caption, .others, .numberBox)
        for (crop, picture) in zip(crops, pictures) {
            let member = league.members[picture.member]
            let split: Split =
                switch member.part {
                case .train: .train
                case .test: .test
                case .challenge: .challenge
                }
            manifest.add(
                // Players of two seeds are not the same.
                path: crop.path, identity: "\(league.settings.seed)-\(member.identity)",
                // Of one camera alone, the rule that a query's own camera does not count would
                // leave out every query.
                camera: league.cameras.count > 1 ? "\(picture.camera + 1)" : nil, split: split,
                role: split == .train ? nil : picture.isQuery ? .query : .gallery,
                number: crop.number, caption: crop.caption, others: crop.others,
                numberBox: crop.numberBox.map {
                    FrameBox.Area(
                        left: Double($0.left), top: Double($0.top), width: Double($0.width),
                        height: Double($0.height))
                })
        }
        try manifest.write(to: files)
    }
}
