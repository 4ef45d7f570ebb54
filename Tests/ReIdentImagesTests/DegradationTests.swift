// Each effect does what it says, and nothing else.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentImages

@Suite("Degradation")
struct DegradationTests {
    /// A picture whose pixel at a place is what a closure says, grey.
    private func drawn(
        width: Int, height: Int, _ level: (_ x: Int, _ y: Int) -> Int
    ) -> Image {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                pixels += [UInt8](repeating: UInt8(level(x, y)), count: 3)
            }
        }
        return Image(width: width, height: height, pixels: pixels)
    }

    /// Sum of squared differences of neighbours, along rows and columns.
    private func gradientEnergy(of image: Image) -> Int {
        var sum = 0
        for y in 0..<image.height - 1 {
            for x in 0..<image.width - 1 {
                let here = Int(image.pixels[(y * image.width + x) * 3])
                let right = Int(image.pixels[(y * image.width + x + 1) * 3])
                let below = Int(image.pixels[((y + 1) * image.width + x) * 3])
                sum += (right - here) * (right - here) + (below - here) * (below - here)
            }
        }
        return sum
    }

    private func mean(of image: Image) -> Double {
        Double(image.pixels.reduce(0) { $0 + Int($1) }) / Double(image.pixels.count)
    }

    @Test("nothing asked for changes no byte")
    func changesNothing() throws {
        let image = pattern(width: 13, height: 29)
        #expect(try ImageDegradation().apply(image) == image)
        #expect(Blur.gaussian(sigma: 0).apply(image) == image)
        #expect(Blur.motion(length: 0, angle: 30).apply(image) == image)
        #expect(ColorShift().apply(image) == image)
        #expect(image.resized(toWidth: 13, height: 29) == image)
    }

    @Test(
        "a wider blur leaves less of the edges and the mean as it was",
        arguments: [Blur.gaussian(sigma: 1), .motion(length: 4, angle: 20)])
    func lowersGradients(blur: Blur) {
        let image = pattern(width: 40, height: 128)
        let once = blur.apply(image)
        let twice = blur.apply(once)
        #expect(gradientEnergy(of: once) < gradientEnergy(of: image) / 2)
        #expect(gradientEnergy(of: twice) < gradientEnergy(of: once))
        #expect(abs(mean(of: once) - mean(of: image)) < Tolerance.blurredMean)
    }

    @Test(
        "a flat picture stays flat under every blur",
        arguments: [Blur.gaussian(sigma: 3.3), .motion(length: 7.7, angle: 33)])
    func keepsFlat(blur: Blur) {
        let flat = drawn(width: 9, height: 40) { _, _ in 201 }
        #expect(blur.apply(flat) == flat)
    }

    @Test("a point becomes a Gaussian of the given width, which grows with the crop")
    func hasGivenWidth() {
        for (height, scale) in [(128, 1.0), (256, 2.0)] {
            let line = drawn(width: 101, height: height) { x, _ in x == 50 ? 255 : 0 }
            let blurred = Blur.gaussian(sigma: 3).apply(line)
            let row = (0..<101).map { Double(blurred.pixels[(height / 2 * 101 + $0) * 3]) }
            let total = row.reduce(0, +)
            let moment = row.enumerated().reduce(0) {
                $0 + Double(($1.offset - 50) * ($1.offset - 50)) * $1.element
            }
            let sigma = (moment / total).squareRoot()
            #expect(abs(sigma / (3 * scale) - 1) < Tolerance.blurWidth)
        }
    }

    @Test("movement blurs along its line only")
    func movesAlongLine() {
        let upright = drawn(width: 32, height: 128) { x, _ in x % 4 < 2 ? 200 : 40 }
        let level = drawn(width: 32, height: 128) { _, y in y % 4 < 2 ? 200 : 40 }
        #expect(Blur.motion(length: 6, angle: 0).apply(level) == level)
        #expect(Blur.motion(length: 6, angle: 90).apply(upright) == upright)
        let moved = Blur.motion(length: 6, angle: 0).apply(upright)
        #expect(gradientEnergy(of: moved) < gradientEnergy(of: upright) / 4)
    }

    @Test("fewer rows lose fine stripes and keep broad ones; a small crop loses nothing")
    func losesDetail() {
        let fine = drawn(width: 64, height: 128) { x, _ in x % 2 == 0 ? 255 : 0 }
        let broad = drawn(width: 64, height: 128) { x, _ in x < 32 ? 255 : 0 }
        let rescaling = Rescaling(height: 32)
        let small = rescaling.shrunk(fine)
        #expect(small.width == 16 && small.height == 32)
        let result = rescaling.apply(fine)
        #expect(result.width == 64 && result.height == 128)
        #expect(gradientEnergy(of: result) < gradientEnergy(of: fine) / 100)
        let kept = rescaling.apply(broad)
        #expect(kept.pixels[64 * 64 * 3] > 250 && kept.pixels[(64 * 64 + 63) * 3] < 5)
        #expect(Rescaling(height: 128).apply(fine) == fine)
        #expect(Rescaling(height: 500).apply(fine) == fine)
        let thin = Rescaling(height: 1).apply(pattern(width: 1, height: 50))
        #expect(thin.width == 1 && thin.height == 50)
    }

    @Test("compression is encoding and decoding at that quality, on the small picture")
    func compresses() throws {
        let image = pattern(width: 21, height: 60)
        let expected = try ImageDecoder.decode(ImageEncoder.jpeg(image, quality: 35), name: "a")
        #expect(try JPEGCompression(quality: 35).apply(image) == expected)
        #expect(expected != image)
        var degradation = ImageDegradation()
        degradation.jpegQuality = 35
        #expect(try degradation.apply(image) == expected)
        degradation.height = 30
        let small = Rescaling(height: 30).shrunk(image)
        let compressed = try ImageDecoder.decode(ImageEncoder.jpeg(small, quality: 35), name: "a")
        #expect(try degradation.apply(image) == compressed.resized(toWidth: 21, height: 60))
    }

    @Test("colours shift by channel; without saturation all are grey")
    func shiftsColors() {
        let image = Image(width: 2, height: 1, pixels: [100, 100, 100, 200, 50, 10])
        var warm = ColorShift()
        warm.gains = [1.2, 1, 0.5]
        #expect(warm.apply(image).pixels[0..<3] == [120, 100, 50])
        var bright = ColorShift()
        bright.gains = [2, 2, 2]
        #expect(bright.apply(image).pixels == [200, 200, 200, 255, 100, 20])
        var deep = ColorShift()
        deep.gamma = 2
        #expect(deep.apply(image).pixels[0..<3] == [39, 39, 39])
        var grey = ColorShift()
        grey.saturation = 0
        let result = grey.apply(image).pixels
        #expect(result[3] == result[4] && result[4] == result[5])
    }

    @Test("a hidden part has one colour, and the rest its own")
    func hidesPart() {
        let image = pattern(width: 10, height: 20)
        let erasing = Erasing(left: 0.2, top: 0.5, width: 0.4, height: 0.25, color: [1, 2, 3])
        let result = erasing.apply(image)
        for y in 0..<20 {
            for x in 0..<10 {
                let place = (y * 10 + x) * 3
                let isHidden = (2..<6).contains(x) && (10..<15).contains(y)
                #expect(
                    Array(result.pixels[place..<place + 3])
                        == (isHidden ? [1, 2, 3] : Array(image.pixels[place..<place + 3])))
            }
        }
    }

    @Test("a loader prepares the changed picture under the source's own name")
    func changesBeforePreparing() throws {
        let image = pattern(width: 20, height: 50)
        let bytes = try ImageEncoder.png(image)
        let source = ImageSource(name: "a.png") { bytes }
        var degradation = ImageDegradation()
        degradation.height = 16
        let changed = source.changed { [degradation] picture throws(ImageError) in
            try degradation.apply(picture)
        }.changed { Blur.gaussian(sigma: 2).apply($0) }
        #expect(changed.name == "a.png")
        let loader = ImageLoader(preprocessing: .letterbox, side: 32)
        let expected = Blur.gaussian(sigma: 2).apply(try degradation.apply(image))
        #expect(try loader.prepare(changed) == Letterbox(side: 32).apply(expected))
        #expect(try loader.prepare(source) == Letterbox(side: 32).apply(image))
    }
}

@Suite("Augmentation")
struct AugmentationTests {
    private func drawn(_ augmentation: ImageAugmentation, seed: UInt64) -> ImageDegradation {
        var generator = SeededGenerator(seed: seed)
        return augmentation.degradation(using: &generator)
    }

    @Test("probability 0 never changes a crop, probability 1 always does")
    func followsExtremes() {
        var all = ImageAugmentation()
        (all.blur, all.rescale, all.jpeg, all.colorShift, all.erase) = (1, 1, 1, 1, 1)
        for seed in 0..<200 as Range<UInt64> {
            #expect(drawn(ImageAugmentation(), seed: seed) == ImageDegradation())
            let full = drawn(all, seed: seed)
            #expect(
                full.blur != nil && full.height != nil && full.jpegQuality != nil
                    && full.erasing != nil)
            var generator = SeededGenerator(seed: seed)
            #expect(ImageAugmentation().colorShift(using: &generator) == nil)
            #expect(all.colorShift(using: &generator) != nil)
        }
    }

    @Test("the share of changed crops is the probability")
    func followsProbability() {
        var robust = ImageAugmentation.robust
        robust.erase = 0.2
        let draws = (0..<4_000).map { drawn(robust, seed: $0) }
        for (probability, count) in [
            (robust.blur, draws.count { $0.blur != nil }),
            (robust.rescale, draws.count { $0.height != nil }),
            (robust.jpeg, draws.count { $0.jpegQuality != nil }),
            (robust.erase, draws.count { $0.erasing != nil }),
        ] {
            let deviation = (4_000 * probability * (1 - probability)).squareRoot()
            #expect(
                abs(Double(count) - 4_000 * probability) < Tolerance.samplingErrors * deviation)
        }
    }

    @Test("what is hidden lies on the crop and is 5 to 25 % of it")
    func hidesAPart() {
        var erase = ImageAugmentation()
        erase.erase = 1
        for seed in 0..<500 as Range<UInt64> {
            guard let erasing = drawn(erase, seed: seed).erasing else { continue }
            #expect(erasing.left >= 0 && erasing.left + erasing.width <= 1 + 1e-12)
            #expect(erasing.top >= 0 && erasing.top + erasing.height <= 1 + 1e-12)
            let share = erasing.width * erasing.height
            #expect(share > 0.05 - 1e-12 && share < 0.25 + 1e-12)
        }
    }

    @Test("a crop's blur stays the same when compression is added")
    func drawsIndependently() {
        var blur = ImageAugmentation()
        blur.blur = 0.5
        var both = blur
        both.jpeg = 1
        for seed in 0..<100 as Range<UInt64> {
            #expect(drawn(blur, seed: seed).blur == drawn(both, seed: seed).blur)
        }
    }

    @Test("it says what it does")
    func describesItself() {
        #expect(ImageAugmentation().summary == "none")
        var some = ImageAugmentation()
        (some.blur, some.colorShift) = (0.5, 0.25)
        #expect(some.summary == "blur 0.5, color-shift 0.25")
        #expect(!some.isNone && ImageAugmentation().isNone)
    }
}
