// The whole scene of one picture: venue, those behind, the player, those in front.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentImages

/// One scene, placed in its frame.
struct SceneDrawing {
    private let subject: PlayerDrawing
    private let view: View
    private let frame: Frame
    private let surroundings: PlayerRenderer.Surroundings
    private let seed: UInt64

    init(
        subject: PlayerDrawing, placed view: View, frame: Frame,
        surroundings: PlayerRenderer.Surroundings, seed: UInt64
    ) {
        self.subject = PlayerDrawing(
            subject.appearance, pose: subject.pose, position: Vector(0, 0, 0), view: view,
            light: subject.light, seed: subject.seed)
        self.view = view
        self.frame = frame
        self.surroundings = surroundings
        self.seed = seed
    }

    /// Draws all of it.
    func painted(_ generator: inout SeededGenerator) throws(ImageError) -> Painter {
        let painter = try Painter(width: frame.width, height: frame.height)
        VenueDrawing(
            venue: surroundings.venue, view: view, width: Double(frame.width),
            height: Double(frame.height)
        ).draw(on: painter.color, &generator)
        let others = others(&generator)
        for other in others where other.depth < 0 { other.drawing.draw(on: painter) }
        painter.isSubject = true
        subject.draw(on: painter)
        painter.isSubject = false
        for other in others where other.depth >= 0 { other.drawing.draw(on: painter) }
        return painter
    }

    private func others(
        _ generator: inout SeededGenerator
    ) -> [(depth: Double, drawing: PlayerDrawing)] {
        guard !surroundings.others.isEmpty else { return [] }
        let count = generator.one(of: [(0, 2.2), (1, 3), (2, 1.8), (3, 0.8)])
        var result: [(depth: Double, drawing: PlayerDrawing)] = []
        for index in 0..<count {
            let isInFront = generator.chance(0.3)
            let depth = isInFront ? generator.number(0.4, 1.3) : -generator.number(0.4, 4)
            let aside = generator.sign() * generator.number(isInFront ? 0.3 : 0.1, 1.1)
            let drawing = PlayerDrawing(
                generator.one(of: surroundings.others), pose: Pose(using: &generator),
                position: Vector(aside, 0, depth), view: view, light: surroundings.venue.light,
                seed: seed &+ UInt64(index) &+ 101)
            result.append((depth, drawing))
        }
        return result.sorted { $0.depth < $1.depth }
    }

    /// The player's number, if enough of it is seen, large enough and told from the shirt.
    func readableNumber(
        _ map: ShownMap, in image: Image, factor: Int
    ) throws(ImageError) -> ShirtNumber? {
        let kit = subject.appearance.kit
        let number = subject.appearance.number
        let isBack = subject.torso.visibility(of: .pi, height: 0.6) > 0
        let place = subject.numberPlace(isBack: isBack)
        let seen = subject.torso.visibility(of: place.center, height: place.height)
        let pixels = place.size * view.scale / Double(factor)
        guard seen > 0.6, pixels >= 8 else { return nil }
        let flat = try kit.font.area(of: number) * pixels * pixels
        guard Double(map.numberPixels) >= 0.65 * flat else { return nil }
        let contrast = NumberContrast(of: image, digits: map.number)
        return contrast.share >= NumberContrast.least ? number : nil
    }
}

/// Which pixels of a crop show what.
struct ShownMap {
    private let width: Int
    private let height: Int
    let number: [UInt8]
    private var shirt: [UInt8]
    private var body: [UInt8]
    private let others: [UInt8]

    init(_ map: Image, reducedBy factor: Int) {
        let small = Photograph(map, reducedBy: factor).image()
        width = small.width
        height = small.height
        func channel(_ index: Int) -> [UInt8] {
            stride(from: index, to: small.pixels.count, by: 3).map {
                small.pixels[$0] >= 128 ? 255 : 0
            }
        }
        body = channel(0)
        shirt = channel(1)
        let blue = channel(2)
        number = zip(blue, shirt).map { min($0, $1) }
        others = zip(blue, body).map { $1 > 0 ? 0 : $0 }
    }

    /// How many pixels show the number.
    var numberPixels: Int { number.reduce(0) { $0 + ($1 > 0 ? 1 : 0) } }

    func masks(withNumber isReadable: Bool) -> RenderedCrop.Masks {
        RenderedCrop.Masks(
            width: width, height: height,
            number: isReadable ? number : [UInt8](repeating: 0, count: number.count),
            shirt: shirt, body: body, others: others)
    }
}
