// What is measured of a crop: against pictures whose faults are known.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import Testing

@testable import ReIdentImages

@Suite("Image quality")
struct ImageQualityTests {
    /// Coloured blocks with fine noise: as sharp as a picture can be.
    private func picture(width: Int = 64, height: Int = 128, seed: UInt64 = 1) -> Image {
        var generator = SeededGenerator(seed: seed)
        var pixels: [UInt8] = []
        for row in 0..<height {
            for column in 0..<width {
                let block = (row / 16 + column / 16) % 2 == 0 ? 70 : 170
                for _ in 0..<3 { pixels.append(UInt8(block + generator.integer(below: 40))) }
            }
        }
        return Image(width: width, height: height, pixels: pixels)
    }

    private func flat(_ level: UInt8) -> Image {
        Image(width: 40, height: 80, pixels: [UInt8](repeating: level, count: 40 * 80 * 3))
    }

    @Test("the more a picture is blurred, the more blur is measured, whatever its contrast")
    func blur() {
        let sharp = ImageQuality(picture()).blur
        var last = sharp
        for sigma in [0.5, 1, 2, 4] {
            let blurred = ImageQuality(Blur.gaussian(sigma: sigma).apply(picture())).blur
            #expect(blurred > last)
            last = blurred
        }
        #expect(sharp < 0.5 && last > sharp + 0.15)
        // Half the contrast is the same blur.
        let pale = Image(
            width: 64, height: 128, pixels: picture().pixels.map { 64 + $0 / 2 })
        #expect(abs(ImageQuality(pale).blur - sharp) < 0.05)
        // Moved along the rows only: it is the worse direction that counts.
        let moved = Blur.motion(length: 9, angle: 0).apply(picture())
        #expect(ImageQuality(moved).blur > sharp + 0.1)
    }

    @Test("exposure: dark, bright, flat and clipped pictures say so")
    func exposure() {
        #expect(ImageQuality(flat(4)).remarks.contains(.dark))
        #expect(ImageQuality(flat(252)).remarks.contains(.bright))
        #expect(ImageQuality(flat(120)).remarks.contains(.flat))
        #expect(ImageQuality(flat(0)).clipped == 1 && ImageQuality(flat(120)).clipped == 0)
        let quality = ImageQuality(picture())
        #expect(quality.remarks == [])
        #expect(abs(quality.brightness - 139.5 / 255) < 0.01)
        #expect(quality.contrast > 0.15 && quality.clipped == 0)
    }

    @Test("bars at the edges, small crops and cut players are noticed")
    func shape() {
        let letterboxed = Letterbox(side: 128).apply(picture()).image
        let quality = ImageQuality(letterboxed)
        #expect(abs(quality.bars - 0.5) < 0.02)
        #expect(quality.remarks.contains(.bars) && quality.remarks.contains(.cut))
        #expect(ImageQuality(picture()).bars == 0)
        #expect(ImageQuality(picture(width: 20, height: 40)).remarks.first == .small)
    }

    @Test("pictures of a pixel are measured, too", arguments: [(1, 1), (1, 9), (9, 1), (2, 2)])
    func tiny(width: Int, height: Int) {
        let quality = ImageQuality(picture(width: width, height: height))
        for value in [
            quality.blur, quality.brightness, quality.contrast, quality.clipped, quality.bars,
        ] {
            #expect((0...1).contains(value))
        }
    }
}
