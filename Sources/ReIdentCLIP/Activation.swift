// The two activations CLIP's transformers were trained with. They differ by up to 0.02 in value,
// which no loader notices and every embedding shows.
// QuickGELU: Hendrycks and Gimpel, arXiv 1606.08415, as OpenAI's CLIP uses it.
//
// SPDX-License-Identifier: MIT

/// The activation between the two layers of a transformer block's perceptron.
public enum Activation: String, Sendable, Codable, CaseIterable {
    /// x · Φ(x) with the exact normal distribution: LAION's and DataComp's models.
    case gelu
    /// x · sigmoid(1.702 x): OpenAI's models and those tuned from them.
    case quickGELU = "quick_gelu"

    /// The name people use for it.
    public var title: String {
        switch self {
        case .gelu: "GELU"
        case .quickGELU: "QuickGELU"
        }
    }
}
