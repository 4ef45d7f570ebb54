// Embeddings of images: unit vectors in row order, and the file form of `reident embed`.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles

/// Unit-length embeddings of N images.
public struct Embeddings: Sendable, Equatable {
    /// The vectors one behind the other, `[N, D]`, each of unit length.
    public private(set) var values: [Float]
    /// Width D of a vector.
    public let dimension: Int
    /// For each row, what the image is called: its path.
    public private(set) var paths: [String]

    /// Number N of images.
    public var count: Int { paths.count }

    /// Wraps vectors that are of unit length already.
    ///
    /// - Parameters:
    ///   - values: `[N, D]`.
    ///   - dimension: D, at least 1.
    ///   - paths: Count N.
    public init(values: [Float] = [], dimension: Int, paths: [String] = []) {
        precondition(values.count == dimension * paths.count, "vectors and paths differ in number")
        self.values = values
        self.dimension = dimension
        self.paths = paths
    }

    /// Takes the memory for so many rows at once: growing by and by would need it twice.
    mutating func reserveCapacity(_ rows: Int) {
        values.reserveCapacity(rows * dimension)
        paths.reserveCapacity(rows)
    }

    /// Adds rows.
    public mutating func append(_ values: [Float], paths: [String]) {
        precondition(values.count == dimension * paths.count, "vectors and paths differ in number")
        self.values += values
        self.paths += paths
    }

    /// The vector of a row.
    public subscript(row: Int) -> ArraySlice<Float> {
        values[row * dimension..<(row + 1) * dimension]
    }

    /// Some of the rows, in the order given.
    public func selecting(_ rows: [Int]) -> Embeddings {
        Embeddings(
            values: rows.flatMap { self[$0] }, dimension: dimension, paths: rows.map { paths[$0] })
    }

    /// Writes tensor `embeddings` `[N, D]` in fp32, with `paths` as a JSON array beside it.
    ///
    /// - Parameters:
    ///   - path: A safetensors file.
    ///   - names: What the rows' names are called in the file: `paths`, or `texts`.
    ///   - metadata: Further texts, such as the model's fingerprint.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `FileError` of kind `cannotWrite`.
    public func write(
        to path: String, names: String = "paths", metadata: [String: String] = [:],
        force: Bool = false
    ) throws {
        try Self.write(
            SafetensorsWriter.Tensor(
                name: Self.tensorName, shape: [count, dimension], values: values),
            of: paths, called: names, to: path, metadata: metadata, force: force)
    }

    /// What the vectors are called in a file.
    static let tensorName = "embeddings"

    /// Writes a tensor `[N, D]` with the names of its rows.
    static func write(
        _ tensor: SafetensorsWriter.Tensor, of rows: [String], called names: String = "paths",
        to path: String, metadata: [String: String], force: Bool
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let list = String(decoding: try encoder.encode(rows), as: UTF8.self)
        try SafetensorsWriter.write(
            to: path, tensors: [tensor],
            metadata: metadata.merging([names: list]) { _, new in new }, force: force)
    }
}
