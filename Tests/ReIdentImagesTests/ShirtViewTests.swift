// The part of a player's crop that numbers are read on.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import Testing

@testable import ReIdentImages

@Suite("The view of a shirt")
struct ShirtViewTests {
    /// A picture whose rows are told apart by their colour.
    private func picture(width: Int, height: Int) -> Image {
        Image(
            width: width, height: height,
            pixels: (0..<height).flatMap { row in
                [UInt8](repeating: UInt8(row % 256), count: 3 * width)
            })
    }

    @Test("of a whole player it is the middle of the shirt's rows")
    func player() {
        let view = picture(width: 60, height: 200).shirtView()
        #expect(view.width == 42 && view.height == 70)
        #expect(view.pixels.first == 38 && view.pixels.last == 107)
        // Where it is known to be a player, a wider one is cut, too.
        let wide = picture(width: 60, height: 100)
        #expect(wide.shirtView() == wide)
        #expect(wide.shirtView(leastAspect: Image.playerAspect).height == 35)
    }

    @Test(
        "a crop that is not much taller than wide is left as it is", arguments: [(60, 110), (9, 1)])
    func others(width: Int, height: Int) {
        let image = picture(width: width, height: height)
        #expect(image.shirtView() == image)
    }

    @Test("crops of a few pixels keep a row at least")
    func tiny() {
        for height in 2...9 {
            let view = picture(width: 1, height: height).shirtView()
            #expect(view.width == 1 && view.height >= 1 && view.height <= height)
        }
    }

    @Test("it comes as often as is asked for, and changes no other draw")
    func probability() {
        var augmentation = ImageAugmentation()
        augmentation.shirt = 0.25
        #expect(!augmentation.isNone && augmentation.summary == "shirt 0.25")
        var generator = SeededGenerator(seed: 1)
        let count = (0..<4_000).count { _ in augmentation.isCutToShirt(using: &generator) }
        #expect((920...1080).contains(count))
        var (one, two) = (SeededGenerator(seed: 2), SeededGenerator(seed: 2))
        #expect(
            augmentation.degradation(using: &one) == ImageAugmentation().degradation(using: &two))
    }
}
