// Neck, head, hair and face.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentImages

/// The surface of a head: an ellipsoid on which hair and face are placed by angles.
struct HeadSurface {
    let center: Vector
    let left: Vector
    let up: Vector
    let forward: Vector
    let radii: (side: Double, up: Double, front: Double)
    let view: View

    init(skeleton: Skeleton, view: View) {
        let tall = skeleton.height
        self.view = view
        center = skeleton.head
        left = Vector(1, 0, 0).turned(by: skeleton.headYaw)
        let nod = skeleton.headNod
        up = Vector(0, cos(nod), sin(nod)).turned(by: skeleton.headYaw)
        forward = left.cross(up)
        radii = (0.041 * tall, 0.062 * tall, 0.05 * tall)
    }

    func vector(angle: Double, rise: Double, beyond: Double = 1) -> Vector {
        center + left * (radii.side * cos(rise) * sin(angle) * beyond)
            + up * (radii.up * sin(rise) * beyond)
            + forward * (radii.front * cos(rise) * cos(angle) * beyond)
    }

    /// The outline, larger by a factor.
    func outline(_ factor: Double, shift: Vector = Vector(0, 0, 0)) -> Path {
        let place = view.project(center + shift)
        let screenUp = Vector(0, cos(view.pitch), -sin(view.pitch))
        func extent(_ axis: Vector) -> Double {
            let parts = [
                left.dot(axis) * radii.side, up.dot(axis) * radii.up,
                forward.dot(axis) * radii.front,
            ]
            return parts.reduce(0) { $0 + $1 * $1 }.squareRoot() * place.scale * factor
        }
        return Path(ellipse: place.point, extent(Vector(1, 0, 0)), extent(screenUp))
    }

    /// How squarely a place of the head faces the camera.
    func visibility(angle: Double, rise: Double) -> Double {
        let normal =
            left * (cos(rise) * sin(angle) / radii.side) + up * (sin(rise) / radii.up)
            + forward * (cos(rise) * cos(angle) / radii.front)
        return normal.normalized.dot(view.towardsCamera)
    }

    /// A place, moved to the outline if it faces away.
    func point(angle: Double, rise: Double) -> Point {
        let camera = view.towardsCamera
        let facing = atan2(
            left.dot(camera) / radii.side, forward.dot(camera) / radii.front)
        let relative = TorsoSurface.wrapped(angle - facing)
        let limited = min(max(relative, -.pi / 2), .pi / 2)
        return view.point(vector(angle: facing + limited, rise: rise))
    }
}

extension PlayerDrawing {
    func drawHead(on painter: Painter) {
        let head = HeadSurface(skeleton: skeleton, view: view)
        let facesCamera = head.forward.dot(view.towardsCamera) > 0
        let style = appearance.hairStyle
        let volume = Self.volumes[style] ?? 1
        if facesCamera { drawTail(head, on: painter) }
        tube(
            skeleton.neck.mixed(with: skeleton.pelvis, 0.06), skeleton.head,
            [(0, 0.03), (0.4, 0.027), (1, 0.028)], appearance.skin.lit(0.85), on: painter)
        let isBald = style == .bald
        let base = isBald ? appearance.skin : hairColor
        let crown = head.up * (isBald ? 0 : (volume - 1) * 0.03 * tall + 0.004 * tall)
        let outline = head.outline(isBald ? 1 : volume, shift: crown)
        painter.fill(head.outline(1), ball(head, appearance.skin, 1))
        if style == .curly || style == .afro || style == .dreads {
            drawCurls(head, volume, on: painter)
        }
        painter.fill(outline, ball(head, base, volume))
        painter.inside(head.outline(1.01)) {
            drawFace(head, isBald: isBald, on: painter)
        }
        drawEars(head, on: painter)
        if let band = appearance.accessories.headband { drawHeadband(head, band, on: painter) }
        if !facesCamera { drawTail(head, on: painter) }
    }

    private static let volumes: [PlayerAppearance.HairStyle: Double] = [
        .buzz: 1.01, .short: 1.06, .curly: 1.14, .afro: 1.42, .bun: 1.03, .ponytail: 1.04,
        .long: 1.08, .topKnot: 1.04, .dreads: 1.12,
    ]

    private var hairColor: Color {
        appearance.hairStyle == .buzz
            ? appearance.hair.mixed(with: appearance.skin, 0.3) : appearance.hair
    }

    private func ball(_ head: HeadSurface, _ color: Color, _ factor: Double) -> Paint {
        let place = view.project(head.center)
        let radius = head.radii.up * place.scale * factor
        return .radial(
            center: Point(place.point.x + 0.35 * radius * light, place.point.y - 0.45 * radius),
            radius: radius * 1.7,
            stops: [
                .init(0, color.mixed(with: .white, 0.14).lit(1.12)), .init(0.5, color),
                .init(1, color.lit(0.6)),
            ])
    }

    private func drawFace(_ head: HeadSurface, isBald: Bool, on painter: Painter) {
        guard head.visibility(angle: 0, rise: -0.2) > -0.55 else { return }
        let hairline = isBald ? 1.2 : 0.62
        func region(_ edge: [(Double, Double)]) -> Path {
            let right = edge.map { head.point(angle: $0.0, rise: $0.1) }
            let left = edge.reversed().map { head.point(angle: -$0.0, rise: $0.1) }
            return Path(points: right + left)
        }
        if !isBald {
            painter.fill(
                region([
                    (0, hairline), (0.5, hairline - 0.05), (0.9, 0.4), (1.15, 0.1), (1.3, -0.2),
                    (1.5, -0.6), (1.2, -1.1), (0, -1.45),
                ]), ball(head, appearance.skin, 1))
        }
        if appearance.beard > 0 {
            painter.color.fill(
                region([
                    (0, -0.34), (0.4, -0.3), (0.8, -0.35), (1.25, -0.05), (1.45, -0.3),
                    (1.2, -1.1), (0, -1.45),
                ]), appearance.hair.with(opacity: appearance.beard))
        }
        let unit = head.radii.side * view.scale
        func mark(
            _ angle: Double, _ rise: Double, _ width: Double, _ height: Double, _ color: Color
        ) {
            let seen = head.visibility(angle: angle, rise: rise)
            guard seen > 0.15 else { return }
            painter.color.fill(
                Path(
                    ellipse: head.point(angle: angle, rise: rise), unit * width * seen,
                    unit * height), color)
        }
        let dark = appearance.skin.lit(0.35)
        for side in [-1.0, 1.0] {
            mark(side * 0.42, 0.1, 0.3, 0.14, dark.with(opacity: 0.45))
            mark(side * 0.42, 0.07, 0.15, 0.08, Color(gray: 0.05, opacity: 0.85))
            mark(side * 0.42, 0.24, 0.28, 0.055, appearance.hair.lit(0.7).with(opacity: 0.8))
        }
        mark(0.1 * light, -0.16, 0.16, 0.26, appearance.skin.lit(0.7).with(opacity: 0.55))
        mark(0, -0.5, 0.32, 0.07, Color(hex: 0x6A2E2A, opacity: 0.75))
    }

    private func drawEars(_ head: HeadSurface, on painter: Painter) {
        guard ![.long, .afro, .dreads].contains(appearance.hairStyle) else { return }
        for side in [-1.0, 1.0] {
            let angle = side * 1.62
            guard head.visibility(angle: angle, rise: -0.1) > -0.12 else { continue }
            let place = view.project(head.vector(angle: angle, rise: -0.12, beyond: 1.03))
            painter.fill(
                Path(ellipse: place.point, 0.008 * tall * place.scale, 0.014 * tall * place.scale),
                appearance.skin.lit(0.82))
        }
    }

    private func drawHeadband(_ head: HeadSurface, _ color: Color, on painter: Painter) {
        let camera = view.towardsCamera
        let facing = atan2(head.left.dot(camera), head.forward.dot(camera))
        func edge(_ rise: Double, _ steps: [Int]) -> [Point] {
            steps.map { step in
                let angle = facing + Double(step) / 6 * .pi / 2
                return view.point(head.vector(angle: angle, rise: rise, beyond: 1.05))
            }
        }
        painter.fill(
            Path(points: edge(0.62, Array(-6...6)) + edge(0.32, Array((-6...6).reversed()))),
            color.lit(0.95))
    }

    private func drawCurls(_ head: HeadSurface, _ volume: Double, on painter: Painter) {
        for step in 0..<14 {
            let angle = Double(step) * .pi / 7
            let place = view.project(
                head.vector(angle: angle, rise: 0.35, beyond: volume * 0.92))
            let radius = 0.017 * tall * place.scale * (step % 2 == 0 ? 1 : 1.25)
            painter.fill(Path(ellipse: place.point, radius, radius), appearance.hair.lit(0.85))
        }
        if appearance.hairStyle == .dreads {
            for step in 3...11 {
                let angle = Double(step) * .pi / 7
                tube(
                    head.vector(angle: angle, rise: 0.2),
                    head.vector(angle: angle, rise: -0.9, beyond: 1.35),
                    [(0, 0.012), (1, 0.008)], appearance.hair, on: painter)
            }
        }
    }

    /// Hair behind the head: a tail, a bun or long hair.
    private func drawTail(_ head: HeadSurface, on painter: Painter) {
        let back = head.vector(angle: .pi, rise: 0.25)
        let away = head.forward * -1
        switch appearance.hairStyle {
        case .ponytail:
            let swing = head.left * (0.04 * sin(Double(seed % 7)))
            tube(
                back, back + away * (0.05 * tall) + swing + Vector(0, -0.1 * tall, 0),
                [(0, 0.016), (0.4, 0.022), (1, 0.008)], appearance.hair, on: painter)
        case .bun:
            let place = back + away * (0.016 * tall) + Vector(0, 0.012 * tall, 0)
            tube(
                place, place + Vector(0, 0.004, 0), [(0, 0.026), (1, 0.026)], appearance.hair,
                on: painter)
        case .topKnot:
            let top = head.vector(angle: .pi, rise: 1.15)
            tube(
                top, top + Vector(0, 0.014 * tall, 0), [(0, 0.018), (1, 0.02)], appearance.hair,
                on: painter)
        case .long:
            tube(
                head.vector(angle: .pi, rise: 0.1),
                head.vector(angle: .pi, rise: -0.2)
                    + Vector(0, -0.085 * tall, 0) + away * 0.02,
                [(0, 0.042), (0.6, 0.046), (1, 0.034)], appearance.hair, on: painter)
        default: break
        }
    }
}
