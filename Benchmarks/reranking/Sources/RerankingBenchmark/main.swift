// Re-ranks embeddings, or stored matrices, and says how long it took and how much memory it used.
//
//     RerankingBenchmark QUERIES.f32 GALLERY.f32 DIMENSION OUT.f32
//     RerankingBenchmark MATRICES.safetensors OUT.f32
//
// The .f32 files hold 32-bit floats, row by row; - in the place of OUT writes nothing, so that all
// rows stream by and none stays. Run by compare.py.
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

/// Processor time of all threads so far, in seconds.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

// Reading everything once brings it into memory before the clock starts; the sum is printed, so
// that the compiler cannot leave the reading out.
var touched: Float = 0
let arguments = CommandLine.arguments.dropFirst()
let reranking = try Reranking()
let rerank: () throws -> any DistanceRows
if arguments.count == 4, let dimension = Int(arguments[3]) {
    let embeddings = try arguments.prefix(2).map { path in
        let file = try MappedFloats(path: path)
        touched += file.values.reduce(0, +)
        return try EmbeddingMatrix(
            borrowing: file.values, from: file, count: file.values.count / dimension,
            dimension: dimension)
    }
    rerank = { try reranking.rerank(queries: embeddings[0], gallery: embeddings[1]) }
} else if arguments.count == 2 {
    let matrices = try LabelledDistances.read(arguments[1])
    for matrix in [matrices.distances, matrices.queryDistances, matrices.galleryDistances] {
        try matrix?.forEachBlock { (_, block) in touched += block.reduce(0, +) }
    }
    rerank = { try matrices.reranked(reranking).distances }
} else {
    print("usage: RerankingBenchmark QUERIES.f32 GALLERY.f32 DIMENSION OUT.f32")
    exit(64)
}

let before = memory("VmRSS")
let processorBefore = processorTime()
let clock = ContinuousClock()
let start = clock.now
let reranked = try rerank()
let prepared = clock.now
var digest = 0.0
try reranked.forEachBlock { (_, block) throws(MetricsError) in
    digest += Double(block[0])  // a reader; the block itself is computed whole
}
let end = clock.now
let processorSeconds = processorTime() - processorBefore
let peak = memory("VmHWM")

let out = arguments[arguments.endIndex - 1]
if out != "-" {
    try reranked.matrix().withRows(0..<reranked.queryCount) { (values) throws(MetricsError) in
        let bytes = Data(buffer: values)
        do { try bytes.write(to: URL(filePath: out)) } catch { print(error) }
    }
}
func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
let figures = [
    "seconds": seconds(end - start), "preparation": seconds(prepared - start),
    "megabytes_beyond_inputs": Double(peak - before) / 1e6,
    "processor_seconds": processorSeconds, "digest": digest, "touched": Double(touched),
]
print(String(decoding: try JSONEncoder().encode(figures), as: UTF8.self))
