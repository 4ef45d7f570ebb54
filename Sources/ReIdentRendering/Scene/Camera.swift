// A camera: where it hangs, and what its lens, sensor and compression make of colours and edges.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// One camera of a game, with its own view, colours and sharpness.
public struct Camera: Sendable, Equatable {
    /// How far it looks down, in radians.
    let pitch: Double
    /// Its distance from the players, in metres.
    let distance: Double
    /// The height of a player in its pictures, in pixels, about.
    public let playerHeight: Double
    /// Factors of red, green and blue.
    let cast: [Double]
    let saturation: Double
    /// Exponent of brightness: above 1 is darker.
    let gamma: Double
    let contrast: Double
    /// Standard deviation of its blur, in pixels of the crop.
    let blur: Double
    /// How strongly edges are exaggerated, as broadcasters do.
    let sharpening: Double
    /// Standard deviation of its noise, of 255.
    let noise: Double
    /// The quality of its JPEG files, of 100.
    let quality: Int
    /// How much of a frame's time its shutter is open: players in motion blur.
    let shutter: Double

    /// A camera at random.
    ///
    /// - Parameter generator: Decides all of it.
    public init(using generator: inout SeededGenerator) {
        pitch = generator.one(of: [
            (generator.number(0.12, 0.3), 1.2), (generator.number(0.3, 0.62), 2),
        ])
        distance = generator.number(8, 22)
        playerHeight = generator.one(of: [
            (generator.number(55, 95), 0.8), (generator.number(95, 170), 2),
            (generator.number(170, 235), 1.6),
        ])
        let warmth = generator.bell() * 0.075
        cast = [1 + warmth, 1 + generator.bell() * 0.03, 1 - warmth]
        saturation = 1 + generator.bell() * 0.2
        gamma = 1 + generator.bell() * 0.14
        contrast = 1 + generator.bell() * 0.1
        blur = generator.number(0.25, 1.1)
        sharpening = generator.chance(0.6) ? generator.number(0.2, 0.9) : 0
        noise = generator.number(0.8, 5)
        quality = 55 + generator.integer(below: 38)
        shutter = generator.number(0, 1)
    }
}
