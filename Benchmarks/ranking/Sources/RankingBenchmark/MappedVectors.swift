// A mapped file of 32-bit floats, row by row.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentMetrics

/// Keeps a file mapped.
// SAFETY: the mapping is never written to.
final class MappedVectors: @unchecked Sendable {
    private let memory: UnsafeRawBufferPointer

    private init(path: String) throws {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw CocoaError(.fileReadNoSuchFile)
        }
        let size = Int(status.st_size)
        let start = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
        guard start != MAP_FAILED else { throw CocoaError(.fileReadUnknown) }
        memory = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: memory.baseAddress), memory.count) }

    /// The vectors of a file, all of them read once, so that the clock does not time the disk.
    static func matrix(_ path: String, dimension: Int, count: Int? = nil) throws -> EmbeddingMatrix
    {
        let file = try MappedVectors(path: path)
        let floats = file.memory.count / 4
        let values = UnsafeBufferPointer(
            start: file.memory.bindMemory(to: Float.self).baseAddress,
            count: min(floats, (count ?? floats / dimension) * dimension))
        var sum: Float = 0
        for place in stride(from: 0, to: values.count, by: 1024) { sum += values[place] }
        FileHandle.standardError.write(Data("read, \(sum)\n".utf8))
        return try EmbeddingMatrix(
            borrowing: values, from: file, count: values.count / dimension, dimension: dimension)
    }
}
