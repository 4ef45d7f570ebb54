// Chance changes to training crops: how often each comes, and how strong it is then.
// The strengths were chosen by eye on crops 128 pixels tall, docs/ROBUSTNESS.md has what they do.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentFoundation

/// How often training crops are changed in each way; all 0 is the paper's recipe.
public struct ImageAugmentation: Sendable, Codable, Equatable {
    /// Probability that a crop is blurred, by focus or by movement.
    public var blur = 0.0
    /// Probability that a crop is scaled down and up again.
    public var rescale = 0.0
    /// Probability that a crop is compressed as JPEG.
    public var jpeg = 0.0
    /// Probability that the colours of a camera are shifted, in each step anew.
    public var colorShift = 0.0
    /// Probability that part of a crop is hidden.
    public var erase = 0.0
    /// Probability that of a crop only the part is taken that numbers are read on.
    public var shirt = 0.0

    /// No augmentation.
    public init() {}

    /// What makes pictures worse, for footage that is worse than the training images.
    ///
    /// Colours and hidden parts are left alone: they cost more than they gain (docs/ROBUSTNESS.md).
    public static var robust: ImageAugmentation {
        var result = ImageAugmentation()
        result.blur = 0.3
        result.rescale = 0.3
        result.jpeg = 0.3
        return result
    }

    /// Whether nothing is ever changed.
    public var isNone: Bool { self == ImageAugmentation() }

    /// Each way by its name on the command line, with its probability.
    public var probabilities: [(name: String, value: Double)] {
        [
            ("blur", blur), ("rescale", rescale), ("jpeg", jpeg), ("color-shift", colorShift),
            ("erase", erase), ("shirt", shirt),
        ]
    }

    /// For example `blur 0.3, erase 0.2`; `none` where nothing is ever changed.
    public var summary: String {
        isNone
            ? "none"
            : probabilities.filter { $0.value > 0 }.map { "\($0.name) \($0.value)" }
                .joined(separator: ", ")
    }

    /// Draws the changes of one crop, but for its camera's colours.
    ///
    /// The same numbers are drawn whatever the probabilities are, so that a crop's blur stays the
    /// same when compression is added to it.
    public func degradation(using generator: inout SeededGenerator) -> ImageDegradation {
        var result = ImageDegradation()
        let isBlurred = generator.uniform() < blur
        let blurred = Self.blur(using: &generator)
        let isRescaled = generator.uniform() < rescale
        let height = Self.heights.lowerBound * pow(Self.heightRatio, generator.uniform())
        let isCompressed = generator.uniform() < jpeg
        let quality = Self.qualities.lowerBound + generator.integer(below: Self.qualities.count)
        let isErased = generator.uniform() < erase
        let erased = Self.erasing(using: &generator)
        if isBlurred { result.blur = blurred }
        if isRescaled { result.height = Int(height.rounded()) }
        if isCompressed { result.jpegQuality = quality }
        if isErased { result.erasing = erased }
        return result
    }

    /// Draws whether only the part of a crop is taken that numbers are read on.
    public func isCutToShirt(using generator: inout SeededGenerator) -> Bool {
        generator.uniform() < shirt
    }

    /// Draws the colours of one camera; nil if they are not shifted.
    public func colorShift(using generator: inout SeededGenerator) -> ColorShift? {
        func drawn(_ range: ClosedRange<Double>) -> Double { generator.uniform(in: range) }
        let isShifted = generator.uniform() < colorShift
        var result = ColorShift()
        let exposure = exp2(drawn(-0.35...0.35))
        let warmth = drawn(-0.1...0.1)
        let tint = drawn(-0.05...0.05)
        result.gains = [exposure * (1 + warmth), exposure * (1 + tint), exposure * (1 - warmth)]
        result.gamma = exp2(drawn(-0.3...0.3))
        result.saturation = drawn(0.6...1.4)
        return isShifted ? result : nil
    }

    // MARK: Strengths

    /// Standard deviation of a blur by focus, in pixels of a crop 128 tall.
    private static let sigmas = 0.5...2.5
    /// Length of a blur by movement, in pixels of a crop 128 tall.
    private static let lengths = 3.0...10.0
    /// Rows a player is scaled down to; small ones as often as large ones, by ratio.
    ///
    /// Compressed players of fewer rows were beyond recognition by eye.
    private static let heights = 32.0...96.0
    /// JPEG qualities: from heavy compression to one that can hardly be seen.
    private static let qualities = 15...70
    /// Share of the crop that is hidden.
    private static let areas = 0.05...0.25

    private static var heightRatio: Double { heights.upperBound / heights.lowerBound }

    private static func blur(using generator: inout SeededGenerator) -> Blur {
        let isMotion = generator.uniform() < 0.5
        let size = generator.uniform()
        let angle = 180 * generator.uniform()
        func within(_ range: ClosedRange<Double>) -> Double {
            range.lowerBound + size * (range.upperBound - range.lowerBound)
        }
        return isMotion
            ? .motion(length: within(lengths), angle: angle) : .gaussian(sigma: within(sigmas))
    }

    /// A rectangle that lies wholly on the crop, of 1 : 3 to 3 : 1 of the crop's own shape.
    private static func erasing(using generator: inout SeededGenerator) -> Erasing {
        let area = generator.uniform(in: areas)
        let shape = exp(generator.uniform(in: -log(3)...log(3)))
        let width = min(1, (area * shape).squareRoot())
        let height = min(1, (area / shape).squareRoot())
        let left = generator.uniform() * (1 - width)
        let top = generator.uniform() * (1 - height)
        let color = (0..<3).map { _ in UInt8(generator.integer(below: 256)) }
        return Erasing(left: left, top: top, width: width, height: height, color: color)
    }
}

extension SeededGenerator {
    /// A number of a range, each equally likely.
    fileprivate mutating func uniform(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + uniform() * (range.upperBound - range.lowerBound)
    }
}
