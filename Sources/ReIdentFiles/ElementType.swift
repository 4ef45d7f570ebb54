// The element types of stored tensors, and conversion between single precision and the others.
// Names are those of the safetensors format (huggingface/safetensors, README "Format").
//
// SPDX-License-Identifier: MIT

/// The type of the elements of a stored tensor, little-endian as safetensors demands.
public enum ElementType: String, Sendable, Equatable, CaseIterable, Codable {
    /// Double precision.
    case float64 = "F64"
    /// Single precision.
    case float32 = "F32"
    /// Half precision (IEEE 754 binary16).
    case float16 = "F16"
    /// The upper half of single precision ("brain float").
    case bfloat16 = "BF16"
    /// Signed, 64 bits.
    case int64 = "I64"
    /// Signed, 32 bits.
    case int32 = "I32"
    /// Signed, 16 bits.
    case int16 = "I16"
    /// Signed, 8 bits.
    case int8 = "I8"
    /// Unsigned, 8 bits.
    case uint8 = "U8"
    /// One byte, 0 or 1.
    case bool = "BOOL"

    /// How many bytes one element takes.
    public var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Whether elements are floating-point numbers, which is what the conversions here handle.
    public var isFloatingPoint: Bool {
        switch self {
        case .float64, .float32, .float16, .bfloat16: true
        case .int64, .int32, .int16, .int8, .uint8, .bool: false
        }
    }
}
