// A locator of numbers while it learns: the same layers as `NumberLocator`, with gradients, and
// with batch norms that are put into the convolutions at the end.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
import ReIdentEngine
import ReIdentFoundation

/// The learning form of a locator.
@EngineActor
struct NumberLocatorNetwork {
    private struct Block {
        let weight: Tensor
        let gain: Tensor
        let bias: Tensor
        let mean: Tensor
        let variance: Tensor
        let geometry: ConvolutionGeometry
    }

    private static let epsilon = 1e-5

    private let blocks: [Block]
    private let headWeight: Tensor
    private let headBias: Tensor
    /// Middles of the places, `[T, 2]`, for a batch `[1, T, 2]`.
    private let places: [Float]

    /// A network with start values by a seed.
    ///
    /// - Parameters:
    ///   - size: What numbers' sizes begin with: logarithms of width and height.
    ///   - seed: Decides the start values.
    /// - Throws: `EngineError` if the engine is missing.
    init(size: (width: Float, height: Float), seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed, stream: 0x6C6F_6361)
        func drawn(_ shape: [Int]) throws -> Tensor {
            let fanIn = shape.dropFirst().reduce(1, *)
            let bound = (3 / Double(fanIn)).squareRoot()
            return try .floats(
                (0..<shape.reduce(1, *)).map { _ in
                    Float((2 * generator.uniform() - 1) * bound)
                }, shape: shape)
        }
        func constant(_ value: Float, _ count: Int) throws -> Tensor {
            try .floats([Float](repeating: value, count: count), shape: [count])
        }
        var (blocks, inputs) = ([Block](), 3)
        for (channels, stride) in NumberLocator.plan {
            blocks.append(
                Block(
                    weight: try drawn([channels, inputs, 3, 3]), gain: try constant(1, channels),
                    bias: try constant(0, channels), mean: try constant(0, channels),
                    variance: try constant(1, channels),
                    geometry: ConvolutionGeometry(stride: stride, padding: 1)))
            inputs = channels
        }
        self.blocks = blocks
        headWeight = try drawn([NumberLocator.headChannels, inputs, 1, 1])
        headBias = try .floats([0, size.width, size.height], shape: [NumberLocator.headChannels])
        let side = NumberLocator.gridSide
        places = (0..<side * side).flatMap { place in
            [place % side, place / side].map { (Float($0) + 0.5) / Float(side) }
        }
        for parameter in parameters { try parameter.tensor.setRequiresGradient(true) }
    }

    /// What is learned.
    var parameters: [NamedParameter] {
        blocks.enumerated().flatMap { place, block in
            [
                NamedParameter(name: "\(place).weight", tensor: block.weight),
                NamedParameter(name: "\(place).gain", tensor: block.gain),
                NamedParameter(name: "\(place).bias", tensor: block.bias),
            ]
        } + [
            NamedParameter(name: "head.weight", tensor: headWeight),
            NamedParameter(name: "head.bias", tensor: headBias),
        ]
    }

    /// Boxes of a batch, by the batch's own statistics.
    ///
    /// - Parameter images: `[N, 3, S, S]`, normalised.
    /// - Returns: `[N, 4]`: middle, and logarithms of width and height, in shares.
    /// - Throws: `EngineError` if memory is exhausted.
    func boxes(_ images: Tensor) throws -> Tensor {
        var map = images
        for block in blocks {
            map = try map.convolution(
                weight: block.weight, bias: nil, block.geometry, computingIn: .float32
            ).batchNorm(
                weight: block.gain, bias: block.bias, mean: block.mean, variance: block.variance,
                usesBatch: true, epsilon: Self.epsilon, isRectified: true)
        }
        map = try map.convolution(
            weight: headWeight, bias: headBias, ConvolutionGeometry(), computingIn: .float32)
        let (count, side) = (map.shape[0], map.shape[2])
        let tokens = try map.reshaped([count, map.shape[1], side * side]).permuted([0, 2, 1])
        // The softmax over places is attention of one query of which only the first number is not
        // zero: 2 · logit / √4.
        let zeros = try Tensor.floats(
            [Float](repeating: 0, count: count * side * side), shape: [count, side * side, 1])
        let keys = try Tensor.concatenated([tokens, zeros], dimension: 2)
        let middles = try Tensor.floats(places, shape: [1, side * side, 2])
            .expanded([count, side * side, 2])
        let values = try Tensor.concatenated(
            [middles, tokens.narrowed(dimension: 2, to: 1..<3)], dimension: 2)
        let query = try Tensor.floats([2, 0, 0, 0], shape: [1, 1, 4]).expanded([count, 1, 4])
        return try query.attention(keys: keys, values: values, heads: 1).reshaped([count, 4])
    }

    /// The network as it is used: norms by running statistics, put into the convolutions.
    func locator() throws -> NumberLocator {
        var (layers, inputs) = ([NumberLocator.Layer](), 3)
        for block in blocks {
            let folded = try withoutGradients {
                try block.weight.foldingBatchNorm(
                    gain: block.gain, bias: block.bias, mean: block.mean,
                    variance: block.variance, epsilon: Self.epsilon)
            }
            let bias = try folded.bias.floatValues()
            layers.append(
                .init(
                    weight: try folded.weight.floatValues(), bias: bias, inputs: inputs,
                    stride: block.geometry.stride))
            inputs = bias.count
        }
        layers.append(
            .init(
                weight: try headWeight.floatValues(), bias: try headBias.floatValues(),
                inputs: inputs, stride: 1))
        return NumberLocator(layers: layers)
    }
}
