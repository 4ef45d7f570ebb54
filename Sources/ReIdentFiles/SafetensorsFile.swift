// Reads safetensors files: an 8-byte header length, a JSON header, and one block of bytes.
// Format and rules: huggingface/safetensors, README "Format"; nothing in a file is believed
// before it has been checked against the file's own size.
//
// SPDX-License-Identifier: MIT

/// A safetensors file, mapped into memory and checked in full before any tensor is handed out.
public struct SafetensorsFile: Sendable {
    /// One tensor of a file.
    public struct Entry: Sendable, Equatable {
        /// The type of its elements.
        public let elementType: ElementType
        /// Its dimensions; empty for a scalar, with a 0 for a tensor without elements.
        public let shape: [Int]
        /// Where its bytes lie, counted from the start of the file.
        public let byteRange: Range<Int>

        /// How many elements it has.
        public var elementCount: Int { byteRange.count / elementType.byteCount }
    }

    /// The path the file was opened by.
    public let path: String
    /// The texts stored beside the tensors (`__metadata__`).
    public let metadata: [String: String]
    /// The tensors by name.
    public let tensors: [String: Entry]
    /// The names in the order in which the tensors lie in the file.
    public let names: [String]

    private let file: MappedFile

    /// Maps a file and checks its header.
    ///
    /// - Throws: `FileError`: `inputNotFound` if there is no such file, `badData` with the exact
    ///   fault if its header is not what the format demands.
    public init(path: String) throws(FileError) {
        let file = try MappedFile(path: path)
        let header = try SafetensorsHeader(file: file)
        self.path = path
        self.file = file
        metadata = header.metadata
        tensors = header.tensors
        names = header.names
    }

    /// The bytes of one tensor, little-endian and row-major; they keep the file mapped.
    ///
    /// - Throws: `FileError` of kind `badData` if the file has no tensor of that name.
    public func bytes(of name: String) throws(FileError) -> MappedBytes {
        file.bytes(in: try entry(name).byteRange)
    }

    /// Calls `body` with the bytes of one tensor, valid only during the call and not aligned.
    ///
    /// - Throws: `FileError` of kind `badData` if the file has no tensor of that name, and
    ///   whatever `body` throws.
    public func withBytes<Result>(
        of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        try bytes(of: name).withUnsafeBytes(body)
    }

    /// The elements of one floating-point tensor in single precision, row-major.
    ///
    /// - Throws: `FileError` of kind `badData` if there is no such tensor or its elements are not
    ///   floating-point numbers.
    public func floats(_ name: String) throws(FileError) -> [Float] {
        let entry = try entry(name)
        guard entry.elementType.isFloatingPoint else {
            throw .badData(
                path,
                "tensor '\(name)' has elements of type \(entry.elementType.rawValue); "
                    + "F64, F32, F16 or BF16 are needed here.")
        }
        return file.bytes(in: entry.byteRange).withUnsafeBytes { entry.elementType.values(of: $0) }
    }

    private func entry(_ name: String) throws(FileError) -> Entry {
        if let entry = tensors[name] { return entry }
        let some = names.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
        throw .badData(
            path,
            names.isEmpty
                ? "has no tensor '\(name)', nor any other."
                : "has no tensor '\(name)'. It has \(names.count): \(some)"
                    + (names.count > 5 ? " and more." : "."))
    }
}
