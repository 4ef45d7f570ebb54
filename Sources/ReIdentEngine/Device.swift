// Where tensors live and what their elements are.
//
// SPDX-License-Identifier: MIT

import CReIdentEngine

/// A device that tensors live on.
public struct Device: Sendable, Hashable, CustomStringConvertible {
    /// The kinds of device.
    public enum Kind: String, Sendable, CaseIterable {
        /// The processor.
        case cpu
        /// An NVIDIA graphics processor.
        case cuda
        /// Apple's graphics processor.
        case mps

        var code: re_device {
            switch self {
            case .cpu: RE_CPU
            case .cuda: RE_CUDA
            case .mps: RE_MPS
            }
        }
    }

    /// The kind.
    public let kind: Kind
    /// Which one of its kind, from 0.
    public let index: Int

    /// The processor.
    public static let cpu = Device(kind: .cpu, index: 0)

    /// A device by kind and index; whether it exists is asked by `named(_:)`.
    public init(kind: Kind, index: Int) {
        self.kind = kind
        self.index = index
    }

    /// The device of a name such as `cpu`, `cuda`, `cuda:1` or `mps`.
    ///
    /// - Throws: `EngineError` with code `device` if the name is none or the device is not here,
    ///   `missing` if the engine is.
    public static func named(_ name: String) throws(EngineError) -> Device {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let index = parts.count == 2 ? Int(parts[1]) : 0
        guard let kind = Kind(rawValue: String(parts[0])), let index, index >= 0 else {
            throw EngineError(
                code: .device, operation: "device",
                message: "'\(name)' is no device. Use cpu, cuda, cuda:1 or mps.")
        }
        let table = try EngineLibrary.table.get()
        let count = Int(table.functions.pointee.device_count(kind.code))
        guard index < count else {
            let found = count == 0 ? "none" : "\(count), counted from 0"
            throw EngineError(
                code: .device, operation: "device",
                message: "There is no device '\(name)' here (of kind \(kind.rawValue): \(found)). "
                    + "Use --device cpu.")
        }
        return Device(kind: kind, index: index)
    }

    public var description: String {
        kind == .cuda && index > 0 ? "cuda:\(index)" : kind.rawValue
    }
}

/// The type of a tensor's elements.
public enum DType: String, Sendable, CaseIterable {
    /// IEEE single precision.
    case float32
    /// Upper half of a single: 8 bits of exponent, 7 of fraction.
    case bfloat16
    /// IEEE half precision.
    case float16
    /// Whole numbers 0...255.
    case uint8
    /// Signed whole numbers of 64 bits.
    case int64

    var code: re_dtype {
        switch self {
        case .float32: RE_FLOAT32
        case .bfloat16: RE_BFLOAT16
        case .float16: RE_FLOAT16
        case .uint8: RE_UINT8
        case .int64: RE_INT64
        }
    }

    init?(code: re_dtype) {
        guard let found = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = found
    }

    /// Bytes an element.
    public var byteCount: Int {
        switch self {
        case .float32: 4
        case .bfloat16, .float16: 2
        case .uint8: 1
        case .int64: 8
        }
    }
}
