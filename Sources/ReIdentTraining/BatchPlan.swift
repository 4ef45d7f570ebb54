// Which pairs each batch of an epoch holds: drawn by a sampler, or listed in a file.
//
// SPDX-License-Identifier: MIT

import ReIdentData
import ReIdentFoundation

/// Where the batches of an epoch come from.
enum BatchPlan {
    /// Drawn anew for every epoch.
    case sampled(any PairSampler)
    /// The same in every epoch, as listed.
    case listed([[ImagePair]])

    /// Whether pairs may be mirrored: listed ones are taken as they are.
    var allowsFlips: Bool {
        if case .sampled = self { return true }
        return false
    }

    /// The source of chance of the next epoch; nil if nothing is left to chance.
    var generator: SeededGenerator? {
        get {
            guard case .sampled(let sampler) = self else { return nil }
            return sampler.generator
        }
        set {
            guard case .sampled(var sampler) = self, let newValue else { return }
            sampler.generator = newValue
            self = .sampled(sampler)
        }
    }

    /// The batches of the next epoch.
    mutating func nextEpoch() throws(DataError) -> [[ImagePair]] {
        switch self {
        case .listed(let batches): return batches
        case .sampled(var sampler):
            let batches = try sampler.epoch()
            self = .sampled(sampler)
            return batches
        }
    }
}
