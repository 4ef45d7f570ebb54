// Which images are each other's neighbours, and the weights that describe an image by them.
// Zhong et al., "Re-ranking Person Re-identification with k-reciprocal Encoding", CVPR 2017,
// sections 3.2 to 3.4; details as in clip_reid@1a935d6, clipreid/rerank.py.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation

/// k-reciprocal neighbour sets over finished neighbour lists.
struct ReciprocalNeighbours {
    let lists: NeighbourLists
    let k1: Int

    /// For each image its expanded k-reciprocal set, image numbers rising.
    ///
    /// The set of the k1 + 1 nearest (the image itself counts) is joined by the half-size set of
    /// each member, if more than two thirds of that lie in the set already.
    func expandedSets() -> [[Int32]] {
        // Python's rounding of k1 / 2: half to even.
        let half = Int((Double(k1) / 2).rounded(.toNearestOrEven)) + 1
        let halfSets = parallelMap(count: lists.count) { reciprocal(of: $0, limit: half) }
        return parallelMap(count: lists.count) { image in
            let core = reciprocal(of: image, limit: k1 + 1)
            var members = core
            for candidate in core {
                let extra = halfSets[Int(candidate)]
                let shared = extra.count { core.contains($0) }
                guard Double(shared) > 2.0 / 3 * Double(extra.count) else { continue }
                members.append(contentsOf: extra)
            }
            members.sort()
            var distinct: [Int32] = []
            distinct.reserveCapacity(members.count)
            for member in members where member != distinct.last { distinct.append(member) }
            return distinct
        }
    }

    /// Neighbours that have the image among their own nearest, nearest first.
    private func reciprocal(of image: Int, limit: Int) -> [Int32] {
        let number = Int32(image)
        return lists.nearest(of: image, limit: limit).filter { neighbour in
            lists.nearest(of: Int(neighbour), limit: limit).contains(number)
        }
    }

    /// Turns the squared distances of each row into weights exp(-distance) that sum to 1.
    ///
    /// Distances are divided by the image's greatest one first.
    func weigh(_ pairs: inout SparseRows) {
        for row in 0..<pairs.count {
            let greatest = lists.greatestSquare(of: row)
            let scale = greatest > 0 ? greatest : 1  // all at distance 0: nothing to scale
            var sum: Float = 0
            for entry in pairs.range(ofRow: row) {
                let weight = exp(-(pairs.values[entry] / scale))
                pairs.values[entry] = weight
                sum += weight
            }
            for entry in pairs.range(ofRow: row) { pairs.values[entry] /= sum }
        }
    }

    /// Local query expansion: each image is described by the mean of its k2 nearest ones' weights.
    func expanded(_ weights: SparseRows, k2: Int) -> SparseRows {
        guard k2 != 1 else { return weights }
        let rowsPerPart = 128
        let parts = parallelMap(
            count: (weights.count + rowsPerPart - 1) / rowsPerPart, chunk: 1
        ) { part in
            var sums = [Float](repeating: 0, count: weights.count)
            var result = SparseRows.empty
            var touched: [Int32] = []
            for image in part * rowsPerPart..<min(weights.count, (part + 1) * rowsPerPart) {
                let nearest = lists.nearest(of: image, limit: k2)
                for neighbour in nearest {
                    for entry in weights.range(ofRow: Int(neighbour)) {
                        let column = weights.columns[entry]
                        if sums[Int(column)] == 0 { touched.append(column) }
                        sums[Int(column)] += weights.values[entry]
                    }
                }
                result.appendRow(
                    touched.map { ($0, sums[Int($0)] / Float(nearest.count)) })
                for column in touched { sums[Int(column)] = 0 }
                touched.removeAll(keepingCapacity: true)
            }
            return result
        }
        return SparseRows(concatenating: parts)
    }
}
