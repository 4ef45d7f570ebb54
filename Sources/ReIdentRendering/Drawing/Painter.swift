// Draws a scene twice at once: in colour, and as a map that says what each pixel shows.
//
// SPDX-License-Identifier: MIT

import ReIdentImages

/// Two canvases of one size that everything is drawn on.
final class Painter {
    /// What a shape belongs to, of the player whom the crop is about.
    enum Material {
        case body, shirt, number
    }

    let color: Canvas
    /// Red where the player is, and green where the shirt is, and blue where the number is; blue
    /// alone where another player is.
    let map: Canvas
    /// Whether shapes belong to the player whom the crop is about; others hide that player.
    var isSubject = false

    init(width: Int, height: Int) throws(ImageError) {
        color = try Canvas(width: width, height: height)
        map = try Canvas(width: width, height: height)
        map.paint(.black)
    }

    /// Fills a shape that hides what is behind it.
    func fill(_ path: Path, _ paint: Paint, _ material: Material = .body) {
        color.fill(path, paint)
        map.fill(path, mapColor(material))
    }

    func fill(_ path: Path, _ paint: Color, _ material: Material = .body) {
        fill(path, .color(paint), material)
    }

    /// Draws along a path what hides what is behind it.
    func stroke(_ path: Path, _ paint: Color, width: Double, _ material: Material = .body) {
        color.stroke(path, paint, width: width, end: .round)
        map.stroke(path, mapColor(material), width: width, end: .round)
    }

    /// Draws only inside a path.
    func inside(_ path: Path, _ body: () -> Void) {
        color.saving {
            map.saving {
                color.clip(to: path)
                map.clip(to: path)
                body()
            }
        }
    }

    private func mapColor(_ material: Material) -> Color {
        guard isSubject else { return Color(red: 0, green: 0, blue: 1) }
        return switch material {
        case .body: Color(red: 1, green: 0, blue: 0)
        case .shirt: Color(red: 1, green: 1, blue: 0)
        case .number: .white
        }
    }
}

extension Color {
    /// Lighter (above 1) or darker (below 1).
    func lit(_ factor: Double) -> Color {
        func clamp(_ value: Double) -> Double { min(max(value * factor, 0), 1) }
        return Color(red: clamp(red), green: clamp(green), blue: clamp(blue), opacity: opacity)
    }
}
