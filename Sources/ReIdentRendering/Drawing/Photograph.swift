// What a camera makes of a drawn scene: smaller, softer, tinted, noisy.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentImages

/// A picture in single precision on its way through a camera, `[H, W, 3]`, 0...255.
struct Photograph {
    private(set) var width: Int
    private(set) var height: Int
    private var values: [Float]

    /// The scene reduced by whole-numbered blocks of pixels, whose means are taken.
    init(_ image: Image, reducedBy factor: Int) {
        width = image.width / factor
        height = image.height / factor
        values = reduced(image.pixels, image.width, width, height, factor)
    }

    /// Blurs along a direction, as motion does.
    ///
    /// - Parameters:
    ///   - x: The whole motion to the right, in pixels.
    ///   - y: The whole motion down, in pixels.
    mutating func smear(x: Double, y: Double) {
        let steps = min(24, Int((x * x + y * y).squareRoot().rounded(.up)) * 2)
        guard steps > 1 else { return }
        var sum = [Float](repeating: 0, count: values.count)
        for step in 0..<steps {
            let share = (Double(step) + 0.5) / Double(steps) - 0.5
            add(to: &sum, Int((x * share).rounded()), Int((y * share).rounded()))
        }
        let factor = 1 / Float(steps)
        for index in sum.indices { sum[index] *= factor }
        values = sum
    }

    private func add(to sum: inout [Float], _ right: Int, _ down: Int) {
        for row in 0..<height {
            let from = min(max(row + down, 0), height - 1)
            for column in 0..<width {
                let source = (from * width + min(max(column + right, 0), width - 1)) * 3
                let target = (row * width + column) * 3
                sum[target] += values[source]
                sum[target + 1] += values[source + 1]
                sum[target + 2] += values[source + 2]
            }
        }
    }

    /// Blurs by a bell of a standard deviation in pixels.
    mutating func soften(_ deviation: Double) {
        guard deviation > 0.2 else { return }
        let reach = max(1, Int((deviation * 2.5).rounded(.up)))
        var weights = (-reach...reach).map {
            Float(exp(-Double($0 * $0) / (2 * deviation * deviation)))
        }
        let sum = weights.reduce(0, +)
        for index in weights.indices { weights[index] /= sum }
        values = convolved(values, weights, step: 3, count: width, lines: height, stride: width * 3)
        values = convolved(values, weights, step: width * 3, count: height, lines: width, stride: 3)
    }

    private func convolved(
        _ source: [Float], _ weights: [Float], step: Int, count: Int, lines: Int, stride: Int
    ) -> [Float] {
        let reach = weights.count / 2
        var result = [Float](repeating: 0, count: source.count)
        for line in 0..<lines {
            for place in 0..<count {
                for channel in 0..<3 {
                    var sum: Float = 0
                    for offset in -reach...reach {
                        let from = min(max(place + offset, 0), count - 1)
                        sum +=
                            weights[offset + reach] * source[line * stride + from * step + channel]
                    }
                    result[line * stride + place * step + channel] = sum
                }
            }
        }
        return result
    }

    /// Exaggerates edges.
    mutating func sharpen(_ strength: Double) {
        guard strength > 0 else { return }
        var soft = self
        soft.soften(1.2)
        for index in values.indices {
            values[index] += Float(strength) * (values[index] - soft.values[index])
        }
    }

    /// Changes colours as a camera does: tint, saturation, brightness, contrast.
    mutating func develop(_ camera: Camera, exposure: Double) {
        let curve = (0...255).map { level in
            let bright = pow(Double(level) / 255, camera.gamma)
            return Float(((bright - 0.5) * camera.contrast + 0.5) * 255 * exposure)
        }
        let cast = camera.cast.map(Float.init)
        let saturation = Float(camera.saturation)
        for place in stride(from: 0, to: values.count, by: 3) {
            let channels = (0..<3).map { channel -> Float in
                let level = min(max(values[place + channel] * cast[channel], 0), 255)
                return curve[Int(level)]
            }
            let gray = 0.299 * channels[0] + 0.587 * channels[1] + 0.114 * channels[2]
            for channel in 0..<3 {
                values[place + channel] = gray + (channels[channel] - gray) * saturation
            }
        }
    }

    /// Adds noise, a grain over neighbouring pixels.
    mutating func addNoise(_ deviation: Double, _ generator: inout SeededGenerator) {
        for place in stride(from: 0, to: values.count, by: 3) {
            let word = generator.next()
            // Sums of uniform bytes are bell-shaped enough for grain.
            func part(_ shift: UInt64) -> Float { Float((word >> shift) & 0xFF) / 255 - 0.5 }
            let gray = (part(0) + part(8) + part(16)) * Float(deviation) * 1.7
            values[place] += gray + part(24) * Float(deviation)
            values[place + 1] += gray + part(32) * Float(deviation)
            values[place + 2] += gray + part(40) * Float(deviation)
        }
    }

    /// The picture in bytes.
    func image() -> Image {
        Image(
            width: width, height: height,
            pixels: values.map { UInt8(min(max($0.rounded(), 0), 255)) })
    }
}

/// Means of blocks of `factor` x `factor` pixels, `[height, width, 3]`.
private func reduced(
    _ pixels: [UInt8], _ sourceWidth: Int, _ width: Int, _ height: Int, _ factor: Int
) -> [Float] {
    var result = [Float](repeating: 0, count: width * height * 3)
    let share = 1 / Float(factor * factor)
    for row in 0..<height {
        for column in 0..<width {
            for channel in 0..<3 {
                var sum = 0
                for y in row * factor..<(row + 1) * factor {
                    for x in column * factor..<(column + 1) * factor {
                        sum += Int(pixels[(y * sourceWidth + x) * 3 + channel])
                    }
                }
                result[(row * width + column) * 3 + channel] = Float(sum) * share
            }
        }
    }
    return result
}
