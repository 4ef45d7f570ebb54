// Crops moved to the beginning of patches.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import Testing

@testable import ReIdentImages

@Suite("Alignment to patches")
struct ImageAlignmentTests {
    @Test("a player's crop begins where a patch does, and its pixels are the same")
    func moves() {
        var generator = SeededGenerator(seed: 4)
        let crop = Image(
            width: 8, height: 16,
            pixels: (0..<8 * 16 * 3).map { _ in UInt8(1 + generator.integer(below: 255)) })
        let letterboxed = Letterbox(side: 32).apply(crop)
        #expect(letterboxed.content == PixelRectangle(left: 8, top: 0, width: 16, height: 32))
        let batch = ImageBatch([letterboxed, Stretch(side: 32).apply(crop)])
        // 8 is no multiple of 16: 16 columns would touch two patches of three.
        let aligned = batch.alignedToPatches(of: 16)
        #expect(aligned.contents[0] == PixelRectangle(left: 16, top: 0, width: 16, height: 32))
        #expect(
            aligned[0].image.cropped(to: aligned.contents[0])
                == letterboxed.image.cropped(to: letterboxed.content))
        #expect(aligned[0].pixels.filter { $0 == 0 }.count == 16 * 32 * 3)
        // What fills the square stays.
        #expect(aligned[1] == batch[1])
        #expect(batch.alignedToPatches(of: 8) == batch)
    }

    @Test("whatever its shape, a crop stays in the square and moves by less than a patch")
    func stays() {
        for (width, height) in [(1, 32), (32, 1), (31, 30), (17, 32), (32, 9), (5, 6)] {
            let image = Image(
                width: width, height: height,
                pixels: [UInt8](repeating: 200, count: width * height * 3))
            let batch = ImageBatch([Letterbox(side: 32).apply(image)])
            for patch in [4, 8, 16, 32] {
                let (old, new) = (
                    batch.contents[0], batch.alignedToPatches(of: patch).contents[0]
                )
                #expect(new.left >= 0 && new.left + new.width <= 32)
                #expect(new.top >= 0 && new.top + new.height <= 32)
                #expect(new.left.isMultiple(of: patch) && new.top.isMultiple(of: patch))
                #expect(abs(new.left - old.left) < patch && abs(new.top - old.top) < patch)
            }
        }
    }
}
