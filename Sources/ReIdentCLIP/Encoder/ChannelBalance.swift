// A layer norm and the linear layer behind it, with large channels shared out between both, before
// they become 8-bit integers.
//
// A token's integers have one scale, so a channel that is far larger than the others leaves them
// few steps. Dividing it in the norm and multiplying its weights changes no result. Half of the
// difference goes to either side, as Xiao et al., SmoothQuant, 2023, do; how large a channel gets
// is told by the norm's own gain and shift, so no images are needed.
//
// SPDX-License-Identifier: MIT

import ReIdentEngine

/// Layer norm and linear layer whose channels are as large on one side as on the other.
struct ChannelBalance {
    /// The norm's gain, `[K]`.
    let gain: Tensor
    /// The norm's shift, `[K]`.
    let shift: Tensor
    /// The linear layer's weight, `[N, K]`.
    let weight: Tensor
    /// What gain and shift were divided by, `[K]`.
    let factors: Tensor

    /// Deviations from its mean that a normalised channel hardly exceeds.
    private static let usualExtent: Float = 3

    /// Shares the channels out.
    ///
    /// - Parameters:
    ///   - gain: `[K]`.
    ///   - shift: `[K]`.
    ///   - weight: `[N, K]`, of the layer that reads the norm's result.
    /// - Throws: `EngineError` if memory is exhausted.
    init(gain: Tensor, shift: Tensor, weight: Tensor) throws(EngineError) {
        let (gains, shifts) = (try gain.floatValues(), try shift.floatValues())
        let width = gains.count
        var largest = [Float](repeating: 0, count: width)
        let values = try weight.floatValues()
        values.withUnsafeBufferPointer { values in
            for start in stride(from: 0, to: values.count, by: width) {
                for channel in 0..<width {
                    largest[channel] = max(largest[channel], abs(values[start + channel]))
                }
            }
        }
        let shares = (0..<width).map { channel -> Float in
            let size = Self.usualExtent * abs(gains[channel]) + abs(shifts[channel])
            let factor = (size / largest[channel]).squareRoot()
            // A channel that is nothing on one side stays as it is.
            return factor > 0 && factor.isFinite ? factor : 1
        }
        let device = weight.device
        factors = try Tensor.floats(shares, shape: [width], device: device)
        let inverse = try Tensor.floats(shares.map { 1 / $0 }, shape: [width], device: device)
        self.gain = try gain.multiplied(by: inverse)
        self.shift = try shift.multiplied(by: inverse)
        self.weight = try weight.multiplied(by: factors.reshaped([1, width]))
    }
}
