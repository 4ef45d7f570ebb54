// The file of an index: written whole or not at all, and believed only after every check.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentMetrics
import Synchronization

extension VectorIndex {
    /// What an index file is recognised by.
    static let formatName = "reident-index"
    private static let tensorName = "embeddings"
    /// How far the squared length of a vector may lie from 1: fp32 sums of thousands of squares.
    private static let lengthTolerance: Float = 1e-3

    /// Maps an index and checks it: its form, that all numbers agree, its checksum, and that the
    /// vectors are of unit length.
    ///
    /// The checks read the file once, on all cores; so does any exact search in it. The vectors
    /// are not copied.
    ///
    /// - Parameter path: The file.
    /// - Returns: The index, which keeps the file mapped.
    /// - Throws: `IndexError`: `file` if it does not exist or is no safetensors file,
    ///   `unknownVersion`, or `damaged` with what is wrong.
    public static func open(_ path: String) throws(IndexError) -> VectorIndex {
        let file = try IndexError.carrying { () throws(FileError) in
            try SafetensorsFile(path: path)
        }
        func damaged(_ problem: String) -> IndexError { .damaged(path: path, problem: problem) }
        func text(_ name: String) throws(IndexError) -> String {
            guard let text = file.metadata[name] else { throw damaged("it has no '\(name)'") }
            return text
        }
        guard file.metadata["format"] == formatName else {
            throw damaged(
                file.metadata["model"] == nil
                    ? "it is another safetensors file" : "it holds embeddings, but is no index")
        }
        let version = try text("version")
        guard version == Self.version else { throw .unknownVersion(path: path, found: version) }
        guard let tensor = file.tensors[tensorName], file.tensors.count == 1,
            tensor.elementType == .float32, tensor.shape.count == 2, tensor.shape[1] > 0
        else { throw damaged("its one tensor must be '\(tensorName)' [N, D] of F32") }
        let paths = try decoded([String].self, text("paths"), name: "paths", path: path)
        let identities = try decoded(
            [String?].self, text("identities"), name: "identities", path: path)
        guard paths.count == tensor.shape[0], identities.count == tensor.shape[0] else {
            throw damaged(
                "it has \(tensor.shape[0]) vectors, \(paths.count) paths and \(identities.count) "
                    + "identities")
        }
        guard Set(paths).count == paths.count else { throw damaged("a path comes twice in it") }
        for name in ["model", "precision", "preprocess", "tokens", "flip_average", "package"] {
            _ = try text(name)
        }
        let bytes = try IndexError.carrying { () throws(FileError) in
            try file.bytes(of: tensorName)
        }
        let found = try digest(of: bytes, texts: file.metadata, dimension: tensor.shape[1])
        guard try text("digest") == found else {
            throw damaged("its contents do not match its checksum")
        }
        let vectors = try matrix(bytes, count: tensor.shape[0], dimension: tensor.shape[1])
        if let row = try firstUnsound(vectors) {
            throw damaged("the vector of '\(paths[row])' is not of unit length")
        }
        return VectorIndex(
            soundEntries: zip(paths, identities).map { Entry(path: $0, identity: $1) },
            vectors: vectors,
            origin: IndexOrigin(texts: file.metadata, package: try text("package")),
            digest: found)
    }

    /// Writes the index; a file that is replaced stays whole until the new one is.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - force: Whether an existing file may be replaced.
    /// - Returns: The checksum.
    /// - Throws: `FileError` of kind `cannotWrite`, or `IndexError` if a vector is not of unit
    ///   length.
    @discardableResult
    public func write(to path: String, force: Bool = false) throws -> String {
        if let row = try Self.firstUnsound(vectors) {
            throw IndexError.damaged(
                path: path, problem: "the vector of '\(entries[row].path)' is not of unit length")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        var texts = origin.texts
        texts["format"] = Self.formatName
        texts["version"] = Self.version
        texts["paths"] = String(decoding: try encoder.encode(entries.map(\.path)), as: UTF8.self)
        texts["identities"] = String(
            decoding: try encoder.encode(entries.map(\.identity)), as: UTF8.self)
        let values = try vectors.withValues { Array($0) }
        let digest = try values.withUnsafeBytes { bytes in
            Result { () throws(IndexError) in
                try Self.digest(of: bytes, texts: texts, dimension: dimension)
            }
        }.get()
        texts["digest"] = digest
        try SafetensorsWriter.write(
            to: path,
            tensors: [
                SafetensorsWriter.Tensor(
                    name: Self.tensorName, shape: [count, dimension], values: values)
            ], metadata: texts, force: force)
        return digest
    }

    // MARK: Parts

    private static func decoded<Value: Decodable>(
        _ type: Value.Type, _ text: String, name: String, path: String
    ) throws(IndexError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw .damaged(path: path, problem: "its '\(name)' are no JSON list of texts")
        }
    }

    /// The vectors, in place where their address allows it.
    private static func matrix(
        _ bytes: MappedBytes, count: Int, dimension: Int
    ) throws(IndexError) -> EmbeddingMatrix {
        do throws(MetricsError) {
            return try bytes.withUnsafeBytes { (raw) throws(MetricsError) in
                let isAligned =
                    UInt(bitPattern: raw.baseAddress) % UInt(MemoryLayout<Float>.alignment) == 0
                guard isAligned else {
                    return try EmbeddingMatrix(
                        values: ElementType.float32.values(of: raw), count: count,
                        dimension: dimension)
                }
                // The memory stays mapped beyond this call because the matrix keeps `bytes`.
                return try EmbeddingMatrix(
                    borrowing: raw.bindMemory(to: Float.self), from: bytes, count: count,
                    dimension: dimension)
            }
        } catch {
            throw .search(error)
        }
    }

    /// The first vector that is not of unit length; a number that is not finite makes it none.
    private static func firstUnsound(_ vectors: EmbeddingMatrix) throws(IndexError) -> Int? {
        let dimension = vectors.dimension
        let first = Mutex<Int?>(nil)
        do throws(MetricsError) {
            try vectors.withValues { values in
                let shared = ReadOnlyValues(values)
                parallelForEach(count: vectors.count, chunk: 256) { row in
                    var square: Float = 0
                    for value in shared.pointer[row * dimension..<(row + 1) * dimension] {
                        square += value * value
                    }
                    guard !(abs(square - 1) <= lengthTolerance) else { return }
                    first.withLock { $0 = min($0 ?? row, row) }
                }
            }
        } catch {
            throw .search(error)
        }
        return first.withLock { $0 }
    }

    /// The digest of everything an index says, itself left out.
    private static func digest(
        of bytes: UnsafeRawBufferPointer, texts: [String: String], dimension: Int
    ) throws(IndexError) -> String {
        try IndexDigest.hexadecimal("\(bytes.count) \(dimension)", texts: texts, bytes: [bytes])
    }

    private static func digest(
        of bytes: MappedBytes, texts: [String: String], dimension: Int
    ) throws(IndexError) -> String {
        try bytes.withUnsafeBytes { (raw) throws(IndexError) in
            try digest(of: raw, texts: texts, dimension: dimension)
        }
    }
}

// SAFETY: nobody writes to the memory while a value of this type exists.
private struct ReadOnlyValues: @unchecked Sendable {
    let pointer: UnsafeBufferPointer<Float>
    init(_ pointer: UnsafeBufferPointer<Float>) { self.pointer = pointer }
}
