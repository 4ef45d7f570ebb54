// Blur as footage has it: a lens out of focus, and movement while the shutter is open.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A blur whose size belongs to a crop of some height and grows with the crop.
///
/// The same camera blurs a near and a far player by the same number of pixels, but players move
/// and are enlarged in proportion to their size, and after the letterbox all are equally large. So
/// sizes are in pixels of a crop `referenceHeight` pixels tall, Market-1501's.
public enum Blur: Sendable, Equatable {
    /// Out of focus, or enlarged from few pixels: a Gaussian of standard deviation `sigma`.
    case gaussian(sigma: Double)
    /// Moved along a line of `length` pixels, `angle` degrees from the horizontal.
    case motion(length: Double, angle: Double)

    /// The height in pixels of the crop that sizes are given for.
    public static let referenceHeight = 128

    /// The blurred picture; the same where the blur's size is 0 or less.
    ///
    /// - Complexity: O(pixels · size).
    public func apply(_ image: Image) -> Image {
        let scale = Double(image.height) / Double(Self.referenceHeight)
        switch self {
        case .gaussian(let sigma):
            guard sigma > 0 else { return image }
            let weights = Self.gaussianWeights(sigma: max(sigma * scale, Self.leastSize))
            let along = BlurKernel(weights.map { (x: $0.offset, y: 0, weight: $0.weight) })
            let down = BlurKernel(weights.map { (x: 0, y: $0.offset, weight: $0.weight) })
            return down.apply(along.apply(image))
        case .motion(let length, let angle):
            guard length > 0 else { return image }
            return Self.line(
                length: max(length * scale, Self.leastSize), angle: angle * .pi / 180
            ).apply(image)
        }
    }

    /// A size in pixels that changes nothing, and whose square is still above 0.
    private static let leastSize = 1e-3

    /// A Gaussian at whole offsets, out to three standard deviations.
    private static func gaussianWeights(sigma: Double) -> [(offset: Int, weight: Double)] {
        let reach = max(1, Int((3 * sigma).rounded(.up)))
        return (-reach...reach).map { offset in
            (offset, exp(-Double(offset * offset) / (2 * sigma * sigma)))
        }
    }

    /// A line of even weight through the middle, each point shared by the four pixels around it.
    private static func line(length: Double, angle: Double) -> BlurKernel {
        struct Place: Hashable {
            let x: Int
            let y: Int
        }
        let points = Int((2 * length).rounded(.up)) + 1
        var weights: [Place: Double] = [:]
        for point in 0..<points {
            let distance = (Double(point) / Double(points - 1) - 0.5) * length
            let (x, y) = (distance * cos(angle), distance * sin(angle))
            let (left, top) = (x.rounded(.down), y.rounded(.down))
            for (column, across) in [(0, 1 - (x - left)), (1, x - left)] {
                for (row, along) in [(0, 1 - (y - top)), (1, y - top)] {
                    weights[Place(x: Int(left) + column, y: Int(top) + row), default: 0] +=
                        across * along
                }
            }
        }
        // In a fixed order: a dictionary's own changes from run to run, and ties would with it.
        return BlurKernel(
            weights.sorted { ($0.key.y, $0.key.x) < ($1.key.y, $1.key.x) }
                .map { (x: $0.key.x, y: $0.key.y, weight: $0.value) })
    }
}
