// Which captioned images a pretraining learns from, and which it is measured on.
//
// SPDX-License-Identifier: MIT

import ReIdentData
import ReIdentFoundation

/// The images of a pretraining; all of them have captions.
struct CaptionedSplit {
    let training: [PlayerImage]
    let validation: [PlayerImage]
    /// Images of the training part that have no caption.
    let skipped: Int
}

extension Pretraining {
    /// Sorts out images without captions and keeps some players aside.
    ///
    /// - Throws: `TrainingError.noCaptions` or `.invalidOption`.
    func captionedSplit() throws(TrainingError) -> CaptionedSplit {
        let images = dataset.train.filter(\.hasCaption)
        guard !images.isEmpty else { throw .noCaptions(dataset: dataset.root) }
        var aside: Set<String> = []
        var validation: [PlayerImage] = []
        switch self.validation {
        case .none: break
        case .testPart: validation = dataset.images(in: .test).filter(\.hasCaption)
        case .automatic: aside = keptAside(share: 0.1, of: images, isWish: false)
        case .share(let share):
            guard (0..<1).contains(share) else {
                throw .invalidOption(
                    option: "--validation", expected: "a share from 0 to below 1, or `test`")
            }
            aside = keptAside(share: share, of: images, isWish: share > 0)
        }
        if !aside.isEmpty { validation = images.filter { aside.contains($0.identity) } }
        return CaptionedSplit(
            training: images.filter { !aside.contains($0.identity) }, validation: validation,
            skipped: dataset.train.count - images.count)
    }

    /// Some players by the seed; none if too few images would be left for a batch, unless they were
    /// asked for.
    private func keptAside(
        share: Double, of images: [PlayerImage], isWish: Bool
    ) -> Set<String> {
        let players = Set(images.map(\.identity)).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        let wanted = Int((share * Double(players.count)).rounded())
        let count = min(isWish ? max(1, wanted) : wanted, players.count - 1)
        guard count >= 1 else { return [] }
        var generator = SeededGenerator(seed: options.seed)
        let drawn = Set(generator.shuffled(players).prefix(count))
        let left = images.count { !drawn.contains($0.identity) }
        return isWish || left >= options.batchSize ? drawn : []
    }
}
