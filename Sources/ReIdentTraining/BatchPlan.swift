// Which images each batch of an epoch holds: pairs drawn by a sampler or listed in a file, or
// images with their captions in random order.
//
// SPDX-License-Identifier: MIT

import ReIdentData
import ReIdentFoundation

/// Where the batches of an epoch come from.
enum BatchPlan {
    /// Pairs, drawn anew for every epoch.
    case sampled(any PairSampler)
    /// Pairs, the same in every epoch, as listed.
    case listed([[ImagePair]])
    /// Images, shuffled anew for every epoch.
    case shuffled(ShuffledBatches)

    /// How many images belong together: a pair is mirrored as one.
    var imagesPerItem: Int {
        if case .shuffled = self { return 1 }
        return 2
    }

    /// Whether images may be mirrored: listed ones are taken as they are.
    var allowsFlips: Bool {
        if case .listed = self { return false }
        return true
    }

    /// The source of chance of the next epoch; nil if nothing is left to chance.
    var generator: SeededGenerator? {
        get {
            switch self {
            case .sampled(let sampler): sampler.generator
            case .listed: nil
            case .shuffled(let batches): batches.generator
            }
        }
        set {
            guard let newValue else { return }
            switch self {
            case .sampled(var sampler):
                sampler.generator = newValue
                self = .sampled(sampler)
            case .listed: break
            case .shuffled(var batches):
                batches.generator = newValue
                self = .shuffled(batches)
            }
        }
    }

    /// The batches of the next epoch, as places of images: of pairs the queries, then the gallery.
    mutating func nextEpoch() throws(DataError) -> [[Int]] {
        switch self {
        case .listed(let batches): return batches.map(Self.images)
        case .sampled(var sampler):
            let batches = try sampler.epoch()
            self = .sampled(sampler)
            return batches.map(Self.images)
        case .shuffled(var batches):
            let epoch = batches.epoch()
            self = .shuffled(batches)
            return epoch
        }
    }

    private static func images(of pairs: [ImagePair]) -> [Int] {
        pairs.map(\.query) + pairs.map(\.gallery)
    }
}

/// Full batches of images in random order; what is left over waits for the next epoch.
struct ShuffledBatches: Sendable {
    /// Images that there are.
    let imageCount: Int
    /// Images in a batch.
    let batchSize: Int
    /// All that changes between two epochs.
    var generator: SeededGenerator

    /// Draws one epoch.
    mutating func epoch() -> [[Int]] {
        let order = generator.shuffled(Array(0..<imageCount))
        return (0..<imageCount / batchSize).map { batch in
            Array(order[batch * batchSize..<(batch + 1) * batchSize])
        }
    }
}
