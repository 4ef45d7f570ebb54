// Halls and fields: floor, lines, boards and what is behind them.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentFoundation
import ReIdentImages

/// A place where games are played; all pictures of one game share it.
public struct Venue: Sendable, Equatable {
    /// What the floor is made of.
    enum Floor: String, Sendable {
        case parquet, plastic, grass
    }

    let floor: Floor
    let ground: Color
    /// The colour of areas inside the lines.
    let area: Color
    let lines: Color
    let boards: [Color]
    let crowd: Color
    /// Where the light comes from in the picture, -1 (left) to 1.
    let light: Double
    /// How much the floor mirrors, 0...1.
    let gloss: Double

    /// A place at random.
    public init(using generator: inout SeededGenerator) {
        floor = generator.one(of: [(.parquet, 3), (.plastic, 1.4), (.grass, 0.8)])
        let areas: [UInt32] = [
            0xC2242E, 0x1E56A8, 0x1B2A55, 0x8F1D2C, 0x2C7A54, 0xD8742A, 0x3A3A42, 0x5A2D84,
        ]
        switch floor {
        case .parquet:
            ground = Color(
                hex: generator.one(of: [0xD9A868, 0xC99356, 0xE2BD86, 0xB87F45, 0xD8B48C]))
            area =
                generator.chance(0.75)
                ? Color(hex: generator.one(of: areas)) : ground.lit(0.82)
        case .plastic:
            ground = Color(
                hex: generator.one(of: [0x3A86B8, 0x2F7F8F, 0x4A9A7A, 0x3D6FB0, 0xB9BEC4]))
            area = Color(hex: generator.one(of: [0xD99A3C, 0x2C4A86, 0xC2483E, 0x5BB0C8]))
        case .grass:
            ground = Color(hex: generator.one(of: [0x4E8B3A, 0x5C9A40, 0x3F7A38]))
            area = ground.lit(1.14)
        }
        lines = generator.chance(0.75) ? Color(gray: 0.95) : Color(gray: 0.12)
        boards = (0..<6).map { _ in
            Color(
                hex: generator.one(of: [
                    0x14378C, 0xE8E8E8, 0xC81E2A, 0x101014, 0xF2C320, 0x16804A, 0x1FA0C8, 0xE4E0D8,
                ]))
        }
        crowd = Color(hex: generator.one(of: [0x2A2A34, 0x3C2A2A, 0x24323C, 0x45403C]))
        light = generator.number(-0.9, 0.9)
        gloss = floor == .parquet ? generator.number(0, 0.35) : generator.number(0, 0.1)
    }
}

/// Draws what is behind the players of one picture.
struct VenueDrawing {
    let venue: Venue
    let view: View
    let width: Double
    let height: Double

    func draw(on canvas: Canvas, _ generator: inout SeededGenerator) {
        drawFloor(on: canvas, &generator)
        drawAreas(on: canvas, &generator)
        // Boards stand behind the field, if the player is near its end.
        if generator.chance(0.5) {
            drawBackdrop(at: -generator.number(1.2, 9), on: canvas, &generator)
        }
        drawLight(on: canvas, &generator)
    }

    /// A line on the floor, given by its ends in metres.
    private func floorPath(_ corners: [(Double, Double)]) -> Path {
        Path(points: corners.map { view.point(Vector($0.0, 0, $0.1)) })
    }

    private func drawFloor(on canvas: Canvas, _ generator: inout SeededGenerator) {
        canvas.paint(
            .linear(
                from: Point(0, 0), to: Point(width * 0.2, height),
                stops: [
                    .init(0, venue.ground.lit(generator.number(0.9, 1.02))),
                    .init(1, venue.ground.lit(generator.number(0.94, 1.08))),
                ]))
        let turn = generator.number(0, .pi)
        switch venue.floor {
        case .parquet:
            for index in -34..<34 {
                let shade = generator.number(-1, 1)
                let across = Double(index) * 0.19
                let tone = Color(gray: shade > 0 ? 1 : 0.1, opacity: abs(shade) * 0.1)
                canvas.fill(plank(across, 0.19, turn), tone)
                canvas.stroke(
                    plank(across, 0.19, turn), Color(gray: 0.15, opacity: 0.13),
                    width: max(0.6, 0.008 * view.scale))
            }
        case .grass:
            for index in -6..<6 where index.isMultiple(of: 2) {
                canvas.fill(
                    plank(Double(index) * 2.2, 2.2, turn), Color(gray: 1, opacity: 0.08))
            }
            for _ in 0..<160 {
                let spot = Point(generator.number(0, width), generator.number(0, height))
                canvas.fill(
                    Path(ellipse: spot, width * 0.02, height * 0.006),
                    Color(gray: generator.chance(0.5) ? 0 : 1, opacity: 0.05))
            }
        case .plastic: break
        }
    }

    /// A long strip of the floor.
    private func plank(_ across: Double, _ wide: Double, _ turn: Double) -> Path {
        let (c, s) = (cos(turn), sin(turn))
        func place(_ a: Double, _ b: Double) -> (Double, Double) { (a * c - b * s, a * s + b * c) }
        return floorPath([
            place(across, -9), place(across + wide, -9), place(across + wide, 5), place(across, 5),
        ])
    }

    private func drawAreas(on canvas: Canvas, _ generator: inout SeededGenerator) {
        let lineWidth = 0.06 * view.scale
        if generator.chance(0.55) {
            let edge = generator.number(-2.2, 1.4)
            let turn = generator.number(-0.5, 0.5) + (generator.chance(0.5) ? .pi / 2 : 0)
            let (c, s) = (cos(turn), sin(turn))
            let side = generator.sign()
            func place(_ a: Double, _ b: Double) -> (Double, Double) {
                (a * c - b * s, a * s + b * c)
            }
            let path = floorPath([
                place(edge, -9), place(edge + side * 9, -9), place(edge + side * 9, 4.5),
                place(edge, 4.5),
            ])
            canvas.fill(path, venue.area)
            canvas.stroke(path, venue.lines, width: lineWidth)
        }
        for _ in 0..<1 + generator.integer(below: 2) where generator.chance(0.7) {
            let turn = generator.number(0, .pi)
            let shift = generator.number(-1.6, 1.6)
            let (c, s) = (cos(turn), sin(turn))
            let ends = [(-7.0, shift), (5.0, shift)].map { a, b in
                view.point(Vector(a * c - b * s, 0, a * s + b * c))
            }
            canvas.stroke(
                Path(points: ends, isClosed: false), venue.lines.with(opacity: 0.9),
                width: lineWidth)
        }
        if generator.chance(0.45) {
            let center = (generator.number(-3, 3), generator.number(-4, 2))
            let radius = generator.number(1.4, 3.4)
            let circle = (0..<48).map { step -> Point in
                let angle = Double(step) * .pi / 24
                return view.point(
                    Vector(center.0 + radius * cos(angle), 0, center.1 + radius * sin(angle)))
            }
            if generator.chance(0.3) {
                canvas.fill(Path(points: circle), venue.area)
            }
            canvas.stroke(Path(points: circle), venue.lines, width: lineWidth)
        }
        if generator.chance(0.3) { drawLogo(on: canvas, &generator) }
    }

    /// Large letters on the floor, which say nothing.
    private func drawLogo(on canvas: Canvas, _ generator: inout SeededGenerator) {
        let letters = (0..<5).map { _ in generator.integer(below: Lettering.letterCount) }
        let font = generator.one(of: NumberFont.all)
        let size = generator.number(0.6, 1.2)
        let (x, z) = (generator.number(-1.5, 1.5), generator.number(-2, 0.8))
        let path = font.outline(ofName: letters).mapped {
            view.point(Vector(x + $0.x * size, 0, z + $0.y * size))
        }
        canvas.fill(path, venue.lines.with(opacity: 0.75))
    }

    /// Boards, and people behind them.
    private func drawBackdrop(
        at depth: Double, on canvas: Canvas, _ generator: inout SeededGenerator
    ) {
        let left = -8.0
        func wall(_ from: Double, _ to: Double, _ bottom: Double, _ top: Double) -> Path {
            Path(points: [
                view.point(Vector(from, bottom, depth)), view.point(Vector(to, bottom, depth)),
                view.point(Vector(to, top, depth)), view.point(Vector(from, top, depth)),
            ])
        }
        // What is behind the boards, up to the picture's edge.
        let base = view.point(Vector(0, 0.4, depth)).y
        guard base > 0 else { return }
        canvas.saving {
            canvas.clip(to: Path(Rectangle(left: 0, top: 0, width: width, height: base)))
            canvas.paint(venue.crowd)
            drawCrowd(above: base, on: canvas, &generator)
        }
        canvas.fill(wall(left, 8, -0.02, 0.1), Color(gray: 0.08, opacity: 0.6))
        var x = left + generator.number(0, 2)
        while x < 8 {
            let wide = generator.number(1.2, 3)
            let color = generator.one(of: venue.boards)
            canvas.fill(wall(x, x + wide, 0.03, 0.92), color)
            let font = generator.one(of: NumberFont.all)
            let letters = (0..<4 + generator.integer(below: 4)).map { _ in
                generator.integer(below: Lettering.letterCount)
            }
            let size = min(0.5, wide / (Double(letters.count) * font.advance * 1.15))
            let ink =
                color.luminance > 0.5
                ? generator.one(of: [Color(gray: 0.1), Color(hex: 0x1B3A9A)]) : Color(gray: 0.96)
            canvas.fill(
                font.outline(ofName: letters).mapped {
                    view.point(Vector(x + wide / 2 + $0.x * size, 0.48 - $0.y * size, depth))
                }, ink)
            x += wide + 0.02
        }
    }

    private func drawCrowd(
        above base: Double, on canvas: Canvas, _ generator: inout SeededGenerator
    ) {
        let size = 0.24 * view.scale
        var y = base - size * 6
        // At most the rows a picture shows, however large its scale.
        y = max(y, -size * 2)
        while y < base + size {
            var x = -size * generator.uniform()
            while x < width + size {
                let shirt = generator.one(of: Self.clothes)
                let skin = Color(hex: generator.one(of: [0xC99A78, 0xE0B494, 0x8A5A40, 0xB88464]))
                let dim = generator.number(0.3, 0.62)
                canvas.fill(
                    Path(ellipse: Point(x, y + size * 0.95), size * 0.55, size * 0.6),
                    shirt.lit(dim))
                canvas.fill(
                    Path(ellipse: Point(x, y + size * 0.2), size * 0.2, size * 0.27),
                    skin.lit(dim))
                canvas.fill(
                    Path(ellipse: Point(x, y + size * 0.06), size * 0.21, size * 0.16),
                    Color(gray: 0.08))
                x += size * generator.number(0.85, 1.5)
            }
            y += size * 0.95
        }
    }

    private static let clothes = [
        Color(hex: 0xB8B8BE), Color(hex: 0x33343E), Color(hex: 0x8E2A30), Color(hex: 0x2E4A86),
        Color(hex: 0x6E7A5A), Color(hex: 0xC8A25A), Color(hex: 0xE8E4DC), Color(hex: 0x4A3A5C),
    ]

    /// Bright spots of lamps on the floor.
    private func drawLight(on canvas: Canvas, _ generator: inout SeededGenerator) {
        for _ in 0..<3 {
            let spot = Point(generator.number(0, width), generator.number(height * 0.3, height))
            let radius = generator.number(0.2, 0.5) * height
            canvas.fill(
                Path(ellipse: spot, radius, radius),
                .radial(
                    center: spot, radius: radius,
                    stops: [
                        .init(0, Color(gray: 1, opacity: venue.gloss * 0.5)),
                        .init(1, Color(gray: 1, opacity: 0)),
                    ]))
        }
    }
}
