// How the learning rate changes from step to step.
// The formulas of the schedules with warm-up in Hugging Face's transformers, which the recipe uses:
// warm-up begins at 0, so the first step changes nothing.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A learning rate for every optimiser step.
public struct LearningRateSchedule: Sendable, Equatable {
    /// What follows the warm-up.
    public enum Shape: String, Sendable, Codable, CaseIterable {
        /// Falls with the square of the time left, to the end rate.
        case polynomial
        /// Falls like half a cosine, to 0.
        case cosine
        /// Falls in a straight line, to 0.
        case linear
        /// Stays.
        case constant
    }

    /// What follows the warm-up.
    public let shape: Shape
    /// The rate at the end of the warm-up.
    public let peak: Double
    /// Where the polynomial ends; the others do not use it.
    public let end: Double
    /// Steps in which the rate rises in a straight line.
    public let warmupSteps: Int
    /// All steps, warm-up included.
    public let totalSteps: Int

    /// A schedule by its lengths.
    public init(shape: Shape, peak: Double, end: Double, warmupSteps: Int, totalSteps: Int) {
        self.shape = shape
        self.peak = peak
        self.end = end
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
    }

    /// A schedule by epochs, with the recipe's lengths.
    ///
    /// The warm-up counts batches whatever the accumulation; the whole counts optimiser steps.
    public init(
        shape: Shape, peak: Double, end: Double, batchesPerEpoch: Int, epochs: Int,
        warmupEpochs: Double, accumulation: Int
    ) {
        self.init(
            shape: shape, peak: peak, end: end,
            warmupSteps: Int(Double(batchesPerEpoch) * warmupEpochs),
            totalSteps: batchesPerEpoch * epochs / accumulation)
    }

    /// The rate of an optimiser step, counted from 0.
    public func rate(at step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step) / Double(max(1, warmupSteps)) }
        let length = Double(totalSteps - warmupSteps)
        let progress = Double(step - warmupSteps) / max(1, length)
        switch shape {
        case .constant: return peak
        case .linear: return peak * max(0, Double(totalSteps - step) / max(1, length))
        case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * progress)))
        case .polynomial:
            if step > totalSteps || length <= 0 { return end }
            let remaining = 1 - Double(step - warmupSteps) / length
            return (peak - end) * remaining * remaining + end
        }
    }
}
