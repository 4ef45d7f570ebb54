// Drawing: where paint lands, what it covers, what is refused.
//
// SPDX-License-Identifier: MIT

import ReIdentImages
import Testing

@Suite("Canvas")
struct CanvasTests {
    private let red = Color(red: 1, green: 0, blue: 0)

    private func pixel(_ image: Image, _ x: Int, _ y: Int) -> [UInt8] {
        let place = (y * image.width + x) * 3
        return Array(image.pixels[place..<place + 3])
    }

    @Test("a filled rectangle covers its pixels and no other")
    func fillsRectangle() throws {
        let canvas = try Canvas(width: 8, height: 6)
        canvas.fill(Path(Rectangle(left: 2, top: 1, width: 3, height: 4)), red)
        let image = try canvas.image(over: .white)
        for y in 0..<6 {
            for x in 0..<8 {
                let isInside = (2..<5).contains(x) && (1..<5).contains(y)
                #expect(pixel(image, x, y) == (isInside ? [255, 0, 0] : [255, 255, 255]))
            }
        }
        #expect(try canvas.opacities().filter { $0 == 255 }.count == 12)
    }

    @Test("transparent paint mixes with the ground")
    func mixes() throws {
        let canvas = try Canvas(width: 1, height: 1)
        canvas.paint(Color(gray: 1, opacity: 0.5))
        let mixed = pixel(try canvas.image(over: .black), 0, 0)[0]
        #expect((127...128).contains(mixed))
    }

    @Test("what saving draws inside is placed by its transforms, what comes after is not")
    func restoresState() throws {
        let canvas = try Canvas(width: 4, height: 4)
        canvas.saving {
            canvas.translate(2, 2)
            canvas.clip(to: Path(Rectangle(left: 0, top: 0, width: 1, height: 1)))
            canvas.paint(red)
        }
        let image = try canvas.image()
        #expect(pixel(image, 2, 2) == [255, 0, 0])
        #expect(pixel(image, 3, 3) == [255, 255, 255])
        canvas.paint(.black)
        #expect(pixel(try canvas.image(), 3, 3) == [0, 0, 0])
    }

    @Test("an image comes back unchanged from its own size, and in blocks when enlarged nearest")
    func drawsImages() throws {
        let image = Image(
            width: 2, height: 2, pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30])
        #expect(try Canvas(image).image() == image)
        let canvas = try Canvas(width: 6, height: 6)
        try canvas.draw(
            image, in: Rectangle(left: 0, top: 0, width: 6, height: 6), sampling: .nearest)
        let enlarged = try canvas.image()
        #expect(pixel(enlarged, 2, 2) == [255, 0, 0])
        #expect(pixel(enlarged, 3, 3) == [10, 20, 30])
    }

    @Test("a gradient goes from its first colour to its last")
    func drawsGradients() throws {
        let canvas = try Canvas(width: 100, height: 1)
        canvas.paint(
            .linear(
                from: Point(0, 0), to: Point(100, 0), stops: [.init(0, .black), .init(1, .white)]))
        let row = try canvas.image().pixels
        let grays = (0..<100).map { Int(row[$0 * 3]) }
        #expect(grays == grays.sorted())
        #expect(grays[0] < 5 && grays[99] > 250)
    }

    @Test("a bent path of arcs covers the area of the arcs themselves")
    func mapsArcs() throws {
        var circle = Path()
        circle.arc(center: Point(20, 20), radius: 15, from: 0, to: 2 * .pi)
        func area(_ path: Path) throws -> Int {
            let canvas = try Canvas(width: 40, height: 40)
            canvas.fill(path, .black)
            return try canvas.opacities().reduce(0) { $0 + Int($1) } / 255
        }
        #expect(try abs(area(circle) - area(circle.mapped { $0 })) <= 1)
    }

    @Test("text is wider the longer it is, and a shortened one fits")
    func measuresText() throws {
        let canvas = try Canvas(width: 200, height: 40)
        let style = Canvas.TextStyle(size: 12)
        let long = "A rather long label for a small frame"
        let width = canvas.textWidth(long, style)
        try #require(width > 0, "this machine has no font")
        #expect(canvas.textWidth("A", style) < width)
        #expect(canvas.shortened("A", to: 100, style) == "A")
        let cut = canvas.shortened(long, to: 60, style)
        #expect(cut != long && canvas.textWidth(cut, style) <= 60)
        #expect(canvas.shortenedInside("A", to: 100, style) == "A")
        let ends = canvas.shortenedInside(long, to: 80, style)
        #expect(canvas.textWidth(ends, style) <= 80)
        #expect(ends.hasPrefix("A ra") && ends.contains("…") && ends.hasSuffix("ame"))
        #expect(canvas.shortenedInside(long, to: 0, style) == "…")
        canvas.draw(cut, at: Point(10, 20), style)
        #expect(try canvas.opacities().contains { $0 > 0 })
    }

    @Test("an impossible size is refused", arguments: [(0, 5), (5, -1), (40_000, 5)])
    func refusesSizes(width: Int, height: Int) {
        #expect(throws: ImageError.self) { try Canvas(width: width, height: height) }
    }
}
