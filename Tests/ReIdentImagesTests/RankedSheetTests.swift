// Sheets of results: sizes, frames in colour and form, and limits.
//
// SPDX-License-Identifier: MIT

import ReIdentImages
import Testing

@Suite("Ranked sheets")
struct RankedSheetTests {
    private let picture = pattern(width: 30, height: 70)

    private func sheet(
        rows: Int = 1, marks: [RankedSheet.Mark] = [.right, .wrong, .none]
    ) -> RankedSheet {
        let row = RankedSheet.Row(
            query: .init(image: picture, title: "query", lines: ["somebody"]),
            matches: marks.map {
                .init(image: picture, title: "1   0.913", lines: ["somebody"], mark: $0)
            })
        return RankedSheet(title: "Found", rows: Array(repeating: row, count: rows))
    }

    /// How many pixels are nearly of a colour.
    private func count(_ image: Image, _ red: Int, _ green: Int, _ blue: Int) -> Int {
        stride(from: 0, to: image.pixels.count, by: 3).count { place in
            abs(Int(image.pixels[place]) - red) < 8
                && abs(Int(image.pixels[place + 1]) - green) < 8
                && abs(Int(image.pixels[place + 2]) - blue) < 8
        }
    }

    @Test("right and wrong matches are framed, in colours that nothing else has")
    func frames() throws {
        let plain = try sheet(marks: [.none, .none]).drawn()
        let right = try sheet(marks: [.right, .right]).drawn()
        let wrong = try sheet(marks: [.wrong, .wrong]).drawn()
        let green = (0x12, 0x81, 0x3F)
        let red = (0xC4, 0x30, 0x2B)
        func greens(_ image: Image) -> Int { count(image, green.0, green.1, green.2) }
        func reds(_ image: Image) -> Int { count(image, red.0, red.1, red.2) }
        // What the legend and the noise of the pictures have is far less than a frame.
        #expect(greens(plain) < 100 && reds(plain) < 100)
        #expect(greens(right) > 3000 && reds(right) < 400)
        #expect(reds(wrong) > 1500 && greens(wrong) < 400)
        // A dashed line covers less than a whole one.
        #expect(Double(reds(wrong)) < 0.85 * Double(greens(right)))
    }

    @Test("a sheet is an opaque light panel with a border, whatever it is shown on")
    func panel() throws {
        let image = try sheet().drawn()
        func pixel(_ x: Int, _ y: Int) -> [UInt8] {
            let place = (y * image.width + x) * 3
            return Array(image.pixels[place..<place + 3])
        }
        #expect(pixel(0, 0) == [0xB8, 0xC0, 0xCC])
        #expect(pixel(image.width - 1, image.height - 1) == [0xB8, 0xC0, 0xCC])
        #expect(pixel(6, 6) == [0xF6, 0xF7, 0xF9])
    }

    @Test("sheets stay within the promised size, and what is too much is left out")
    func limits() throws {
        let many = try sheet(rows: 30, marks: Array(repeating: .wrong, count: 40)).drawn()
        #expect(many.width <= 1400 && many.height <= 2900)
        let full = try sheet(rows: 10, marks: Array(repeating: .wrong, count: 10)).drawn()
        #expect(many == full)
    }

    @Test("extreme shapes, missing pictures, long texts and no rows at all are drawn")
    func extremes() throws {
        let long = String(repeating: "a very long name ", count: 200)
        let wide = Image(width: 4000, height: 1, pixels: Array(repeating: 9, count: 12_000))
        let tall = Image(width: 1, height: 4000, pixels: Array(repeating: 9, count: 12_000))
        let row = RankedSheet.Row(
            query: .init(image: nil, title: long, lines: [long, "", "\u{1F3C0}"]),
            matches: [wide, tall].map { .init(image: $0, title: "", mark: .right) })
        let drawn = try RankedSheet(title: long, subtitle: long, rows: [row]).drawn()
        #expect(drawn.width == 520)
        _ = try RankedSheet(title: "", rows: []).drawn()
        _ = try RankedSheet(title: "x", rows: [.init(query: row.query, matches: [])]).drawn()
    }

    @Test(
        "words in the place of a picture stay in its cell, whatever their length",
        arguments: [
            "white shirt", String(repeating: "w", count: 900),
            String(repeating: "player in white, ", count: 900),
        ])
    func words(text: String) throws {
        func drawn(_ words: String) throws -> Image {
            let row = RankedSheet.Row(query: .init(words: words, title: ""), matches: [])
            return try RankedSheet(title: "", rows: [row]).drawn()
        }
        let (image, empty) = (try drawn(text), try drawn(""))
        #expect(image.width == empty.width && image.height == empty.height)
        // The cell is 104 x 192 pixels at (24, 64).
        var (inside, outside) = (0, 0)
        for row in 0..<image.height {
            for column in 0..<image.width {
                let place = (row * image.width + column) * 3
                let isInside = (24..<128).contains(column) && (64..<256).contains(row)
                if isInside {
                    inside += image.pixels[place] < 0x60 ? 1 : 0
                } else if image.pixels[place] != empty.pixels[place] {
                    outside += 1
                }
            }
        }
        #expect(inside > 50)
        #expect(outside == 0)
        #expect(try drawn("no picture") != empty, "words look like a missing picture")
        if text.count > 400 { #expect(try drawn(text + "more") == image) }
    }

    @Test("the same sheet is drawn the same")
    func repeats() throws {
        #expect(try sheet().drawn() == sheet().drawn())
    }
}
