// The file form of embeddings, written row by row: its vectors wait on the disk, not in memory.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// A file of embeddings that is being made, as `Embeddings.write` writes it.
///
/// It appears when it is finished; if it is let go before, nothing remains. Until then the vectors
/// take room on the disk, 4 bytes a number, and while it is finished twice that.
public final class EmbeddingsFile {
    private let path: String
    private let dimension: Int
    private let force: Bool
    private let vectors: SpillFile
    private var paths: [String] = []

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - path: A safetensors file.
    ///   - dimension: Width D of a vector, at least 1.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `FileError` of kind `cannotWrite`.
    public init(path: String, dimension: Int, force: Bool = false) throws {
        try OutputFile.check(path, force: force)
        (self.path, self.dimension, self.force) = (path, dimension, force)
        vectors = try SpillFile(for: path)
    }

    /// Number N of rows so far.
    public var count: Int { paths.count }

    /// Adds rows.
    ///
    /// - Parameters:
    ///   - values: Unit vectors, `[n, D]`.
    ///   - paths: What their images are called, count n.
    /// - Throws: `FileError` of kind `cannotWrite`, for example when the disk is full.
    public func append(_ values: [Float], paths: [String]) throws {
        precondition(values.count == dimension * paths.count, "vectors and paths differ in number")
        try values.withUnsafeBytes { try vectors.append($0) }
        self.paths += paths
    }

    /// Writes the file.
    ///
    /// - Parameter metadata: Texts beside the tensor, such as the model's fingerprint.
    /// - Throws: `FileError` of kind `cannotWrite`, or `interrupted` if the task was cancelled.
    public func finish(metadata: [String: String]) throws {
        try Embeddings.write(
            SafetensorsWriter.Tensor(
                name: Embeddings.tensorName, elementType: .float32, shape: [count, dimension],
                bytes: vectors.bytes()),
            of: paths, to: path, metadata: metadata, force: force)
    }
}
