// Shirt numbers and the fonts they are written in.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import Testing

@testable import ReIdentRendering

@Suite("Numbers on shirts")
struct NumberTests {
    @Test("0 to 99 and 00 are numbers, each as it is written, and nothing else is one")
    func numbers() {
        #expect(ShirtNumber.all.map(\.text) == (0...99).map(String.init) + ["00"])
        #expect(ShirtNumber("00")?.digits == [0, 0])
        #expect(ShirtNumber("0")?.digits == [0])
        for text in ["", "07", "100", "-1", "a", "000", " 1"] { #expect(ShirtNumber(text) == nil) }
    }

    @Test("each form of a digit and each font draws another shape, and an edge draws more")
    func shapes() throws {
        for font in NumberFont.all {
            for number in ShirtNumber.all.prefix(10) {
                let plain = try font.area(of: number)
                #expect((0.05...0.8).contains(plain), "\(font.name) \(number.text)")
            }
        }
        var font = NumberFont.all[0]
        for (digit, forms) in Lettering.digits.enumerated() where forms.count > 1 {
            let number = ShirtNumber.all[digit]
            let outlines = forms.indices.map { form in
                font.forms[digit] = form
                return font.outline(of: number)
            }
            #expect(Set(outlines).count == forms.count, "\(digit)")
        }
    }

    @Test("kits of one font vary it, and keep to the fonts they are given")
    func variation() throws {
        let chosen = try #require(NumberFont.named(["oval", "slab"]))
        #expect(NumberFont.named(["oval", "unknown"]) == nil)
        var generator = SeededGenerator(seed: 1)
        let kits = (0..<40).map { _ in Kit(fonts: chosen, using: &generator) }
        #expect(Set(kits.map(\.font.name)) == ["oval", "slab"])
        #expect(Set(kits.map(\.font.width)).count == 40)
        #expect(Set(kits.map(\.font.forms)).count > 10)
    }
}
