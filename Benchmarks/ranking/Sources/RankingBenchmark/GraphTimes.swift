// The approximate search beside the exact one: time by recall, and changes.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentIndex
import ReIdentMetrics

/// Builds a graph of the vectors but the last tenth, times searches in it, adds the last tenth and
/// removes the first, and looks what is found then.
func graphTimes(_ all: EmbeddingMatrix, _ queries: EmbeddingMatrix, repeats: Int) throws
    -> [String: [Double]]
{
    var figures: [String: [Double]] = [:]
    let tenth = all.count / 10
    let built = try all.some(all.count - tenth, from: 0)
    var search: ApproximateSearch?
    figures["build"] = [
        try seconds {
            search = try ApproximateSearch(built) { done, total in
                if done.isMultiple(of: 51_200) {
                    FileHandle.standardError.write(Data("\(done) of \(total)\n".utf8))
                }
            }
        }
    ]
    guard let search else { return figures }
    let asked = min(queries.count, 512)
    let exact = ExactSearch(built)
    let truth = try exact.nearest(to: queries.some(asked, from: 0), count: 10)
    for count in [1, 64] {
        figures["exact, \(count)"] = try (0..<repeats).map { position in
            let some = try queries.some(count, from: position * count)
            return try seconds { _ = try exact.nearest(to: some, count: 10) }
        }
    }
    for effort in [16, 32, 64, 96, 128, 192, 256, 384, 512] {
        let found = try search.nearest(to: queries.some(asked, from: 0), count: 10, effort: effort)
        figures["recall, \(effort)"] = [recall(found, of: truth)]
        figures["1, \(effort)"] = try (0..<asked).map { position in
            let some = try queries.some(1, from: position)
            return try seconds { _ = try search.nearest(to: some, count: 10, effort: effort) }
        }
        figures["64, \(effort)"] = try (0..<repeats).map { position in
            let some = try queries.some(64, from: position * 64 % (asked - 63))
            return try seconds { _ = try search.nearest(to: some, count: 10, effort: effort) }
        }
    }
    // As an index is changed: rows move up, and what is new comes at the end.
    let changed = try all.some(all.count - tenth, from: tenth)
    let rows = (0..<built.count).map { $0 < tenth ? nil : Optional($0 - tenth) }
    figures["tenth changed"] = [try seconds { try search.follow(changed, rows: rows) }]
    let truthThen = try ExactSearch(changed).nearest(to: queries.some(asked, from: 0), count: 10)
    for effort in [64, 128, 256] {
        let found = try search.nearest(to: queries.some(asked, from: 0), count: 10, effort: effort)
        figures["recall after changes, \(effort)"] = [recall(found, of: truthThen)]
    }
    return figures
}
