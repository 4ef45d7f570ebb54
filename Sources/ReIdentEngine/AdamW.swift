// AdamW in LibTorch's fused kernel, with its state laid open so that it can be saved.
// Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019.
//
// SPDX-License-Identifier: MIT

import CReIdentEngine

/// A parameter with the name under which it and its state are stored.
public struct NamedParameter {
    /// The name, as in the weights' file.
    public let name: String
    /// The values; records gradients.
    public let tensor: Tensor

    /// Joins a name and a tensor.
    public init(name: String, tensor: Tensor) {
        self.name = name
        self.tensor = tensor
    }
}

/// The AdamW optimiser over a fixed list of parameters.
public final class AdamW {
    /// What stays the same from step to step; defaults are PyTorch's.
    public struct Options: Sendable, Equatable {
        /// Decay of the mean of gradients.
        public var beta1 = 0.9
        /// Decay of the mean of squared gradients.
        public var beta2 = 0.999
        /// Keeps the division finite.
        public var epsilon = 1e-8
        /// Share of each parameter taken away a step, times the learning rate.
        public var weightDecay = 0.01

        /// PyTorch's defaults.
        public init(weightDecay: Double = 0.01) { self.weightDecay = weightDecay }
    }

    /// The parameters, in the order of the state.
    public let parameters: [NamedParameter]
    /// The options.
    public let options: Options
    /// Mean of gradients, one tensor a parameter.
    public let firstMoments: [Tensor]
    /// Mean of squared gradients, one tensor a parameter.
    public let secondMoments: [Tensor]
    /// Steps made, a tensor of one element a parameter.
    public let stepCounts: [Tensor]
    /// The places of parameters that decay, and of those that do not.
    private let decaying: [Int]
    private let constant: [Int]

    /// An optimiser that has made no step.
    ///
    /// - Parameters:
    ///   - parameters: What it moves.
    ///   - options: What stays the same from step to step.
    ///   - decays: Whether the weight decay reaches a parameter.
    /// - Throws: `EngineError` if memory is exhausted.
    public init(
        _ parameters: [NamedParameter], options: Options = Options(),
        decays: (NamedParameter) -> Bool = { _ in true }
    ) throws(EngineError) {
        var (first, second, counts): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
        for parameter in parameters {
            first.append(try parameter.tensor.zerosLike())
            second.append(try parameter.tensor.zerosLike())
            counts.append(try Tensor.floats([0], shape: [1], device: parameter.tensor.device))
        }
        self.parameters = parameters
        self.options = options
        decaying = parameters.indices.filter { decays(parameters[$0]) }
        constant = parameters.indices.filter { !decays(parameters[$0]) }
        (firstMoments, secondMoments, stepCounts) = (first, second, counts)
    }

    /// Moves every parameter that has a gradient.
    ///
    /// - Throws: `EngineError` if a gradient is of another type or device.
    public func step(learningRate: Double) throws(EngineError) {
        try step(decaying, learningRate: learningRate, weightDecay: options.weightDecay)
        try step(constant, learningRate: learningRate, weightDecay: 0)
    }

    private func step(
        _ places: [Int], learningRate: Double, weightDecay: Double
    ) throws(EngineError) {
        guard let first = places.first else { return }
        func chosen(_ tensors: [Tensor]) -> [OpaquePointer?] { handles(places.map { tensors[$0] }) }
        let engine = parameters[first].tensor.engine
        try engine.check(
            "adamw_step",
            engine.functions.pointee.adamw_step(
                chosen(parameters.map(\.tensor)), chosen(firstMoments), chosen(secondMoments),
                chosen(stepCounts), Int32(places.count), learningRate, options.beta1,
                options.beta2, options.epsilon, weightDecay))
    }

    /// Forgets all gradients.
    ///
    /// - Throws: `EngineError` never in practice.
    public func clearGradients() throws(EngineError) {
        for parameter in parameters { try parameter.tensor.clearGradient() }
    }

    /// Scales all gradients so that their joint norm is at most `maximumNorm`.
    ///
    /// - Parameter maximumNorm: Nil only measures.
    /// - Returns: The norm before.
    /// - Throws: `EngineError` if the device fails.
    ///
    /// Source: as `torch.nn.utils.clip_grad_norm_`.
    @discardableResult
    public func clipGradients(to maximumNorm: Double?) throws(EngineError) -> Double {
        guard let engine = parameters.first?.tensor.engine else { return 0 }
        var norm = 0.0
        try engine.check(
            "clip_gradients",
            engine.functions.pointee.clip_gradients(
                handles(parameters.map(\.tensor)), Int32(parameters.count),
                maximumNorm ?? .infinity, &norm))
        return norm
    }

    /// Multiplies all gradients by a number.
    ///
    /// - Returns: Whether all of them were finite.
    /// - Throws: `EngineError` if the device fails.
    public func unscaleGradients(by factor: Double) throws(EngineError) -> Bool {
        guard let engine = parameters.first?.tensor.engine else { return true }
        var found: Int32 = 0
        try engine.check(
            "unscale_gradients",
            engine.functions.pointee.unscale_gradients(
                handles(parameters.map(\.tensor)), Int32(parameters.count), factor, &found))
        return found == 0
    }

    /// Whether every parameter and moment is a finite number.
    ///
    /// - Returns: False also where numbers are so large that their sum is not finite.
    /// - Throws: `EngineError` if the device fails.
    public func isFinite() throws(EngineError) -> Bool {
        for tensor in parameters.map(\.tensor) + firstMoments + secondMoments {
            guard try tensor.sum().item().isFinite else { return false }
        }
        return true
    }

    private func handles(_ tensors: [Tensor]) -> [OpaquePointer?] {
        tensors.map { Optional($0.handle) }
    }
}
