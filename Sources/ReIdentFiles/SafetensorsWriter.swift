// Writes safetensors files tensor by tensor, so that a large model needs no second copy in memory.
// Layout as huggingface/safetensors writes it: wide element types first, then by name.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Writes safetensors files.
public enum SafetensorsWriter {
    /// One tensor to be written.
    public struct Tensor {
        /// Receives the tensor's bytes, in as many pieces as is convenient.
        public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

        /// The tensor's name in the file.
        public let name: String
        /// The type of its elements.
        public let elementType: ElementType
        /// Its dimensions; empty for a scalar.
        public let shape: [Int]
        /// Hands the bytes (little-endian, row-major, contiguous) to the sink when called.
        public let provideBytes: (Sink) throws -> Void

        /// A tensor whose bytes are asked for when it is written.
        public init(
            name: String, elementType: ElementType, shape: [Int],
            provideBytes: @escaping (Sink) throws -> Void
        ) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
            self.provideBytes = provideBytes
        }

        /// A tensor of values in memory, stored as `elementType`.
        public init(
            name: String, shape: [Int], values: [Float], as elementType: ElementType = .float32
        ) {
            self.init(name: name, elementType: elementType, shape: shape) { sink in
                if elementType == .float32 {
                    try values.withUnsafeBytes { try sink($0) }
                } else {
                    try elementType.bytes(of: values).withUnsafeBytes { try sink($0) }
                }
            }
        }

        /// A tensor of 64-bit whole numbers in memory.
        public init(name: String, shape: [Int], integers: [Int64]) {
            self.init(name: name, elementType: .int64, shape: shape) { sink in
                try integers.withUnsafeBytes { try sink($0) }
            }
        }

        /// A tensor copied unchanged from another file.
        public init(name: String, elementType: ElementType, shape: [Int], bytes: MappedBytes) {
            self.init(name: name, elementType: elementType, shape: shape) { sink in
                for start in stride(from: 0, to: bytes.count, by: Self.piece) {
                    let part = bytes.part(start..<min(start + Self.piece, bytes.count))
                    try part.withUnsafeBytes { try sink($0) }
                    part.giveBackPages()
                }
            }
        }

        /// Bytes of a file that are in memory at once while they are copied.
        static let piece = 1 << 24

        fileprivate var byteCount: Int { shape.reduce(elementType.byteCount, *) }
    }

    /// Writes a file, which appears whole or not at all.
    ///
    /// The result depends only on the tensors and texts, not on their order.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - tensors: The tensors, with names that differ.
    ///   - metadata: Texts stored beside them.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `FileError` of kind `cannotWrite`; of kind `internalFault` if two tensors have one
    ///   name or one provides another number of bytes than its shape has; of kind `interrupted` if
    ///   the task was cancelled between two pieces; and whatever `provideBytes` throws.
    public static func write(
        to path: String, tensors: [Tensor], metadata: [String: String] = [:], force: Bool = false
    ) throws {
        let ordered = tensors.sorted { first, second in
            let ranks = (first.elementType.writingRank, second.elementType.writingRank)
            return ranks.0 == ranks.1
                ? first.name.utf8.lexicographicallyPrecedes(second.name.utf8) : ranks.0 < ranks.1
        }
        let file = try OutputFile(path: path, force: force)
        try file.write(try header(of: ordered, metadata: metadata, path: path))
        for tensor in ordered {
            var written = 0
            try tensor.provideBytes { bytes in
                if Task.isCancelled { throw FileError.interrupted(path) }
                written += bytes.count
                try file.write(bytes)
            }
            guard written == tensor.byteCount else {
                throw FileError(
                    kind: .internalFault, path: path,
                    problem: "tensor '\(tensor.name)' of shape \(tensor.shape) should provide "
                        + "\(tensor.byteCount) bytes and provided \(written).")
            }
        }
        try file.finish()
    }

    private static func header(
        of tensors: [Tensor], metadata: [String: String], path: String
    ) throws(FileError) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let texts = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { "\(quoted($0.key)):\(quoted($0.value))" }
            members.append(
                "\(quoted(SafetensorsHeader.metadataKey)):{\(texts.joined(separator: ","))}")
        }
        var names: Set<String> = [SafetensorsHeader.metadataKey]
        var offset = 0
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw FileError(
                    kind: .internalFault, path: path,
                    problem: "two tensors to be written have the name '\(tensor.name)'.")
            }
            let end = offset + tensor.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.elementType.rawValue)\","
                    + "\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        // The data begins at a multiple of 8, so that every element is aligned.
        while !text.count.isMultiple(of: 8) { text.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
    }

    /// A text as JSON.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension ElementType {
    /// The place of this type in a file: wide types first, so that each tensor stays aligned.
    fileprivate var writingRank: Int {
        switch self {
        case .int64: 0
        case .float64: 1
        case .float32: 2
        case .int32: 3
        case .bfloat16: 4
        case .float16: 5
        case .int16: 6
        case .int8: 7
        case .uint8: 8
        case .bool: 9
        }
    }
}
