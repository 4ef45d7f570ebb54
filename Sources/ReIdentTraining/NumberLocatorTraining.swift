// Learning to find numbers on crops.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentCLIP
import ReIdentEngine
import ReIdentFoundation

/// How a locator of numbers learns.
public struct NumberLocatorTraining: Sendable {
    /// A locator, and how well it finds the numbers of players it did not learn from.
    public struct Outcome: Sendable {
        /// The locator.
        public let locator: NumberLocator
        /// On players that were kept aside.
        public let score: NumberLocatorScore
        /// How many crops were learned from.
        public let crops: Int
    }

    /// The fewest crops a locator is learned from.
    public static let leastCrops = 100
    /// Of how many players of a hundred the crops are kept aside, to measure on.
    private static let keptAside = 0.1
    /// How far crops are shifted, in fields of the thumbnail.
    private static let largestShift = 3

    /// How often every crop is seen.
    public var epochs = 24
    /// Crops of a step.
    public var batchSize = 128
    /// The highest learning rate.
    public var learningRate = 5e-3
    /// Decides start values, order and changes of crops.
    public var seed: UInt64 = 1

    /// The values above.
    public init() {}

    /// Learns from crops.
    ///
    /// - Parameters:
    ///   - crops: At least `leastCrops` of them.
    ///   - dataset: What messages call them.
    ///   - progress: Is told after every step, and the loss.
    /// - Returns: A locator.
    /// - Throws: `TrainingError.tooFewNumberBoxes` or `.locatorDiverged`, `EngineError`, or
    ///   `CancellationError`.
    public func run(
        _ crops: NumberLocatorCrops, dataset: String,
        progress: @escaping @Sendable (_ done: Int, _ total: Int, _ loss: Float) -> Void = {
            _, _, _ in
        }
    ) async throws -> Outcome {
        let (aside, learned) = crops.parted(share: Self.keptAside, seed: seed)
        guard learned.count >= Self.leastCrops, aside.count > 0 else {
            throw TrainingError.tooFewNumberBoxes(
                dataset: dataset, found: crops.count, needed: Self.leastCrops)
        }
        try Engine.load()
        let locator = try await self.locator(from: learned, progress: progress)
        return Outcome(
            locator: locator, score: aside.score(of: locator), crops: learned.count)
    }

    @EngineActor
    private func locator(
        from learned: NumberLocatorCrops, progress: @Sendable (Int, Int, Float) -> Void
    ) throws -> NumberLocator {
        let targets = learned.crops.map(\.target)
        func mean(_ place: Int) -> Float {
            targets.reduce(0) { $0 + $1[place] } / Float(targets.count)
        }
        let network = try NumberLocatorNetwork(size: (mean(2), mean(3)), seed: seed)
        let optimizer = try AdamW(network.parameters)
        let size = min(batchSize, learned.count)
        let steps = learned.count / size
        let schedule = LearningRateSchedule(
            shape: .cosine, peak: learningRate, end: 0, warmupSteps: epochs * steps / 10,
            totalSteps: epochs * steps)
        var generator = SeededGenerator(seed: seed, stream: 0x6F72_6465)
        var step = 0
        for _ in 0..<epochs {
            let order = generator.shuffled(Array(learned.crops.indices))
            for first in stride(from: 0, through: learned.count - size, by: size) {
                try Task.checkCancellation()
                let chosen = order[first..<first + size].map { learned.crops[$0] }
                let batch = Batch(chosen, using: &generator)
                let loss = try loss(of: network, on: batch)
                let value = try loss.item()
                guard value.isFinite else {
                    throw TrainingError.locatorDiverged(step: step, learningRate: learningRate)
                }
                try loss.backward()
                try optimizer.step(learningRate: schedule.rate(at: step))
                try optimizer.clearGradients()
                step += 1
                progress(step, epochs * steps, value)
            }
        }
        return try network.locator()
    }

    /// The mean squared error, middles in longer sides of numbers.
    @EngineActor
    private func loss(of network: NumberLocatorNetwork, on batch: Batch) throws -> Tensor {
        let side = NumberLocator.side
        let boxes = try network.boxes(
            Tensor.floats(batch.pixels, shape: [batch.count, 3, side, side]))
        let difference = try boxes.adding(
            Tensor.floats(batch.targets.map { -$0 }, shape: [batch.count, 4])
        ).multiplied(by: Tensor.floats(batch.weights, shape: [batch.count, 4]))
        return try difference.multiplied(by: difference).sum().scaled(by: 1 / Double(batch.count))
    }

    /// Crops of a step, each changed by chance: mirrored, shifted, in other colours.
    private struct Batch {
        let count: Int
        var pixels: [Float] = []
        var targets: [Float] = []
        var weights: [Float] = []

        init(_ crops: [NumberLocatorCrops.Crop], using generator: inout SeededGenerator) {
            count = crops.count
            let side = NumberLocator.side
            pixels.reserveCapacity(count * 3 * side * side)
            for crop in crops {
                func drawn(_ reach: Double) -> Float {
                    Float((2 * generator.uniform() - 1) * reach)
                }
                let isMirrored = generator.uniform() < 0.5
                let reach = 2 * largestShift + 1
                let down = generator.integer(below: reach) - largestShift
                let right = generator.integer(below: reach) - largestShift
                let gain = 1 + drawn(0.45)
                for channel in 0..<3 {
                    let shift = drawn(0.5)
                    for row in 0..<side {
                        let source = min(max(row - down, 0), side - 1) * side
                        for column in 0..<side {
                            // Fields beyond the edge repeat it.
                            let seen = min(max(column - right, 0), side - 1)
                            let place = source + (isMirrored ? side - 1 - seen : seen)
                            let value = Float(crop.thumbnail[3 * place + channel]) / 255
                            let normal =
                                (value - NumberLocator.pixelMean) / NumberLocator.pixelDeviation
                            pixels.append(normal * gain + shift)
                        }
                    }
                }
                var target = crop.target
                if isMirrored { target[0] = 1 - target[0] }
                target[0] += Float(right) / Float(side)
                target[1] += Float(down) / Float(side)
                targets += target
                weights += crop.weights
            }
        }
    }
}

extension NumberLocatorCrops.Crop {
    /// The box as the network gives it: middle, and logarithms of width and height.
    var target: [Float] {
        [truth.centerX, truth.centerY, log(truth.width), log(truth.height)]
            .map { Float($0) }
    }
}
