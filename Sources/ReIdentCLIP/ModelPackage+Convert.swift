// The same package with its weights in another number format: half the bytes to store and send.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles

extension ModelPackage {
    /// Writes the package with its matrices and filters in another number format.
    ///
    /// Gains, biases, statistics and the temperature keep theirs: they are few, and some are out of
    /// half precision's range. What else the package says stays as it is, a calibration too: it is
    /// for the user to see that it still holds.
    ///
    /// - Parameters:
    ///   - type: `float32`, `float16` or `bfloat16`.
    ///   - path: The folder to be written.
    ///   - force: Whether an existing package may be replaced.
    /// - Returns: The written package, opened.
    /// - Throws: `PackageError`: `file` if it cannot be written or a weight is damaged,
    ///   `outOfRange` if a weight is too large for the format.
    @discardableResult
    public func convert(
        to type: ElementType, at path: String, force: Bool = false
    ) throws(PackageError) -> ModelPackage {
        precondition([.float32, .float16, .bfloat16].contains(type), "weights are floats")
        try Self.check(output: path, force: force)
        var tensors: [SafetensorsWriter.Tensor] = []
        for (name, entry) in weights.tensors {
            tensors.append(try converted(name, entry, to: type))
        }
        return try Self.write(
            to: path, force: force, configuration: configuration, settings: settings,
            tensors: tensors, vocabulary: try vocabularyFile(), prompts: try ownNumberPrompts())
    }

    private func converted(
        _ name: String, _ entry: SafetensorsFile.Entry, to type: ElementType
    ) throws(PackageError) -> SafetensorsWriter.Tensor {
        let isKept = entry.elementType == type || entry.shape.count < 2
        let values: [Float]
        do {
            guard !isKept, entry.elementType.isFloatingPoint else {
                return .init(
                    name: name, elementType: entry.elementType, shape: entry.shape,
                    bytes: try weights.bytes(of: name))
            }
            values = try weights.floats(name)
        } catch {
            throw .file(error)
        }
        if type == .float16, let large = values.first(where: { abs($0) >= 65_520 && $0.isFinite }) {
            throw .outOfRange(package: self.path, tensor: name, value: large, type: type.rawValue)
        }
        return .init(name: name, shape: entry.shape, values: values, as: type)
    }
}
