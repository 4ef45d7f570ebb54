// Which pixels become a crop.
//
// SPDX-License-Identifier: MIT

import ReIdentData
import ReIdentImages
import Testing

@testable import ReIdent

@Suite("Crop rule")
struct CropRuleTests {
    private func verdict(
        _ left: Double, _ top: Double, _ width: Double, _ height: Double, margin: Double = 0,
        minimumHeight: Int = 1
    ) -> CropRule.Verdict {
        CropRule(margin: margin, minimumHeight: minimumHeight).verdict(
            on: .init(left: left, top: top, width: width, height: height), frameWidth: 100,
            frameHeight: 80)
    }

    private func crop(_ left: Int, _ top: Int, _ width: Int, _ height: Int) -> CropRule.Verdict {
        .crop(PixelRectangle(left: left, top: top, width: width, height: height))
    }

    @Test("a box inside is cut as it is, rounded to whole pixels")
    func inside() {
        #expect(verdict(10, 20, 30, 40) == crop(10, 20, 30, 40))
        #expect(verdict(10.4, 20.6, 30.2, 39.9) == crop(10, 21, 31, 40))
        #expect(verdict(0, 0, 100, 80) == crop(0, 0, 100, 80))
    }

    @Test("the margin is a share of the box on each side, and ends at the frame's edge")
    func margin() {
        #expect(verdict(20, 20, 40, 40, margin: 0.05) == crop(18, 18, 44, 44))
        #expect(verdict(1, 60, 40, 20, margin: 0.1) == crop(0, 58, 45, 22))
    }

    @Test("what reaches beyond the frame is clipped, and what is wholly outside is said")
    func clipped() {
        #expect(verdict(-10, -5, 30, 25) == crop(0, 0, 20, 20))
        #expect(verdict(90, 70, 30, 25) == crop(90, 70, 10, 10))
        for (left, top) in [(100.0, 0.0), (0, 80), (-30, 0), (0, -40), (1e300, 0)] {
            #expect(verdict(left, top, 30, 40, margin: 2) == .outside)
        }
        #expect(verdict(-1e308, -1e308, 1.7e308, 1.7e308) == crop(0, 0, 100, 80))
    }

    @Test("the height that counts is the box's inside the frame, without margin")
    func height() {
        #expect(verdict(10, 10, 20, 31.9, margin: 1, minimumHeight: 32) == .tooSmall)
        #expect(verdict(10, 10, 20, 32, minimumHeight: 32) == crop(10, 10, 20, 32))
        #expect(verdict(10, 50, 20, 60, minimumHeight: 32) == .tooSmall)
        #expect(verdict(10, 10, 0, 40) == .tooSmall)
        #expect(verdict(10.1, 10, 0.1, 40) == .tooSmall)
    }

    @Test("a box stated as shares of its frame, with six decimals, has the same pixels")
    func shares() {
        // Margins of a twentieth of odd tens end in the middle of a pixel.
        for (left, top, width, height) in [
            (20.0, 11.0, 30.0, 50.0), (33, 7, 10, 70), (7, 31, 50, 32), (0, 0, 90, 32),
        ] {
            let exact = verdict(left, top, width, height, margin: 0.05, minimumHeight: 32)
            for error in [-0.003, -0.000_001, 0.000_001, 0.003] {
                let stated = verdict(
                    left + error, top - error, width - error / 2, height + error / 2,
                    margin: 0.05, minimumHeight: 32)
                #expect(stated == exact, "\(left) \(top) \(width) \(height), off by \(error)")
            }
        }
    }

    @Test("names of crops are safe on every file system")
    func names() {
        #expect(
            CropName.path(frame: "a/0017.jpg", identity: "23", number: 7)
                == "crops/23/0017-0007.png")
        #expect(
            CropName.path(frame: "f.png", identity: "../Kim/ä", number: 12345)
                == "crops/_._Kim__/f-12345.png")
        #expect(CropName.path(frame: ".x", identity: nil, number: 1) == "crops/unknown/_-0001.png")
    }
}
