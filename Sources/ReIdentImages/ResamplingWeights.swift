// Which inputs make up each output of an antialiased cubic resampling, and in what shares.
// Keys' kernel with a = -0.5, stretched by the scale when shrinking: Pillow's BICUBIC, and
// PyTorch's bicubic interpolation with antialiasing.
//
// SPDX-License-Identifier: MIT

/// The table of a one-dimensional resampling: output i = sum of weight j x input (first i + j).
public struct ResamplingWeights: Sendable {
    /// For each output, the first input that takes part.
    public let first: [Int]
    /// For each output, how many neighbouring inputs take part.
    public let count: [Int]
    /// Room for one output's weights in `values`: the greatest possible count.
    public let stride: Int
    /// Weights, `[outputs, stride]`; those of one output sum to 1, unused room is 0.
    public let values: [Double]

    /// The weights of one output, as many as `count` says.
    public func weights(of output: Int) -> ArraySlice<Double> {
        values[output * stride..<output * stride + count[output]]
    }

    /// The cubic table from `inputSize` to `outputSize` samples, both at least 1.
    ///
    /// - Complexity: O(outputSize), or O(inputSize) when shrinking.
    public static func bicubic(from inputSize: Int, to outputSize: Int) -> ResamplingWeights {
        bicubic(from: inputSize, to: outputSize, outputs: 0..<outputSize)
    }

    /// The rows of that table for some outputs only, counted from 0 at the lower bound.
    static func bicubic(
        from inputSize: Int, to outputSize: Int, outputs: Range<Int>
    ) -> ResamplingWeights {
        precondition(inputSize > 0 && outputSize > 0, "resampling needs at least one sample")
        let scale = Double(inputSize) / Double(outputSize)
        let stretch = max(scale, 1)
        let support = 2 * stretch
        let stride = Int(support.rounded(.up)) * 2 + 1
        var first: [Int] = []
        var count: [Int] = []
        var values = [Double](repeating: 0, count: outputs.count * stride)
        first.reserveCapacity(outputs.count)
        count.reserveCapacity(outputs.count)
        for (row, output) in outputs.enumerated() {
            let center = (Double(output) + 0.5) * scale
            let low = max(Int(center - support + 0.5), 0)
            let high = min(Int(center + support + 0.5), inputSize)
            var sum = 0.0
            for index in low..<high {
                // Pillow multiplies by the inverse here, and a division would round otherwise.
                let weight = cubic((Double(index) - center + 0.5) * (1 / stretch))
                values[row * stride + index - low] = weight
                sum += weight
            }
            if sum != 0 {
                for index in 0..<high - low { values[row * stride + index] /= sum }
            }
            first.append(low)
            count.append(high - low)
        }
        return ResamplingWeights(first: first, count: count, stride: stride, values: values)
    }
}

/// Keys' cubic kernel with a = -0.5, in Pillow's order of operations.
private func cubic(_ offset: Double) -> Double {
    let a = -0.5
    let x = abs(offset)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
}
