// Re-ranks embeddings read from plain files and says how long it took and how much memory it used.
//
//     RerankingBenchmark QUERIES.f32 GALLERY.f32 DIMENSION OUT.f32
//
// The files hold 32-bit floats, row by row. Run by compare.py.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentMetrics

/// A mapped file of floats.
// SAFETY: the mapping is never written to.
final class MappedFloats: @unchecked Sendable {
    let values: UnsafeBufferPointer<Float>
    private let data: NSData

    init(path: String) throws {
        data = try NSData(contentsOfFile: path, options: .alwaysMapped)
        values = UnsafeBufferPointer(
            start: data.bytes.assumingMemoryBound(to: Float.self), count: data.length / 4)
    }
}

/// A figure of /proc/self/status in bytes; 0 where there is none.
func memory(_ name: String) -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    for line in status.split(separator: "\n") where line.hasPrefix(name) {
        return (Int(line.filter(\.isNumber)) ?? 0) * 1024
    }
    return 0
}

guard CommandLine.arguments.count == 5, let dimension = Int(CommandLine.arguments[3]) else {
    print("usage: RerankingBenchmark QUERIES.f32 GALLERY.f32 DIMENSION OUT.f32")
    exit(64)
}
let embeddings = try CommandLine.arguments[1...2].map { path in
    let file = try MappedFloats(path: path)
    _ = file.values.reduce(0, +)  // brings the file into memory before the clock starts
    return try EmbeddingMatrix(
        borrowing: file.values, from: file, count: file.values.count / dimension,
        dimension: dimension)
}

let before = memory("VmRSS")
let clock = ContinuousClock()
let start = clock.now
let reranked = try Reranking().rerank(queries: embeddings[0], gallery: embeddings[1])
let prepared = clock.now
var digest = 0.0
try reranked.forEachBlock { (_, block) throws(MetricsError) in
    digest += Double(block[0])  // a reader; the block itself is computed whole
}
let end = clock.now
let peak = memory("VmHWM")

try reranked.matrix().withRows(0..<reranked.queryCount) { (values) throws(MetricsError) in
    let bytes = Data(buffer: values)
    do { try bytes.write(to: URL(filePath: CommandLine.arguments[4])) } catch {
        print(error)
    }
}
func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
print(
    """
    {"seconds": \(seconds(end - start)), "preparation": \(seconds(prepared - start)), \
    "megabytes_beyond_inputs": \(Double(peak - before) / 1e6), "digest": \(digest)}
    """)
