// What every file of tensors offers, whatever its format, so that weights are imported alike from
// safetensors and from the files torch writes.
//
// SPDX-License-Identifier: MIT

/// Type and shape of a stored tensor.
public struct TensorDescription: Sendable, Equatable {
    /// The type of its elements.
    public let elementType: ElementType
    /// Its dimensions; empty for a single number.
    public let shape: [Int]
}

/// A file of named tensors, checked when it was opened.
public protocol TensorFile: Sendable {
    /// The path the file was opened by.
    var path: String { get }
    /// The names of its tensors.
    var names: [String] { get }

    /// Type and shape of a tensor; nil if the file has none of that name.
    func description(of name: String) -> TensorDescription?

    /// The bytes of one tensor, little-endian and row-major.
    ///
    /// - Throws: `FileError` of kind `badData` if there is no such tensor or it is damaged.
    func bytes(of name: String) throws(FileError) -> MappedBytes
}

extension SafetensorsFile: TensorFile {
    public func description(of name: String) -> TensorDescription? {
        tensors[name].map { TensorDescription(elementType: $0.elementType, shape: $0.shape) }
    }
}
