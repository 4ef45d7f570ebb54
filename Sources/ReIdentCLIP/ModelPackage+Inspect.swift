// What `models inspect` tells about a package, with the checks that read every number.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles
import ReIdentFoundation

/// The contents of a package and the result of its checks.
public struct PackageInspection: Sendable {
    /// The package.
    public let package: ModelPackage
    /// How many numbers are learned.
    public let parameterCount: Int
    /// How many of them belong to the image side, projection included.
    public let visionParameterCount: Int
    /// Size of the file of weights' tensors, in bytes.
    public let byteCount: Int
    /// How many tensors there are in each element type.
    public let elementTypes: [ElementType: Int]
    /// Whether the weights are those the package was written with.
    public let digestMatches: Bool
    /// The digest of the weights as they are.
    public let digest: String
    /// Tensors with a number that is not finite, sorted.
    public let tensorsNotFinite: [String]

    /// Whether every check succeeded.
    public var isSound: Bool { digestMatches && tensorsNotFinite.isEmpty }
}

extension ModelPackage {
    /// Reads all weights, checks their digest and looks for numbers that are not finite.
    ///
    /// Names and shapes were checked when the package was opened.
    ///
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public func inspect() throws(PackageError) -> PackageInspection {
        let digest: String
        do {
            digest = try Self.weightsDigest(of: weights)
        } catch {
            throw .file(error)
        }
        let names = weights.names
        let finite = ResultList<Bool, Never>(count: names.count)
        parallelForEach(count: names.count) { index in
            finite.set(index, .success(isFinite(names[index])))
        }
        let unsound = zip(names, finite.values).filter { $0.1 == .success(false) }.map(\.0)
        return PackageInspection(
            package: self, parameterCount: parameterCount,
            visionParameterCount: visionParameterCount,
            byteCount: weights.tensors.values.reduce(0) { $0 + $1.byteRange.count },
            elementTypes: Dictionary(
                grouping: weights.tensors.values, by: \.elementType
            ).mapValues(\.count),
            digestMatches: digest == settings.weightsDigest, digest: digest,
            tensorsNotFinite: unsound.sorted())
    }

    /// Whether every number of a tensor is finite: no exponent is all ones.
    private func isFinite(_ name: String) -> Bool {
        guard let type = weights.tensors[name]?.elementType,
            let bytes = try? weights.bytes(of: name)
        else { return false }
        return bytes.withUnsafeBytes { raw in
            switch type {
            case .int64: break  // whole numbers always are
            case .float32:
                for offset in stride(from: 0, to: raw.count, by: 4) {
                    let bits = raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                    if bits & 0x7F80_0000 == 0x7F80_0000 { return false }
                }
            default:
                let mask: UInt16 = type == .float16 ? 0x7C00 : 0x7F80
                for offset in stride(from: 0, to: raw.count, by: 2) {
                    let bits = raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
                    if bits & mask == mask { return false }
                }
            }
            return true
        }
    }
}
