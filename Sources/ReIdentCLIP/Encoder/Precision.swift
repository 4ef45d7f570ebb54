// The number formats an encoder computes in.
//
// SPDX-License-Identifier: MIT

public import ReIdentEngine

/// The number format of products and what flows between layers.
public enum Precision: String, Sendable, Codable, CaseIterable {
    /// Single precision, the reference's results.
    case fp32
    /// bfloat16: half the memory, twice the speed or more where the processor has it.
    case bf16
    /// IEEE half precision, for training on CUDA with a gradient scaler.
    case fp16

    /// The element type of the products.
    public var dtype: DType {
        switch self {
        case .fp32: .float32
        case .bf16: .bfloat16
        case .fp16: .float16
        }
    }
}
