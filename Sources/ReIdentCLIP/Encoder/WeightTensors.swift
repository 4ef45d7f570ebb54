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
    private let storedName: (String) -> String
    private let known = KnownTensors()

    /// Tensors of a package on a device.
    ///
    /// - Parameters:
    ///   - package: Where they are stored.
    ///   - device: Where they go.
    ///   - isTrainable: Whether they record gradients.
    ///   - storedName: The name in the package of a tensor that is asked for by another.
    public init(
        _ package: ModelPackage, device: Device, isTrainable: Bool,
        storedName: @escaping (String) -> String = { $0 }
    ) {
        self.storedName = storedName
        self.package = package
        self.device = device
        self.isTrainable = isTrainable
    }

    /// The tensor of a name, perhaps under another shape of as many elements.
    ///
    /// A parameter gets its shape here and not by a view, which would be computed from it.
    public subscript(name: String, shape shape: [Int]? = nil) -> Tensor {
        get throws {
            let name = storedName(name)
            if let tensor = known.tensors[name] { return tensor }
            let tensor = try read(name) { shape ?? $0 }
            if isTrainable {
                try tensor.setRequiresGradient(true)
                known.tensors[name] = tensor
                known.names.append(name)
            }
            return tensor
        }
    }

    /// The tensor of a name with a first dimension of 1 put before its own.
    subscript(name: String, batched batched: Bool) -> Tensor {
        get throws {
            let own = package.weights.tensors[storedName(name)]?.shape ?? []
            return try self[name, shape: batched ? [1] + own : own]
        }
    }

    /// A running statistic, which is not learned but changes in training.
    func statistic(_ name: String) throws -> Tensor {
        let name = storedName(name)
        let tensor = try read(name) { $0 }
        if isTrainable { known.statistics.append(NamedParameter(name: name, tensor: tensor)) }
        return tensor
    }

    private func read(_ name: String, shape: ([Int]) -> [Int]) throws -> Tensor {
        guard let entry = package.weights.tensors[name] else {
            throw PackageError.notAPackage(
                path: package.path, found: "it has no tensor '\(name)'")
        }
        let stored = try package.weights.bytes(of: name)
        defer { stored.giveBackPages() }  // the tensor is a copy
        return try stored.withUnsafeBytes { bytes throws(EngineError) in
            try Tensor.copying(
                bytes, shape: shape(entry.shape), dtype: entry.elementType.dtype
            ).converted(to: .float32, device: device)
        }
    }

    /// The trainable tensors handed out so far.
    public var parameters: [NamedParameter] {
        known.names.compactMap { name in
            known.tensors[name].map { NamedParameter(name: name, tensor: $0) }
        }
    }

    /// The statistics handed out so far, of trainable encoders.
    var statistics: [NamedParameter] { known.statistics }

    /// What was handed out; a class, because reading a tensor changes it.
    private final class KnownTensors {
        var names: [String] = []
        var tensors: [String: Tensor] = [:]
        var statistics: [NamedParameter] = []
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
