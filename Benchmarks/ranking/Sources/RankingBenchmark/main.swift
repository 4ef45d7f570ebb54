// Times exact searches in vectors of unit length and writes what they found.
//
//     RankingBenchmark exact GALLERY.f32 QUERIES.f32 DIMENSION REPEATS OUT.i32
//
// The .f32 files hold 32-bit floats, row by row; OUT becomes the rows that the last 64 queries
// found. Run by compare.py.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentIndex
import ReIdentMetrics

let arguments = CommandLine.arguments
guard arguments.count == 7, let dimension = Int(arguments[4]), let repeats = Int(arguments[5])
else {
    print("usage: RankingBenchmark exact GALLERY.f32 QUERIES.f32 DIMENSION REPEATS OUT.i32")
    exit(64)
}
let gallery = try MappedVectors.matrix(arguments[2], dimension: dimension)
let queries = try MappedVectors.matrix(arguments[3], dimension: dimension)

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let duration = ContinuousClock.now - start
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

/// Some of the queries, from the first on.
func some(_ count: Int, from first: Int) throws -> EmbeddingMatrix {
    let values = try queries.withValues { all in
        Array(all[first * dimension..<(first + count) * dimension])
    }
    return try EmbeddingMatrix(values: values, count: count, dimension: dimension)
}

var figures: [String: [Double]] = [:]
var found: [[Neighbor]] = []
for _ in 0..<repeats {
    figures["first of one query", default: []].append(
        try seconds { _ = try ExactSearch(gallery).nearest(to: some(1, from: 0), count: 10) })
}
for _ in 0..<repeats {
    figures["first of 64 queries", default: []].append(
        try seconds { _ = try ExactSearch(gallery).nearest(to: some(64, from: 0), count: 10) })
}
let search = ExactSearch(gallery)
figures["first of 256 queries, with copying"] = [
    try seconds { _ = try search.nearest(to: some(256, from: 0), count: 10) }
]
for count in [1, 8, 64] {
    figures["\(count)"] = try (0..<repeats).map { position in
        let asked = try some(count, from: position * count)
        return try seconds { found = try search.nearest(to: asked, count: 10) }
    }
}
let rows = found.flatMap { $0.map { Int32($0.row) } }
try rows.withUnsafeBytes { try Data($0).write(to: URL(filePath: arguments[6])) }
print(String(decoding: try JSONEncoder().encode(figures), as: UTF8.self))
