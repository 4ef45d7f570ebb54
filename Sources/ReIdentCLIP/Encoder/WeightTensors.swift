// A package's tensors brought to a device, by name.
//
// SPDX-License-Identifier: MIT

public import ReIdentEngine
import ReIdentFiles

/// Reads a package's tensors one by one, in fp32, onto a device.
///
/// Trainable tensors are remembered under their names, in the order they were asked for: these
/// are the model's parameters.
public struct WeightTensors: ~Copyable {
    private let package: ModelPackage
    private let device: Device
    private let isTrainable: Bool
    private let known = KnownTensors()

    /// Tensors of a package on a device.
    ///
    /// - Parameters:
    ///   - package: Where they are stored.
    ///   - device: Where they go.
    ///   - isTrainable: Whether they record gradients.
    public init(_ package: ModelPackage, device: Device, isTrainable: Bool) {
        self.package = package
        self.device = device
        self.isTrainable = isTrainable
    }

    /// The tensor of a name, perhaps under another shape of as many elements.
    ///
    /// A parameter gets its shape here and not by a view, which would be computed from it.
    public subscript(name: String, shape shape: [Int]? = nil) -> Tensor {
        get throws {
            if let tensor = known.tensors[name] { return tensor }
            guard let entry = package.weights.tensors[name] else {
                throw PackageError.notAPackage(
                    path: package.path, found: "it has no tensor '\(name)'")
            }
            let tensor = try package.weights.withBytes(of: name) { bytes in
                try Tensor.copying(
                    bytes, shape: shape ?? entry.shape, dtype: entry.elementType.dtype
                ).converted(to: .float32, device: device)
            }
            if isTrainable {
                try tensor.setRequiresGradient(true)
                known.tensors[name] = tensor
                known.names.append(name)
            }
            return tensor
        }
    }

    /// The trainable tensors handed out so far.
    public var parameters: [NamedParameter] {
        known.names.compactMap { name in
            known.tensors[name].map { NamedParameter(name: name, tensor: $0) }
        }
    }

    /// What was handed out; a class, because reading a tensor changes it.
    private final class KnownTensors {
        var names: [String] = []
        var tensors: [String: Tensor] = [:]
    }
}

extension ElementType {
    /// The engine's name for the type; weights are of no other (`requireWeightTypes`).
    fileprivate var dtype: DType {
        switch self {
        case .float16: .float16
        case .bfloat16: .bfloat16
        default: .float32
        }
    }
}
