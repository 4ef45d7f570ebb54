// Draws one player: limbs behind the body, shorts, shirt, head, limbs in front of it.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentImages

/// One player in one pose before one camera.
struct PlayerDrawing {
    let appearance: PlayerAppearance
    let pose: Pose
    let skeleton: Skeleton
    let view: View
    /// Where the light comes from in the picture: -1 (left) to 1 (right).
    let light: Double
    let torso: TorsoSurface
    /// Decides folds; the same for the same picture.
    let seed: UInt64

    init(
        _ appearance: PlayerAppearance, pose: Pose, position: Vector, view: View, light: Double,
        seed: UInt64
    ) {
        self.appearance = appearance
        self.pose = pose
        self.view = view
        self.light = light
        self.seed = seed
        skeleton = Skeleton(body: appearance.body, pose: pose, position: position)
        var torso = TorsoSurface(
            skeleton: skeleton,
            breadth: appearance.body.breadth * (appearance.kit.cut == .loose ? 1.1 : 1.0),
            view: view)
        var generator = SeededGenerator(seed: seed, stream: 3)
        torso.folds = (
            generator.number(0.002, 0.018), generator.number(0, 6.28), generator.number(-5, 5)
        )
        self.torso = torso
    }

    var tall: Double { skeleton.height }

    /// Draws everything.
    func draw(on painter: Painter) {
        drawShadow(on: painter)
        let legs = (0..<2).sorted { legDepth($0) < legDepth($1) }
        let bodyDepth = view.project(skeleton.pelvis.mixed(with: skeleton.neck, 0.6)).depth
        let arms = (0..<2).sorted { armDepth($0) < armDepth($1) }
        let behind = arms.filter { armDepth($0) < bodyDepth - 0.02 }
        let headIsBehind = view.project(skeleton.head).depth < bodyDepth - 0.35
        for side in behind { drawArm(side, on: painter) }
        for side in legs { drawLeg(side, on: painter) }
        if headIsBehind { drawHead(on: painter) }
        drawPelvis(on: painter)
        drawShirt(on: painter)
        if !headIsBehind { drawHead(on: painter) }
        for side in arms where !behind.contains(side) { drawArm(side, on: painter) }
        if pose.holdsBall { drawBall(on: painter) }
    }

    private func legDepth(_ side: Int) -> Double {
        let leg = skeleton.legs[side]
        return view.project(leg.middle.mixed(with: leg.tip, 0.4)).depth
    }

    private func armDepth(_ side: Int) -> Double {
        let arm = skeleton.arms[side]
        return view.project(arm.middle.mixed(with: arm.tip, 0.4)).depth
    }

    // MARK: Parts

    private func drawShadow(on painter: Painter) {
        func patch(_ center: Vector, _ width: Double, _ strength: Double) {
            let place = view.project(Vector(center.x, 0, center.z))
            painter.color.saving {
                painter.color.translate(place.point.x, place.point.y)
                painter.color.scale(1, max(sin(view.pitch), 0.2))
                let radius = width * place.scale
                painter.color.fill(
                    Path(ellipse: Point(0, 0), radius, radius),
                    .radial(
                        center: Point(0, 0), radius: radius,
                        stops: [
                            .init(0, Color(gray: 0, opacity: strength)),
                            .init(0.5, Color(gray: 0, opacity: strength * 0.6)),
                            .init(1, .clear),
                        ]))
            }
        }
        patch(Vector(skeleton.pelvis.x - 0.12 * light, 0, skeleton.pelvis.z), 0.62, 0.32)
        for leg in skeleton.legs {
            patch(leg.end.mixed(with: leg.tip, 0.5), 0.24, max(0.1, 0.5 - leg.end.y))
        }
    }

    func tube(
        _ start: Vector, _ end: Vector, _ radii: [(Double, Double)], _ color: Color,
        roundStart: Bool = true, roundEnd: Bool = true, _ material: Painter.Material = .body,
        on painter: Painter
    ) {
        let shape = LimbShape(start, end, view)
        let scaled = radii.map { ($0.0, $0.1 * tall) }
        let widest = scaled.map(\.1).max() ?? 0
        painter.fill(
            shape.outline(scaled, roundStart: roundStart, roundEnd: roundEnd),
            shape.shading(color, radius: widest, light: light), material)
    }

    private func drawLeg(_ side: Int, on painter: Painter) {
        let leg = skeleton.legs[side]
        let thick = appearance.body.limbs
        let kit = appearance.kit
        let extra = appearance.accessories
        let sleeve = extra.legSleeve.flatMap { $0.side == side ? $0.color : nil }
        let bare = sleeve ?? appearance.skin
        tube(
            leg.middle, leg.tip,
            [(0, 0.03 * thick), (0.28, 0.034 * thick), (0.7, 0.022 * thick), (1, 0.018)], bare,
            on: painter)
        tube(
            leg.root, leg.middle,
            [(0, 0.05 * thick), (0.4, 0.047 * thick), (0.85, 0.033 * thick), (1, 0.03 * thick)],
            bare, on: painter)
        if let pad = extra.kneePad, pad.side == side {
            let below = leg.middle.mixed(with: leg.tip, 0.13)
            tube(
                leg.root.mixed(with: leg.middle, 0.86), below,
                [(0, 0.036 * thick), (1, 0.035 * thick)], pad.color, on: painter)
        }
        let top = 1 - appearance.sockHeight
        let calf = appearance.sockHeight > 0.5 ? 0.035 * thick : 0.024 * thick
        tube(
            leg.middle.mixed(with: leg.tip, top), leg.tip,
            [(0, calf), (1, 0.02)], appearance.socks, roundStart: false, on: painter)
        drawShoe(leg, on: painter)
        let hem = 0.062 * (kit.cut == .tank ? 1.08 : 1) * thick
        let length = kit.shortsLength
        let knee = leg.root.mixed(with: leg.middle, length)
        tube(
            leg.root, knee, [(0, 0.056), (0.5, 0.06 * thick), (1, hem)], kit.shorts.color,
            roundEnd: false, on: painter)
        drawShortsTrim(side, to: knee, hem: hem, on: painter)
    }

    private func drawShortsTrim(
        _ side: Int, to knee: Vector, hem: Double, on painter: Painter
    ) {
        let leg = skeleton.legs[side]
        let kit = appearance.kit
        let shape = LimbShape(leg.root, knee, view)
        let trim = kit.shorts == kit.second ? kit.shirt.color : kit.second.color
        let outside = skeleton.hipsLeft * (side == 0 ? 1 : -1)
        let facing = outside.dot(view.towardsCamera)
        if kit.hasSideStripe, facing > -0.35 {
            let sideways = outside - view.towardsCamera * facing
            let direction = sideways.x * shape.across.x - sideways.y * shape.across.y
            let shift = max(-0.86, min(0.86, direction))
            let width = hem * tall * max(0.16, min(0.55, 0.24 + 0.5 * facing))
            func at(_ share: Double, _ radius: Double) -> Point {
                let middle = shape.middle(share)
                let reach = radius * tall * shift * shape.start.scale
                return Point(middle.x + shape.across.x * reach, middle.y + shape.across.y * reach)
            }
            painter.inside(shape.outline([(0, 0.058 * tall), (1, hem * tall)])) {
                painter.stroke(
                    Path(points: [at(-0.1, 0.056), at(1.05, hem)], isClosed: false), trim.lit(0.9),
                    width: width * shape.start.scale)
            }
        }
        // Darker at the hem's inside and in a fold or two.
        var generator = SeededGenerator(seed: seed, stream: 20 + UInt64(side))
        painter.color.saving {
            painter.color.clip(to: shape.outline([(0, 0.058 * tall), (1, hem * tall)]))
            for _ in 0..<3 {
                let start = shape.middle(generator.number(0, 0.5))
                let end = shape.middle(generator.number(0.6, 1.1))
                let shift = generator.number(-0.05, 0.05) * tall * view.scale
                painter.color.stroke(
                    Path(
                        points: [start, Point(end.x + shift, end.y)], isClosed: false),
                    Color(gray: generator.chance(0.6) ? 0 : 1, opacity: 0.14),
                    width: 0.018 * tall * view.scale, end: .round)
            }
        }
    }

    private func drawShoe(_ leg: Skeleton.Limb, on painter: Painter) {
        let heel = leg.tip.mixed(with: leg.end, -0.28)
        let sole = leg.end - Vector(0, 0.006 * tall, 0)
        let down = Vector(0, -0.018 * tall, 0)
        tube(
            heel + down, sole + down * 0.5, [(0, 0.021), (0.6, 0.021), (1, 0.017)],
            appearance.shoeAccent, on: painter)
        tube(
            leg.tip, heel.mixed(with: leg.end, 0.12) + down * 0.4, [(0, 0.021), (1, 0.024)],
            appearance.shoes, on: painter)
        tube(
            heel, leg.end, [(0, 0.022), (0.5, 0.024), (0.85, 0.02), (1, 0.017)],
            appearance.shoes, on: painter)
    }

    private func drawArm(_ side: Int, on painter: Painter) {
        let arm = skeleton.arms[side]
        let thick = appearance.body.limbs
        let kit = appearance.kit
        let extra = appearance.accessories
        let sleeve = extra.armSleeve.flatMap { $0.side == side ? $0.color : nil }
        let ink = extra.tattoo.flatMap { $0.side == side ? $0.strength : nil } ?? 0
        let skin = appearance.skin.mixed(with: Color(hex: 0x1D2B33), ink)
        tube(
            arm.root, arm.middle,
            [(0, 0.031 * thick), (0.25, 0.029 * thick), (0.6, 0.026 * thick), (1, 0.021 * thick)],
            kit.cut == .tank ? skin : appearance.accessories.undershirt ?? skin, on: painter)
        tube(
            arm.middle, arm.tip,
            [(0, 0.021 * thick), (0.25, 0.023 * thick), (1, 0.014)], sleeve ?? skin, on: painter)
        if let sleeve {
            tube(
                arm.root.mixed(with: arm.middle, 0.45), arm.middle,
                [(0, 0.028 * thick), (1, 0.022 * thick)], sleeve, roundStart: false, on: painter)
        }
        if let band = extra.wristbands[side] {
            tube(
                arm.middle.mixed(with: arm.tip, 0.78), arm.tip, [(0, 0.018), (1, 0.017)], band,
                roundStart: false, roundEnd: false, on: painter)
        }
        let hand = extra.tape == side ? appearance.skin.mixed(with: .white, 0.6) : appearance.skin
        tube(
            arm.tip, arm.end, [(0, 0.014), (0.5, 0.019), (1, 0.013)], hand, on: painter)
        if kit.cut != .tank {
            let wide = kit.cut == .loose ? 1.2 : 1.05
            let color = kit.pattern == .yoke ? kit.second.color : kit.shirt.color
            tube(
                arm.root, arm.root.mixed(with: arm.middle, 0.62),
                [
                    (0, 0.037 * wide * thick), (0.4, 0.037 * wide * thick),
                    (1, 0.036 * wide * thick),
                ],
                color, roundEnd: false, .shirt, on: painter)
            tube(
                arm.root.mixed(with: arm.middle, 0.56), arm.root.mixed(with: arm.middle, 0.63),
                [(0, 0.0368 * wide * thick), (1, 0.0364 * wide * thick)], kit.second.color,
                roundStart: false, roundEnd: false, .shirt, on: painter)
        }
    }

    private func drawBall(on painter: Painter) {
        let hands = skeleton.arms.map(\.end)
        let side = hands[0].y > hands[1].y ? 0 : 1
        var center =
            pose.kind == .dribble
            ? hands[1 - side] + Vector(0, -0.3, 0)
            : hands[0].mixed(with: hands[1], 0.5) + Vector(0, 0.08, 0)
        center.y = max(center.y, 0.12)
        let place = view.project(center)
        let radius = 0.12 * place.scale
        let ball = Path(ellipse: place.point, radius, radius)
        let orange = Color(hex: 0xC8672B)
        let isSubject = painter.isSubject
        // A ball hides the player and belongs to nobody.
        painter.isSubject = false
        defer { painter.isSubject = isSubject }
        painter.fill(
            ball,
            .radial(
                center: Point(place.point.x + 0.3 * radius * light, place.point.y - 0.4 * radius),
                radius: radius * 1.5,
                stops: [.init(0, orange.lit(1.25)), .init(1, orange.lit(0.5))]))
        painter.color.stroke(
            Path(
                points: [
                    Point(place.point.x - radius, place.point.y),
                    Point(place.point.x + radius, place.point.y - radius * 0.2),
                ], isClosed: false),
            Color(gray: 0.05, opacity: 0.7), width: max(1, radius * 0.08))
    }
}
