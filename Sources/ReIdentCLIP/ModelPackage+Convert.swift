// The same package with its weights in another number format, or for images of another size.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles

extension ModelPackage {
    /// Writes the package with its matrices and filters in another number format, for images of
    /// another size, or both.
    ///
    /// Gains, biases, statistics and the temperature keep theirs: they are few, and some are out of
    /// half precision's range. In another number format what else the package says stays as it is,
    /// a calibration too: it is for the user to see that it still holds. For another image size the
    /// positions are resampled, and what was learned from similarities is left out: such a package
    /// is a start for training, for it sees everything in another size than it was trained on.
    ///
    /// - Parameters:
    ///   - type: `float32`, `float16` or `bfloat16`; nil keeps the present one.
    ///   - imageSize: Side of the images in pixels; nil keeps the present one.
    ///   - keepsTrained: Whether the hashes of players and the fingerprints of crops that it was
    ///     trained on stay; without them no evaluation can warn of them.
    ///   - path: The folder to be written.
    ///   - force: Whether an existing package may be replaced.
    /// - Returns: The written package, opened.
    /// - Throws: `PackageError`: `file` if it cannot be written or a weight is damaged,
    ///   `outOfRange` if a weight is too large for the format, `unsuitableImageSize`.
    @discardableResult
    public func convert(
        to type: ElementType? = nil, imageSize: Int? = nil, keepsTrained: Bool = true,
        at path: String, force: Bool = false
    ) throws(PackageError) -> ModelPackage {
        precondition(
            type.map { [.float32, .float16, .bfloat16].contains($0) } ?? true, "weights are floats")
        var (target, changed) = (configuration, settings)
        if let imageSize, imageSize != target.imageSize {
            try target.vision.check(imageSize: imageSize)
            target.vision = target.vision.with(imageSize: imageSize)
            (changed.decisions, changed.numberReading) = (nil, nil)
            changed.secondPlayer = nil
        }
        if !keepsTrained { (changed.trainedIdentities, changed.trainedCrops) = ([], []) }
        try Self.check(output: path, force: force)
        var tensors: [SafetensorsWriter.Tensor] = []
        for (name, entry) in weights.tensors {
            let isResampled = name == target.vision.anyPositionTensor && target != configuration
            tensors.append(
                isResampled
                    ? try resampled(name, entry, for: target, to: type)
                    : try converted(name, entry, to: type ?? entry.elementType))
        }
        return try Self.write(
            to: path, force: force, configuration: target, settings: changed,
            tensors: tensors, vocabulary: try vocabularyFile(), numbers: try numberFiles())
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

    private func resampled(
        _ name: String, _ entry: SafetensorsFile.Entry, for target: CLIPConfiguration,
        to type: ElementType?
    ) throws(PackageError) -> SafetensorsWriter.Tensor {
        let (unit, width) = (target.vision.unit, entry.shape.last ?? 1)
        let side = target.imageSize / unit
        let positions: PositionEmbedding
        do {
            positions = PositionEmbedding(values: try weights.floats(name), width: width)
                .resampled(from: configuration.imageSize / unit, toHeight: side, width: side)
        } catch {
            throw .file(error)
        }
        let shape = entry.shape.dropLast(2) + [1 + side * side, width]
        return .init(
            name: name, shape: Array(shape), values: positions.values,
            as: type ?? entry.elementType)
    }
}
