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
    /// 8-bit integers in a transformer's linear layers, for inference on a processor: weights with
    /// a scale for each output, activations with one for each token. All else is in bf16.
    case int8

    /// The element type of what flows between layers, and of products but int8's.
    public var dtype: DType {
        switch self {
        case .fp32: .float32
        case .bf16, .int8: .bfloat16
        case .fp16: .float16
        }
    }
}
