// Times searches in vectors of unit length.
//
//     RankingBenchmark exact GALLERY.f32 QUERIES.f32 DIMENSION REPEATS OUT.i32
//     RankingBenchmark graph GALLERY.f32 QUERIES.f32 DIMENSION REPEATS COUNT
//
// The .f32 files hold 32-bit floats, row by row; OUT becomes the rows that the last 64 queries
// found; COUNT vectors take part. Run by compare.py.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentIndex
import ReIdentMetrics

let arguments = CommandLine.arguments
guard arguments.count == 7, ["exact", "graph"].contains(arguments[1]),
    let dimension = Int(arguments[4]), let repeats = Int(arguments[5])
else {
    print("usage: RankingBenchmark exact|graph GALLERY QUERIES DIMENSION REPEATS OUT|COUNT")
    exit(64)
}
let gallery = try MappedVectors.matrix(
    arguments[2], dimension: dimension, count: Int(arguments[6]))
let queries = try MappedVectors.matrix(arguments[3], dimension: dimension)

func exactTimes() throws -> [String: [Double]] {
    var figures: [String: [Double]] = [:]
    for count in [1, 64] {
        figures["first, \(count)"] = try (0..<repeats).map { _ in
            let asked = try queries.some(count, from: 0)
            return try seconds { _ = try ExactSearch(gallery).nearest(to: asked, count: 10) }
        }
    }
    let search = ExactSearch(gallery)
    figures["first, 256, with copying"] = [
        try seconds { _ = try search.nearest(to: queries.some(256, from: 0), count: 10) }
    ]
    var found: [[Neighbor]] = []
    for count in [1, 8, 64] {
        figures["\(count)"] = try (0..<repeats).map { position in
            let asked = try queries.some(count, from: position * count)
            return try seconds { found = try search.nearest(to: asked, count: 10) }
        }
    }
    let rows = found.flatMap { $0.map { Int32($0.row) } }
    try rows.withUnsafeBytes { try Data($0).write(to: URL(filePath: arguments[6])) }
    return figures
}

let figures =
    arguments[1] == "exact"
    ? try exactTimes() : try graphTimes(gallery, queries, repeats: repeats)
print(String(decoding: try JSONEncoder().encode(figures), as: UTF8.self))
