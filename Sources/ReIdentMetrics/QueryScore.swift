// How well one query was answered: ranks of its matches, average precision and CMC shares.
// Rules of KonradHabel/clip_reid@1a935d6, clipreid/metrics.py, and of scikit-learn's
// average_precision_score; mINP after Ye et al., "Deep Learning for Person Re-Identification: A
// Survey and Outlook", TPAMI 2021.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// The figures of one query.
public struct QueryScore: Sendable, Equatable {
    /// Average precision: precision at each match, averaged; equal distances count as one step.
    public let averagePrecision: Double

    /// Matches divided by the rank of the hardest one; 1 when all matches come first.
    public let inverseNegativePenalty: Double

    /// Rank of the first match, counted from 1.
    public let firstMatchRank: Int

    /// Share of the matches found by each rank when other matches are not in the way.
    let allShots: [Double]

    /// Share of the random single-image galleries whose match is found by each rank.
    let singleShot: [Double]
}

/// Ranks one row of a distance matrix.
///
/// Ties: ranks (CMC, mINP) follow the gallery's order among equal distances, as a stable sort does;
/// average precision takes equal distances as one step.
struct QueryRanking {
    let labels: RetrievalLabels
    let ranks: [Int]
    let singleShotDraws: Int
    let seed: UInt64

    /// The figures of one query, or `nil` if no match is left in its gallery.
    func score(query: Int, row: UnsafeBufferPointer<Float>) -> QueryScore? {
        let matches = matches(of: query, row: row)
        guard let hardest = matches.last else { return nil }
        let (ranksOfMatches, countsWithin) = positions(
            of: matches, query: query, row: row, farthest: hardest.distance)

        var precision = 0.0
        var groupStart = 0
        for position in matches.indices {
            let next = position + 1
            let groupEnds =
                next == matches.count || matches[next].distance != matches[position].distance
            guard groupEnds else { continue }
            precision += Double(next - groupStart) * Double(next) / Double(countsWithin[position])
            groupStart = next
        }
        let others = ranksOfMatches.enumerated().map { $1 - $0 }
        return QueryScore(
            averagePrecision: precision / Double(matches.count),
            inverseNegativePenalty: Double(matches.count)
                / Double(ranksOfMatches[matches.count - 1] + 1),
            firstMatchRank: ranksOfMatches[0] + 1,
            allShots: ranks.map { rank in
                Double(others.count { $0 < rank }) / Double(matches.count)
            },
            singleShot: singleShot(query: query, row: row))
    }

    /// The query's matches, nearest first.
    private func matches(of query: Int, row: UnsafeBufferPointer<Float>) -> [Neighbour] {
        guard let group = labels.groupOfIdentity[labels.queryIdentities[query]] else { return [] }
        return labels.images(ofGroup: group)
            .map { Int(labels.groupedGallery[$0]) }
            .filter { !labels.shareCamera(query: query, gallery: $0) }
            .map { Neighbour(distance: row[$0], index: $0) }
            .sorted()
    }

    /// For each match, how many images of the query's gallery come before it, and how many lie at
    /// its distance or nearer.
    ///
    /// Counting instead of sorting: one pass over the row, a search among the few matches each.
    private func positions(
        of matches: [Neighbour], query: Int, row: UnsafeBufferPointer<Float>, farthest: Float
    ) -> (before: ArraySlice<Int>, within: ArraySlice<Int>) {
        var before = [Int](repeating: 0, count: matches.count + 1)
        var within = before
        let identity = labels.queryIdentities[query]
        for index in row.indices {
            let distance = row[index]
            guard distance <= farthest else { continue }
            if labels.galleryIdentities[index] == identity,
                labels.shareCamera(query: query, gallery: index)
            {
                continue
            }
            var low = 0
            var high = matches.count
            while low < high {
                let middle = (low + high) / 2
                if matches[middle].distance < distance { low = middle + 1 } else { high = middle }
            }
            within[low] += 1
            let image = Neighbour(distance: distance, index: index)
            while low < matches.count, !(image < matches[low]) { low += 1 }
            before[low] += 1
        }
        for position in 1..<before.count {
            before[position] += before[position - 1]
            within[position] += within[position - 1]
        }
        // The last counts are of images beyond the hardest match.
        return (before.dropLast(), within.dropLast())
    }

    /// CMC against galleries of one random image a player, images of the query's camera left out.
    private func singleShot(query: Int, row: UnsafeBufferPointer<Float>) -> [Double] {
        var found = [Int](repeating: 0, count: ranks.count)
        guard let own = labels.groupOfIdentity[labels.queryIdentities[query]] else { return [] }
        var generator = SeededGenerator(seed: seed, stream: UInt64(query))
        func randomImage(of images: EligibleImages) -> Neighbour {
            var position = images.all.lowerBound + generator.integer(below: images.count)
            if position >= images.skipped.lowerBound { position += images.skipped.count }
            let index = Int(labels.groupedGallery[position])
            return Neighbour(distance: row[index], index: index)
        }
        let matches = eligibleImages(ofGroup: own, query: query)
        let others = (0..<labels.groupStarts.count - 1).filter { $0 != own }
            .map { eligibleImages(ofGroup: $0, query: query) }.filter { $0.count > 0 }
        for _ in 0..<singleShotDraws {
            let match = randomImage(of: matches)
            let before = others.count { randomImage(of: $0) < match }
            for (position, rank) in ranks.enumerated() where before < rank { found[position] += 1 }
        }
        return found.map { Double($0) / Double(singleShotDraws) }
    }

    /// The images of one player that the query's camera did not film: all but a stretch.
    private func eligibleImages(ofGroup group: Int, query: Int) -> EligibleImages {
        let all = labels.images(ofGroup: group)
        guard !labels.queryCameras.isEmpty else {
            return EligibleImages(all: all, skipped: all.upperBound..<all.upperBound)
        }
        let camera = labels.queryCameras[query]
        func firstImage(where isPast: (Int32) -> Bool) -> Int {
            var low = all.lowerBound
            var high = all.upperBound
            while low < high {
                let middle = (low + high) / 2
                let found = labels.galleryCameras[Int(labels.groupedGallery[middle])]
                if isPast(found) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        let skipped = firstImage { $0 >= camera }..<firstImage { $0 > camera }
        return EligibleImages(all: all, skipped: skipped)
    }

    /// Positions of one player's images in the grouped gallery, all but a stretch.
    private struct EligibleImages {
        let all: Range<Int>
        let skipped: Range<Int>
        var count: Int { all.count - skipped.count }
    }
}

/// A gallery image at some distance, ordered by distance, then by its place in the gallery.
struct Neighbour: Comparable {
    var distance: Float
    var index: Int

    static func < (first: Neighbour, second: Neighbour) -> Bool {
        first.distance < second.distance
            || (first.distance == second.distance && first.index < second.index)
    }
}
