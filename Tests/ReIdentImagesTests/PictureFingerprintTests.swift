// By which near-duplicates are found: what changes a fingerprint, and what does not.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import Testing

@testable import ReIdentImages

@Suite("Picture fingerprint")
struct PictureFingerprintTests {
    /// Waves of random length and direction, on a square of some pixels.
    private func picture(seed: UInt64, side: Int = 64) -> Image {
        var generator = SeededGenerator(seed: seed)
        let waves = (0..<6).map { _ in
            (
                x: 6 * generator.uniform() - 3, y: 6 * generator.uniform() - 3,
                phase: 2 * Double.pi * generator.uniform()
            )
        }
        var pixels: [UInt8] = []
        for row in 0..<side {
            for column in 0..<side {
                let (x, y) = (
                    (Double(column) + 0.5) / Double(side), (Double(row) + 0.5) / Double(side)
                )
                let level = waves.reduce(0.0) {
                    $0 + cos(2 * .pi * ($1.x * x + $1.y * y) + $1.phase)
                }
                let value = UInt8(min(255, max(0, 128 + 20 * level)))
                pixels += [value, value, value]
            }
        }
        return Image(width: side, height: side, pixels: pixels)
    }

    @Test("size, compression, light and a little blur leave near-duplicates")
    func copies() throws {
        for seed in UInt64(1)...20 {
            let original = picture(seed: seed, side: 160)
            let fingerprint = PictureFingerprint(original)
            let jpeg = try ImageDecoder.decode(
                ImageEncoder.jpeg(original, quality: 40), name: "copy.jpeg")
            let pale = Image(
                width: original.width, height: original.height,
                pixels: original.pixels.map { 30 + $0 / 2 })
            for copy in [
                picture(seed: seed, side: 90), jpeg, pale,
                Blur.gaussian(sigma: 2).apply(original),
            ] {
                #expect(fingerprint.isNearDuplicate(of: PictureFingerprint(copy)))
            }
            #expect(fingerprint.distance(to: fingerprint) == 0)
        }
    }

    @Test("other pictures, and a picture in a mirror, are far off")
    func others() {
        let prints = (1...40).map { PictureFingerprint(picture(seed: $0)) }
        for (place, first) in prints.enumerated() {
            for second in prints.prefix(place) { #expect(!first.isNearDuplicate(of: second)) }
            let mirrored = picture(seed: UInt64(place + 1)).flippedHorizontally()
            #expect(!first.isNearDuplicate(of: PictureFingerprint(mirrored)))
        }
    }

    @Test("groups join by way of others, in order, the largest first")
    func groups() {
        func print(_ bits: Int) -> PictureFingerprint {
            PictureFingerprint(horizontal: (UInt64(1) << UInt64(bits)) - 1, vertical: 0)
        }
        // 0, 10, 20 are near one after another; 40 and 45 are.
        let prints = [print(40), print(0), nil, print(20), print(45), print(10)]
        #expect(
            PictureFingerprint.nearDuplicates(among: prints) == [[1, 3, 5], [0, 4]])
        #expect(PictureFingerprint.nearDuplicates(among: []).isEmpty)
    }

    @Test("one pixel has a fingerprint, too")
    func tiny() {
        let dot = PictureFingerprint(Image(width: 1, height: 1, pixels: [9, 9, 9]))
        #expect(dot.horizontal == 0 && dot.vertical == 0)
    }
}
