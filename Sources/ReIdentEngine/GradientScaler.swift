// Loss scaling for half precision: small gradients would vanish below its smallest number.
// Micikevicius et al., Mixed Precision Training, 2018; the constants are those of the recipe
// (start at 2^10) and of torch.amp.GradScaler (growth by 2 after 2,000 good steps, else by 1/2).
//
// SPDX-License-Identifier: MIT

/// The factor that a loss is multiplied by before the backward pass.
public struct GradientScaler: Sendable, Codable, Equatable {
    /// The factor now.
    public private(set) var scale: Double
    /// Steps since the factor last changed.
    public private(set) var goodSteps = 0

    private static let growthInterval = 2_000

    /// Whether gradients overflowed at every factor there is: then it is not the factor.
    public var isExhausted: Bool { scale < 0x1p-24 }

    /// A scaler that starts with a factor.
    public init(scale: Double = 1_024) { self.scale = scale }

    /// Divides the gradients by the factor and adapts it.
    ///
    /// - Returns: Whether the gradients are finite; if not, the step is to be left out.
    /// - Throws: `EngineError` if the device fails.
    public mutating func unscale(_ optimizer: AdamW) throws(EngineError) -> Bool {
        let finite = try optimizer.unscaleGradients(by: 1 / scale)
        adapt(finite: finite)
        return finite
    }

    /// Doubles the factor after long success, halves it after an overflow.
    mutating func adapt(finite: Bool) {
        guard finite else {
            (scale, goodSteps) = (scale / 2, 0)
            return
        }
        goodSteps += 1
        if goodSteps == Self.growthInterval { (scale, goodSteps) = (scale * 2, 0) }
    }
}
