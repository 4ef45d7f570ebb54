// Searches for players of whom only some are in the gallery: what the best match of each probe is.
// Terms as in ISO/IEC 19795-1 and Grother et al., Face Recognition Vendor Test, part 2:
// identification, 2019 (FPIR, FNIR).
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Best matches of probes whose player is in the gallery (mated) or is not (non-mated).
public struct OpenSetTrials: Sendable {
    /// One search.
    public struct Probe: Sendable, Equatable {
        /// Number of the probe's player, from 0.
        public let player: Int32
        /// Whether the player is in the gallery.
        public let isMated: Bool
        /// Similarity of the best match.
        public let best: Float
        /// Whether the best match shows the player.
        public let isRight: Bool
        /// Similarity of the player's best crop in the gallery; below -1 where there is none.
        public let own: Float
    }

    /// The searches of all rounds.
    public let probes: [Probe]
    /// How many players a gallery held.
    public let players: Int
    /// How many times players were drawn anew.
    public let rounds: Int
    /// How many crops there are, over which the probes of all rounds are spread.
    public let crops: Int

    /// Draws galleries and searches them.
    ///
    /// In each round half of the players who have two crops are enrolled, each with half of their
    /// crops; their other crops and all crops of the other players are probes. A player's crops by
    /// the probe's camera are left out, as in Market-1501's protocol.
    ///
    /// - Parameters:
    ///   - embeddings: `[N, D]`, unit length.
    ///   - identities: The player on each; count N.
    ///   - cameras: The camera of each, or nil when cameras are not known; count N.
    ///   - rounds: How many times players are drawn.
    ///   - seed: Decides the draws.
    /// - Throws: `MetricsError`: `tooFewPairs` if fewer than four players have two crops,
    ///   `cancelled`.
    public init(
        _ embeddings: EmbeddingMatrix, identities: [String], cameras: [String?]? = nil,
        rounds: Int = 10, seed: UInt64 = 1
    ) throws(MetricsError) {
        let crops = NumberedCrops(identities: identities, cameras: cameras)
        let enrollable = crops.rowsOfPlayer.indices.filter { crops.rowsOfPlayer[$0].count > 1 }
        guard enrollable.count >= 4 else {
            throw .tooFewPairs(
                genuine: enrollable.count, impostor: 0, players: crops.rowsOfPlayer.count)
        }
        var generator = SeededGenerator(seed: seed, stream: 0x09E5)
        let drawn = (0..<rounds).map { _ in Round(crops, enrollable, &generator) }
        let distances = try EmbeddingDistances(queries: embeddings, gallery: embeddings)
        var probes: [Probe] = []
        for start in stride(from: 0, to: embeddings.count, by: distances.rowsPerBlock) {
            try checkCancellation()
            let rows = start..<min(start + distances.rowsPerBlock, embeddings.count)
            try distances.withRows(rows) { values throws(MetricsError) in
                for row in rows {
                    let begin = (row - start) * embeddings.count
                    let own = UnsafeBufferPointer(
                        rebasing: values[begin..<begin + embeddings.count])
                    for round in drawn {
                        if let probe = round.probe(row, crops, distances: own) {
                            probes.append(probe)
                        }
                    }
                }
            }
        }
        self.probes = probes
        (players, self.rounds, self.crops) = (enrollable.count / 2, rounds, embeddings.count)
    }

    /// One drawing of a gallery.
    private struct Round {
        /// Whether each player is in it.
        let isEnrolled: [Bool]
        /// Whether each crop is.
        let isInGallery: [Bool]
        /// Rows of the crops that are.
        let gallery: [Int]

        init(
            _ crops: NumberedCrops, _ enrollable: [Int], _ generator: inout SeededGenerator
        ) {
            var isEnrolled = [Bool](repeating: false, count: crops.rowsOfPlayer.count)
            var isInGallery = [Bool](repeating: false, count: crops.players.count)
            var gallery: [Int] = []
            for player in generator.shuffled(enrollable).prefix(enrollable.count / 2) {
                isEnrolled[player] = true
                let rows = generator.shuffled(crops.rowsOfPlayer[player])
                for row in rows.prefix(rows.count / 2) {
                    isInGallery[row] = true
                    gallery.append(row)
                }
            }
            (self.isEnrolled, self.isInGallery) = (isEnrolled, isInGallery)
            self.gallery = gallery.sorted()
        }

        /// The search for a crop; nil if it is in the gallery, or if nothing but crops by its own
        /// camera shows its player there.
        func probe(
            _ row: Int, _ crops: NumberedCrops, distances: UnsafeBufferPointer<Float>
        ) -> Probe? {
            guard !isInGallery[row] else { return nil }
            let player = crops.players[row]
            var (nearest, nearestOwn) = (Float.infinity, Float.infinity)
            for column in gallery {
                if crops.players[column] == player {
                    guard !crops.isSameCamera(row, column) else { continue }
                    nearestOwn = min(nearestOwn, distances[column])
                } else {
                    nearest = min(nearest, distances[column])
                }
            }
            let isMated = isEnrolled[Int(player)]
            guard !isMated || nearestOwn < .infinity else { return nil }
            let isRight = isMated && nearestOwn <= nearest
            return Probe(
                player: player, isMated: isMated, best: 1 - min(nearest, nearestOwn) / 2,
                isRight: isRight, own: isMated ? 1 - nearestOwn / 2 : -2)
        }
    }
}

extension OpenSetTrials {
    /// Share of non-mated probes for which somebody is found from a threshold on: FPIR.
    public func falsePositiveRate(at threshold: Double) -> Double {
        let others = probes.filter { !$0.isMated }
        guard !others.isEmpty else { return 0 }
        return Double(others.count { Double($0.best) >= threshold }) / Double(others.count)
    }

    /// Share of mated probes whose player is not the best match, or is below a threshold: FNIR at
    /// rank 1.
    public func falseNegativeRate(at threshold: Double) -> Double {
        let mated = probes.filter(\.isMated)
        guard !mated.isEmpty else { return 0 }
        let found = mated.count { $0.isRight && Double($0.best) >= threshold }
        return 1 - Double(found) / Double(mated.count)
    }

    /// The lowest threshold whose false positive identification rate is not above a wished one.
    ///
    /// - Parameter rate: 0...1.
    /// - Returns: nil where fewer than 30 different crops would be found wrongly, too few to know
    ///   such a rate.
    public func threshold(atFalsePositiveRate rate: Double) -> Double? {
        let best = probes.filter { !$0.isMated }.map(\.best).sorted(by: >)
        // In each round about the same crops search again: they are no further evidence.
        let known = Double(min(best.count, crops))
        guard Int((rate * known).rounded(.down)) >= VerificationCurve.fewestErrors else {
            return nil
        }
        let allowed = Int((rate * Double(best.count)).rounded(.down))
        guard allowed < best.count else { return best.last.map(Double.init) }
        return Double(best[allowed].nextUp)
    }

    /// The similarity that a share of the mated probes' own players do not reach.
    ///
    /// - Parameter share: 0...1.
    /// - Returns: nil without a mated probe.
    public func ownSimilarity(belowWhich share: Double) -> Double? {
        let own = probes.filter(\.isMated).map(\.own).sorted()
        guard !own.isEmpty else { return nil }
        return Double(own[min(own.count - 1, Int(share * Double(own.count)))])
    }

    /// Best matches by whether they were right: what the probability of a best match is fitted to.
    var bestMatches: SimilarityHistogram {
        let range = (probes.map(\.best).min() ?? 0)...(probes.map(\.best).max() ?? 1)
        var counted = SimilarityHistogram(
            range: Double(range.lowerBound)...Double(range.upperBound))
        for probe in probes { counted.add(probe.best, isGenuine: probe.isRight) }
        return counted
    }

    /// Share of best matches that are right.
    var rightShare: Double {
        Double(probes.count(where: \.isRight)) / Double(max(1, probes.count))
    }
}
