// Shirt and shorts on the torso: patterns, seams, number, name, folds and light.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentImages

extension PlayerDrawing {
    private var kit: Kit { appearance.kit }
    private static let shoulder = 1.03

    /// Where the shirt ends below.
    private var hem: Double { kit.shirtTucked ? 0.06 : -0.07 }

    func drawPelvis(on painter: Painter) {
        let shape = torso.outline(from: -0.2, to: 0.1, steps: 5)
        painter.fill(shape, sideways(kit.shorts.color, height: 0))
        if kit.shirtTucked {
            let band = torso.region(
                center: torso.facingAngle(0.05), halfWidth: 1.6, from: 0.02, to: 0.08)
            painter.fill(band, kit.second.color.lit(0.85))
        }
    }

    func drawShirt(on painter: Painter) {
        let outline = torso.outline(from: hem, to: Self.shoulder)
        if kit.cut == .tank {
            drawTank(outline, on: painter)
        } else {
            painter.fill(outline, sideways(kit.shirt.color, height: 0.5), .shirt)
            painter.inside(outline) { decorate(on: painter) }
        }
        light(outline, on: painter)
    }

    /// A shirt without sleeves leaves the shoulders bare beside its straps.
    private func drawTank(_ outline: Path, on painter: Painter) {
        painter.fill(outline, sideways(appearance.skin, height: 0.9))
        let shirtOnly = torso.outline(from: hem, to: 0.78)
        painter.inside(outline) {
            painter.fill(shirtOnly, sideways(kit.shirt.color, height: 0.5), .shirt)
            for center in [0, Double.pi] {
                let strap = tankStrap(center)
                painter.fill(strap, sideways(kit.shirt.color, height: 0.5), .shirt)
            }
            decorate(on: painter)
            for side in [-1.0, 1.0] { drawArmhole(side, on: painter) }
        }
    }

    private func tankStrap(_ center: Double) -> Path {
        var points: [Point] = []
        let edges: [(Double, Double)] = [
            (1.35, 0.7), (1.12, 0.78), (0.95, 0.86), (0.92, 0.94), (1.05, 1.03),
        ]
        for (offset, height) in edges {
            points.append(torso.point(center: center, offset: -offset, height: height))
        }
        for (offset, height) in edges.reversed() {
            points.append(torso.point(center: center, offset: offset, height: height))
        }
        return Path(points: points)
    }

    private func drawArmhole(_ side: Double, on painter: Painter) {
        for center in [0, Double.pi] where torso.visibility(of: center, height: 0.8) > 0.05 {
            let edge: [(Double, Double)] = [
                (1.5, 0.69), (1.3, 0.71), (1.1, 0.78), (0.95, 0.86), (0.92, 0.95), (1.0, 1.03),
            ]
            let line = edge.map {
                torso.point(center: center, offset: side * $0.0, height: $0.1)
            }
            painter.stroke(
                Path(points: line, isClosed: false), kit.second.color,
                width: 0.011 * tall * view.scale, .shirt)
        }
    }

    /// A colour that darkens towards the sides of the body.
    private func sideways(_ color: Color, height: Double) -> Paint {
        let facing = torso.facingAngle(height)
        let left = view.point(torso.vector(angle: facing - .pi / 2, height: height))
        let right = view.point(torso.vector(angle: facing + .pi / 2, height: height))
        let bright = 0.5 + 0.2 * light
        return .linear(
            from: left, to: right,
            stops: [
                .init(0, color.lit(light > 0 ? 0.6 : 0.8)), .init(bright, color.lit(1.06)),
                .init(1, color.lit(light > 0 ? 0.8 : 0.6)),
            ])
    }

    private func decorate(on painter: Painter) {
        drawPattern(on: painter)
        drawCollar(on: painter)
        drawNumbers(on: painter)
    }

    private func strip(
        _ center: Double, _ halfWidth: Double, _ bottom: Double, _ top: Double,
        on painter: Painter
    ) {
        guard torso.visibility(of: center, height: 0.5) > -sin(min(halfWidth, 1.5)) else { return }
        painter.fill(
            torso.region(center: center, halfWidth: halfWidth, from: bottom, to: top),
            sideways(kit.second.color, height: 0.5), .shirt)
    }

    private func drawPattern(on painter: Painter) {
        let facing = torso.facingAngle(0.5)
        let limit = kit.cut == .tank ? 0.8 : 1.03
        switch kit.pattern {
        case .plain: break
        case .stripes:
            for index in 0..<10 {
                let angle = (Double(index) + 0.5) * .pi / 5
                strip(angle, 0.14, hem, limit, on: painter)
            }
        case .hoops:
            for index in 0..<4 {
                let bottom = 0.02 + Double(index) * 0.24
                strip(facing, 1.6, bottom, min(bottom + 0.11, limit), on: painter)
            }
        case .panels:
            for side in [Double.pi / 2, -.pi / 2] { strip(side, 0.36, hem, 0.75, on: painter) }
        case .band: strip(facing, 1.6, 0.36, 0.56, on: painter)
        case .yoke: strip(facing, 1.6, 0.76, kit.cut == .tank ? 0.9 : 1.03, on: painter)
        case .sash:
            for (center, slope) in [(0.0, 1.0), (Double.pi, -1.0)] {
                guard torso.visibility(of: center, height: 0.5) > 0 else { continue }
                let corners: [(Double, Double)] = [(-1, 0.9), (-0.6, 0.98), (1, 0.12), (0.6, 0.02)]
                let points = corners.map {
                    torso.point(center: center, offset: $0.0 * slope * 1.2, height: $0.1)
                }
                painter.fill(
                    Path(points: points), sideways(kit.second.color, height: 0.5), .shirt)
            }
        case .fade:
            let top = view.point(torso.vector(angle: facing, height: 0.75))
            let bottom = view.point(torso.vector(angle: facing, height: 0))
            painter.color.fill(
                torso.outline(from: hem, to: 0.78),
                .linear(
                    from: bottom, to: top,
                    stops: [
                        .init(0, kit.second.color.with(opacity: 0.9)),
                        .init(1, kit.second.color.with(opacity: 0)),
                    ]))
        }
    }

    private func drawCollar(on painter: Painter) {
        let isFront = torso.visibility(of: 0, height: 1) > 0
        let center = isFront ? 0 : Double.pi
        let depth = isFront ? 0.15 : 0.05
        let edge: [(Double, Double)] = [
            (-1.0, 1.04), (-0.72, 1.0 - depth * 0.35), (-0.35, 1.0 - depth * 0.85),
            (0, 1.0 - depth), (0.35, 1.0 - depth * 0.85), (0.72, 1.0 - depth * 0.35), (1.0, 1.04),
        ]
        let line = edge.map { torso.point(center: center, offset: $0.0, height: $0.1) }
        painter.fill(Path(points: line), appearance.skin.lit(0.8))
        painter.stroke(
            Path(points: line, isClosed: false), kit.second.color,
            width: 0.01 * tall * view.scale, .shirt)
    }

    private func drawNumbers(on painter: Painter) {
        for isBack in [false, true] {
            let place = numberPlace(isBack: isBack)
            guard torso.visibility(of: place.center, height: place.height) > 0.08 else { continue }
            func lay(_ path: Path) -> Path {
                torso.wrapped(
                    path, center: place.center, height: place.height, size: place.size)
            }
            func layEdge(_ growth: Double, _ color: Color?) {
                guard let color else { return }
                let outline = kit.font.outline(of: appearance.number, growth: growth)
                painter.fill(lay(outline), color, .shirt)
            }
            layEdge(kit.edgeWidth * 1.8, kit.outerEdge)
            layEdge(kit.edgeWidth, kit.numberEdge)
            painter.fill(lay(kit.font.outline(of: appearance.number)), kit.numberColor, .number)
            if isBack, kit.hasNames { drawName(above: place, on: painter) }
            if !isBack, kit.hasSponsor { drawSponsor(on: painter) }
        }
    }

    /// Where a number is on the torso, and its height in metres.
    func numberPlace(isBack: Bool) -> (center: Double, height: Double, size: Double) {
        let size = kit.numberSize(isBack: isBack)
        return isBack
            ? (.pi, kit.hasNames ? 0.5 : 0.56, size) : (0, kit.hasSponsor ? 0.6 : 0.54, size)
    }

    private func drawName(
        above place: (center: Double, height: Double, size: Double), on painter: Painter
    ) {
        let letters = kit.font.outline(ofName: appearance.name)
        let size = min(0.062, 0.3 / (Double(appearance.name.count) * kit.font.advance))
        let reach = Double(appearance.name.count) * kit.font.advance / 2
        let bent = letters.mapped { point in
            let side = point.x / reach
            return Point(point.x, point.y + kit.nameArch * side * side * 0.9)
        }
        painter.fill(
            torso.wrapped(bent, center: place.center, height: 0.83, size: size),
            kit.numberColor, .shirt)
    }

    private func drawSponsor(on painter: Painter) {
        let letters = kit.font.outline(ofName: kit.sponsor)
        let size = 0.2 / (Double(kit.sponsor.count) * kit.font.advance)
        painter.fill(
            torso.wrapped(letters, center: 0, height: 0.8, size: size),
            kit.numberColor.mixed(with: kit.second.color, 0.3), .shirt)
    }

    // MARK: Light and folds

    private func light(_ outline: Path, on painter: Painter) {
        var generator = SeededGenerator(seed: seed, stream: 11)
        let canvas = painter.color
        canvas.saving {
            canvas.clip(to: outline)
            let facing = torso.facingAngle(0.5)
            for _ in 0..<9 { fold(facing, &generator, on: canvas) }
            let top = view.point(torso.vector(angle: facing, height: 1))
            let bottom = view.point(torso.vector(angle: facing, height: -0.1))
            canvas.fill(
                outline,
                .linear(
                    from: top, to: bottom,
                    stops: [
                        .init(0, Color(gray: 1, opacity: 0.1)), .init(0.35, .clear),
                        .init(1, Color(gray: 0, opacity: 0.28)),
                    ]))
        }
    }

    /// One crease: a dark line and the light edge beside it.
    private func fold(
        _ facing: Double, _ generator: inout SeededGenerator, on canvas: Canvas
    ) {
        let start = generator.number(-1.3, 1.3)
        let height = generator.number(-0.05, 0.85)
        let run = generator.number(0.3, 0.9) * generator.sign()
        let drop = generator.number(-0.1, 0.22)
        func at(_ share: Double, _ shift: Double) -> Point {
            let sag = sin(share * .pi) * -0.03
            return torso.point(
                center: facing, offset: start + run * share,
                height: height - drop * share + sag + shift)
        }
        func line(_ shift: Double) -> Path {
            Path(points: (0...6).map { at(Double($0) / 6, shift) }, isClosed: false)
        }
        let width = generator.number(0.008, 0.024) * tall * view.scale
        let strength = generator.number(0.05, 0.16)
        for (wide, share) in [(1.0, 0.5), (0.5, 0.6)] {
            canvas.stroke(
                line(0), Color(gray: 0, opacity: strength * share), width: width * wide,
                end: .round)
        }
        canvas.stroke(
            line(0.022), Color(gray: 1, opacity: strength * 0.55), width: width * 0.6,
            end: .round)
    }
}
