// A plot as SVG. Colours are variables of the page, so that it follows light and dark.
//
// SPDX-License-Identifier: MIT

import Foundation

extension Plot {
    /// How many points of a line are drawn at most: more than a screen has columns help nobody.
    private static let mostPoints = 700

    /// The picture, to stand in a page.
    ///
    /// The page has the variables `--ink`, `--soft`, `--line` and `--series-0` to `--series-4`
    /// (`PlotStyle`). Title and summary are read to whoever does not see the picture.
    ///
    /// - Parameters:
    ///   - width: In units of the picture; it scales with the page.
    ///   - height: The same.
    /// - Returns: An `svg` element.
    public func svg(width: Int = 640, height: Int = 360) -> String {
        PlotDrawing(plot: self, width: Double(width), height: Double(height)).svg(isFile: false)
    }

    /// The picture as a file of its own, with its colours.
    ///
    /// - Parameters:
    ///   - width: In pixels.
    ///   - height: In pixels.
    /// - Returns: An SVG document.
    public func svgFile(width: Int = 640, height: Int = 360) -> String {
        PlotDrawing(plot: self, width: Double(width), height: Double(height)).svg(isFile: true)
    }

    /// Points of a line, averaged in runs where there are more than can be seen.
    static func thinned(_ points: [Point]) -> [Point] {
        guard points.count > mostPoints else { return points }
        let run = (points.count + mostPoints - 1) / mostPoints
        return stride(from: 0, to: points.count, by: run).map { start in
            let part = points[start..<min(start + run, points.count)]
            let count = Double(part.count)
            return Point(
                part.reduce(0) { $0 + $1.x } / count, part.reduce(0) { $0 + $1.y } / count)
        }
    }
}

/// Colours and strokes of plots.
enum PlotStyle {
    /// How many colours there are; then they begin again, with another dash.
    static let colorCount = 5
    /// On light ground, told apart by the colour-blind: after Okabe and Ito, "Color Universal
    /// Design", 2008, darkened to a contrast of 3 to 1 and more.
    static let light = ["#0067a5", "#b84a00", "#00795a", "#a8477f", "#8a6500"]
    /// On dark ground.
    static let dark = ["#62b6f2", "#ff9a5c", "#3fcf9f", "#ec94c6", "#e3bd4a"]

    /// The variables, as they stand in a rule of CSS.
    static func variables(_ colors: [String]) -> String {
        colors.enumerated().map { "--series-\($0): \($1);" }.joined(separator: " ")
    }

    /// Rules for what a plot consists of.
    static let rules = """
        .plot text { font: 13px system-ui, sans-serif; fill: var(--soft); }
        .plot .heading { font-weight: 600; font-size: 15px; fill: var(--ink); }
        .plot .grid { stroke: var(--line); stroke-width: 1; }
        .plot .rule { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 2 3; }
        .plot .rule-label { fill: var(--ink); font-size: 12px; paint-order: stroke;
          stroke: var(--panel, var(--ground)); stroke-width: 4px; stroke-linejoin: round; }
        .plot .series { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .plot .trace { stroke-width: 1; opacity: 0.45; }
        """
}

/// The drawing of one plot.
private struct PlotDrawing {
    let plot: Plot
    let width: Double
    let height: Double

    private let horizontal: ResolvedAxis
    private let vertical: ResolvedAxis
    private var left: Double { 62 }
    private var right: Double { width - 14 }
    private var top: Double { namedSeries.isEmpty ? 40 : 62 }
    private var bottom: Double { height - 48 }
    private var namedSeries: [(index: Int, series: Plot.Series)] {
        plot.series.enumerated().filter { !$0.element.name.isEmpty }.map { ($0, $1) }
    }

    init(plot: Plot, width: Double, height: Double) {
        (self.plot, self.width, self.height) = (plot, width, height)
        let points = plot.series.flatMap(\.points)
        let upright = plot.rules.filter(\.isVertical).map(\.value)
        let level = plot.rules.filter { !$0.isVertical }.map(\.value)
        horizontal = plot.x.covering(points.map(\.x) + upright)
        let bars = plot.series.contains { $0.mark == .bars } ? [0.0] : []
        vertical = plot.y.covering(points.map(\.y) + level + bars)
    }

    func svg(isFile: Bool) -> String {
        var parts: [String] = []
        let names = isFile ? " xmlns=\"http://www.w3.org/2000/svg\"" : ""
        parts.append(
            "<svg\(names) class=\"plot\" role=\"img\" viewBox=\"0 0 \(text(width)) "
                + "\(text(height))\"\(isFile ? " width=\"\(text(width))\"" : "")>")
        parts.append("<title>\(plot.title.escapedForHTML)</title>")
        parts.append("<desc>\(plot.summary.escapedForHTML)</desc>")
        if isFile { parts.append("<style>\(Self.fileStyle)</style>") }
        if isFile {
            parts.append(
                "<rect width=\"100%\" height=\"100%\" style=\"fill: var(--ground)\"/>")
        }
        parts.append(label(plot.title, x: left, y: 22, kind: "heading"))
        parts += legend + axes + plot.series.enumerated().map(drawn)
        parts += plot.rules.enumerated().map(drawn)
        parts.append("</svg>")
        return parts.joined(separator: "\n")
    }

    private static let fileStyle = """
        svg { --ink: #1b2027; --soft: #525c69; --line: #d3d9e1; --ground: #ffffff; \
        \(PlotStyle.variables(PlotStyle.light)) }
        @media (prefers-color-scheme: dark) { svg { --ink: #e8ebef; --soft: #a9b3c0; \
        --line: #3a434f; --ground: #14181d; \(PlotStyle.variables(PlotStyle.dark)) } }
        \(PlotStyle.rules)
        """

    // MARK: Axes

    private var axes: [String] {
        var parts: [String] = []
        for tick in horizontal.ticks(count: 7) {
            let x = left + tick.fraction * (right - left)
            parts.append(line(x, top, x, bottom, kind: "grid"))
            parts.append(label(tick.label, x: x, y: bottom + 18, anchor: "middle"))
        }
        for tick in vertical.ticks(count: 5) {
            let y = bottom - tick.fraction * (bottom - top)
            parts.append(line(left, y, right, y, kind: "grid"))
            parts.append(label(tick.label, x: left - 8, y: y + 4, anchor: "end"))
        }
        parts.append(
            label(plot.x.title, x: (left + right) / 2, y: height - 10, anchor: "middle"))
        let middle = (top + bottom) / 2
        parts.append(
            "<text transform=\"translate(16 \(text(middle))) rotate(-90)\" "
                + "text-anchor=\"middle\">\(plot.y.title.escapedForHTML)</text>")
        return parts
    }

    private var legend: [String] {
        var x = left
        return namedSeries.flatMap { index, series in
            defer { x += 34 + 7.2 * Double(series.name.count) }
            let sample =
                switch series.mark {
                case .scatter: dots([(x + 10, 44)], index, radius: 3)
                case .rings: dots([(x + 10, 44)], index, radius: 4, isRing: true)
                case .line, .trace, .dots, .bars:
                    "<line x1=\"\(text(x))\" y1=\"44\" x2=\"\(text(x + 20))\" y2=\"44\" "
                        + "\(style(of: index))/>"
                }
            return [sample, label(series.name, x: x + 26, y: 48)]
        }
    }

    // MARK: Series

    private func drawn(_ index: Int, _ series: Plot.Series) -> String {
        let isScattered = series.mark == .scatter || series.mark == .rings
        let points = (isScattered ? series.points : Plot.thinned(series.points)).map(place)
        switch series.mark {
        case .line: return path(points, index, kind: "series")
        case .trace: return path(points, index, kind: "series trace")
        case .dots:
            return path(points, index, kind: "series") + dots(points, index, radius: 3)
        case .scatter: return dots(points, index, radius: 3)
        case .rings: return dots(points, index, radius: 4, isRing: true)
        case .bars: return bars(series.points, index)
        }
    }

    /// A path that breaks where the scale has no place for a point.
    private func path(_ points: [(x: Double, y: Double)?], _ index: Int, kind: String) -> String {
        var (commands, isDrawing) = ("", false)
        for point in points {
            guard let point else {
                isDrawing = false
                continue
            }
            commands += "\(isDrawing ? "L" : "M")\(text(point.x)) \(text(point.y))"
            isDrawing = true
        }
        guard !commands.isEmpty else { return "" }
        return "<path class=\"\(kind)\" \(style(of: index)) d=\"\(commands)\"/>"
    }

    private func dots(
        _ points: [(x: Double, y: Double)?], _ index: Int, radius: Double, isRing: Bool = false
    ) -> String {
        let variable = "var(--series-\(color(of: index)))"
        let color =
            isRing
            ? "style=\"fill: none; stroke-width: 2; stroke: \(variable)\""
            : "style=\"fill: \(variable)\""
        return points.compactMap { $0 }.map { point in
            "<circle cx=\"\(text(point.x))\" cy=\"\(text(point.y))\" r=\"\(text(radius))\" "
                + "\(color)/>"
        }.joined()
    }

    private func bars(_ points: [Plot.Point], _ index: Int) -> String {
        let color =
            "style=\"fill: var(--series-\(color(of: index))); fill-opacity: 0.35; "
            + "stroke: var(--series-\(color(of: index)))\""
        return zip(points, points.dropFirst()).compactMap { point, next in
            guard point.y > 0, let from = place(point), let to = place(next) else { return nil }
            let y = min(from.y, bottom)
            return "<rect x=\"\(text(from.x))\" y=\"\(text(y))\" "
                + "width=\"\(text(max(0, to.x - from.x)))\" height=\"\(text(bottom - y))\" "
                + "\(color)/>"
        }.joined()
    }

    /// Labels of upright rules stand one below the other: rules may lie close together.
    private func drawn(_ index: Int, _ rule: Plot.Rule) -> String {
        let axis = rule.isVertical ? horizontal : vertical
        guard let fraction = axis.fraction(of: rule.value), (0...1).contains(fraction) else {
            return ""
        }
        if rule.isVertical {
            let x = left + fraction * (right - left)
            // Labels at the right edge stand on the other side of their line.
            let isNearEnd = fraction > 0.75
            return line(x, top, x, bottom, kind: "rule")
                + label(
                    rule.label, x: x + (isNearEnd ? -5 : 5), y: top + 12 + 14 * Double(index % 4),
                    kind: "rule-label",
                    anchor: isNearEnd ? "end" : "start")
        }
        let y = bottom - fraction * (bottom - top)
        return line(left, y, right, y, kind: "rule")
            + label(rule.label, x: right - 4, y: y - 5, kind: "rule-label", anchor: "end")
    }

    // MARK: Parts

    private func place(_ point: Plot.Point) -> (x: Double, y: Double)? {
        guard let across = horizontal.fraction(of: point.x), let up = vertical.fraction(of: point.y)
        else { return nil }
        // What lies outside a given range is cut off at its border, not drawn over the page.
        return (
            left + min(max(across, 0), 1) * (right - left),
            bottom - min(max(up, 0), 1) * (bottom - top)
        )
    }

    private func color(of index: Int) -> Int {
        (plot.series[index].color ?? index) % PlotStyle.colorCount
    }

    /// Colour and, so that colour is not all that tells lines apart, a dash.
    private func style(of index: Int) -> String {
        let dash = ["", "7 3", "2 3", "9 3 2 3", "4 2"][color(of: index)]
        let dashed = dash.isEmpty || plot.series[index].mark == .trace ? "" : dash
        return "style=\"stroke: var(--series-\(color(of: index))); stroke-width: 2"
            + (dashed.isEmpty ? "\"" : "; stroke-dasharray: \(dashed)\"")
    }

    private func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, kind: String
    ) -> String {
        "<line class=\"\(kind)\" x1=\"\(text(x1))\" y1=\"\(text(y1))\" x2=\"\(text(x2))\" "
            + "y2=\"\(text(y2))\"/>"
    }

    private func label(
        _ content: String, x: Double, y: Double, kind: String? = nil, anchor: String = "start"
    ) -> String {
        "<text\(kind.map { " class=\"\($0)\"" } ?? "") x=\"\(text(x))\" y=\"\(text(y))\" "
            + "text-anchor=\"\(anchor)\">\(content.escapedForHTML)</text>"
    }

    /// A coordinate with a digit after the point.
    private func text(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() ? String(Int(tenths)) : String(format: "%.1f", tenths)
    }
}
