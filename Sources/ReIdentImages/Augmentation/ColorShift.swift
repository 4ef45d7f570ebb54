// How two cameras show the same kit differently: exposure, white balance, contrast, saturation.
//
// SPDX-License-Identifier: MIT

import Foundation

/// A camera's rendering of colour; the same for every picture it takes.
public struct ColorShift: Sendable, Equatable {
    /// Factors of red, green and blue: exposure and white balance together.
    public var gains = [1.0, 1.0, 1.0]
    /// Exponent on levels from 0 to 1: below 1 lifts the shadows, above 1 deepens them.
    public var gamma = 1.0
    /// Factor of the distance from grey: 0 is black and white.
    public var saturation = 1.0

    /// No shift.
    public init() {}

    /// The picture as that camera shows it.
    public func apply(_ image: Image) -> Image {
        guard self != ColorShift() else { return image }
        let tables = gains.map { gain in
            (0..<256).map { level in
                let value = pow(min(1, Double(level) / 255 * gain), gamma)
                return Int((255 * value).rounded())
            }
        }
        let share = Int((256 * saturation).rounded())
        let count = image.pixels.count
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { result, initialized in
            for start in stride(from: 0, to: count, by: 3) {
                let red = tables[0][Int(image.pixels[start])]
                let green = tables[1][Int(image.pixels[start + 1])]
                let blue = tables[2][Int(image.pixels[start + 2])]
                let grey = (77 * red + 150 * green + 29 * blue + 128) >> 8  // BT.601's luma
                func level(_ value: Int) -> UInt8 {
                    let shifted = grey + ((value - grey) * share + 128) >> 8
                    return UInt8(min(max(shifted, 0), 255))
                }
                result[start] = level(red)
                result[start + 1] = level(green)
                result[start + 2] = level(blue)
            }
            initialized = count
        }
        return Image(width: image.width, height: image.height, pixels: pixels)
    }
}
