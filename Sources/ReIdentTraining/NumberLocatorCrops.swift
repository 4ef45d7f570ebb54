// Crops that a locator of numbers learns from, as thumbnails in memory.
//
// SPDX-License-Identifier: MIT

public import ReIdentCLIP
public import ReIdentData
import ReIdentFoundation
import ReIdentImages

/// Crops of which it is known where the number is.
public struct NumberLocatorCrops: Sendable {
    struct Crop: Sendable {
        let player: String
        let thumbnail: [UInt8]
        let width: Int
        let height: Int
        let truth: NumberBox

        /// What an error of one is worth: middles count in longer sides of the number, logarithms
        /// of sizes half.
        var weights: [Float] {
            let side = max(truth.width * Double(width), truth.height * Double(height))
            return [Float(Double(width) / side), Float(Double(height) / side), 0.5, 0.5]
        }
    }

    let crops: [Crop]

    /// How many crops there are.
    public var count: Int { crops.count }

    init(crops: [Crop]) { self.crops = crops }

    /// Decodes the crops whose manifest says where the number is.
    ///
    /// - Parameters:
    ///   - images: Images of any kind; the others are left out.
    ///   - dataset: What messages call them.
    ///   - progress: Is told how many are done, and of how many.
    /// - Throws: `TrainingError.noNumberBoxes` or `.numberBoxOutside`, `ImageError` of the first
    ///   bad image, or `CancellationError`.
    public init(
        _ images: [PlayerImage], dataset: String,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws {
        let known = images.filter { $0.numberBox != nil }
        guard !known.isEmpty else { throw TrainingError.noNumberBoxes(dataset: dataset) }
        var crops: [Crop] = []
        for start in stride(from: 0, to: known.count, by: 512) {
            try Task.checkCancellation()
            let part = known[start..<min(known.count, start + 512)]
            let seen = ImageSource.seen(part.map { ImageSource($0.source) }) { picture in
                (picture.thumbnail(side: NumberLocator.side), picture.width, picture.height)
            }
            for (image, result) in zip(part, seen) {
                let (thumbnail, width, height) = try result.get()
                guard let area = image.numberBox else { continue }
                let (columns, rows) = (Double(width), Double(height))
                let truth = NumberBox(
                    centerX: (area.left + area.width / 2) / columns,
                    centerY: (area.top + area.height / 2) / rows, width: area.width / columns,
                    height: area.height / rows)
                guard (0...1).contains(truth.centerX), (0...1).contains(truth.centerY) else {
                    throw TrainingError.numberBoxOutside(
                        image: image.description, left: area.left, top: area.top, width: width,
                        height: height)
                }
                crops.append(
                    Crop(
                        player: image.identity, thumbnail: thumbnail, width: width,
                        height: height, truth: truth))
            }
            progress(crops.count, known.count)
        }
        self.crops = crops
    }

    /// How well a locator finds their numbers.
    public func score(of locator: NumberLocator) -> NumberLocatorScore {
        NumberLocatorScore(
            crops.map { crop in
                .init(
                    truth: crop.truth, found: locator.box(onThumbnail: crop.thumbnail),
                    width: crop.width, height: crop.height)
            })
    }

    /// Some players' crops, and the other players'.
    func parted(share: Double, seed: UInt64) -> (Self, Self) {
        var generator = SeededGenerator(seed: seed, stream: 0x7061_7274)
        let players = generator.shuffled(Set(crops.map(\.player)).sorted())
        let chosen = Set(players.prefix(Int((share * Double(players.count)).rounded())))
        return (
            Self(crops: crops.filter { chosen.contains($0.player) }),
            Self(crops: crops.filter { !chosen.contains($0.player) })
        )
    }
}
