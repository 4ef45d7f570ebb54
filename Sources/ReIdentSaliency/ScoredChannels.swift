// How many of a layer's channels are scored by passes through the encoder; the others' scores are
// predicted from theirs.
//
// SPDX-License-Identifier: MIT

/// Which channels of a map are scored.
public enum ScoredChannels: Sendable, Equatable {
    /// Each by itself: the plain map.
    case all
    /// Of so many groups of alike ones, at least one, one each.
    case groups(Int)
    /// A first share of them, and then the strongest others, half as many at a time, until the map
    /// is predicted to correlate so well with the plain one.
    ///
    /// Maps differ in how many they need: some are settled by the first, in others what speaks for
    /// a crop nearly cancels out. What the scored channels tell of their own predicted scores
    /// tells one from the other.
    ///
    /// - Parameters:
    ///   - first: The share of the channels that is scored in any case, above 0 and at most 1.
    ///   - most: The share that is never exceeded, at least `first`.
    ///   - correlation: The predicted correlation that suffices, 0...1.
    case needed(first: Double, most: Double = 1, correlation: Double)

    /// Of the channels' number so many are scored at first.
    func first(of channels: Int) -> Int {
        switch self {
        case .all: channels
        case .groups(let count): min(max(1, count), channels)
        case .needed(let first, _, _): Self.part(first, of: channels)
        }
    }

    /// So many more are scored where a map of the known ones is predicted to correlate so well.
    func more(of channels: Int, known: Int, correlation: Double) -> Int {
        guard case .needed(let first, let most, let enough) = self, correlation < enough else {
            return 0
        }
        return max(
            0, min(Self.part(most, of: channels) - known, Self.part(first / 2, of: channels)))
    }

    private static func part(_ share: Double, of channels: Int) -> Int {
        min(max(1, Int((Double(channels) * share).rounded())), channels)
    }
}
