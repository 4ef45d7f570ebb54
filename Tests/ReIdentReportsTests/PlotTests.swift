// Plots: where values and ticks stand, and that what is drawn is sound SVG.
//
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import ReIdentReports

@Suite("Plots")
struct PlotTests {
    @Test("ticks of a linear axis are round and within it")
    func linearTicks() {
        let fifths = PlotScale.linear.ticks(in: 0...1, count: 5)
        #expect(fifths.map { ($0 * 10).rounded() } == [0, 2, 4, 6, 8, 10])
        #expect(PlotScale.linear.ticks(in: -3...12, count: 5) == [0, 5, 10])
        #expect(PlotScale.linear.ticks(in: 2...2, count: 5) == [2])
    }

    @Test("ticks of a logarithmic axis are powers of ten, or parts of them where there are few")
    func logarithmicTicks() {
        #expect(PlotScale.logarithmic.ticks(in: 0.01...1000, count: 7).count == 6)
        #expect(PlotScale.logarithmic.ticks(in: 1...10, count: 7) == [1, 2, 5, 10])
        #expect(PlotScale.logarithmic.ticks(in: 1e-9...1e9, count: 4).count <= 5)
        #expect(PlotScale.logarithmic.position(0) == nil)
    }

    /// Quantiles of the standard normal distribution, from a table.
    @Test(
        "normal quantiles",
        arguments: [(0.5, 0), (0.975, 1.959963984540054), (0.001, -3.090232306167813)])
    func quantiles(share: Double, quantile: Double) throws {
        let found = try #require(PlotScale.normalDeviate.position(share))
        #expect(abs(found - quantile) < 1e-9)
    }

    @Test("an axis covers its values, begins at zero where that is near, and takes a single value")
    func ranges() {
        #expect(PlotAxis("x").covering([1, 10]).range.lowerBound == 0)
        #expect(PlotAxis("x").covering([8, 10]).range.lowerBound > 7)
        let single = PlotAxis("x").covering([3]).range
        #expect(single.contains(3) && single.upperBound > single.lowerBound)
        #expect(PlotAxis("x").covering([]).range == 0...1)
        #expect(PlotAxis("x").covering([.nan, 2, 4]).fraction(of: .nan) == nil)
    }

    @Test("a drawn plot is well-formed, says what it shows, and escapes names")
    func drawing() throws {
        let points = (0..<5_000).map { Plot.Point(Double($0), sin(Double($0) / 400)) }
        let plot = Plot(
            title: "A & B <1>", summary: "Two \"waves\".", x: PlotAxis("steps"),
            y: PlotAxis("value"),
            series: [
                Plot.Series("a<b", points), Plot.Series("dots", Array(points.prefix(4)), as: .dots),
                Plot.Series("bars", [.init(0, 0.5), .init(100, 0.2), .init(200, 0)], as: .bars),
            ],
            rules: [
                Plot.Rule(at: 2_500, "threshold"),
                Plot.Rule(at: 0.5, "level", isVertical: false),
            ])
        for text in [plot.svg(), plot.svgFile()] {
            #expect(Self.unclosed(in: text) == [])
            #expect(text.contains("A &amp; B &lt;1&gt;") && text.contains("a&lt;b"))
            #expect(text.contains("threshold") && text.contains("<desc>"))
            #expect(!text.contains("nan") && !text.contains("inf"))
        }
        // More points than a screen has columns are averaged.
        #expect(plot.svg().count < 40_000)
        #expect(plot.svgFile().contains("prefers-color-scheme"))
    }

    /// Elements that are opened and not closed, or closed and not opened.
    private static func unclosed(in text: String) -> [String] {
        var open: [String] = []
        for match in text.matches(of: /<(\/?)([a-z]+)[^<>]*?(\/?)>/) {
            let name = String(match.2)
            if match.1 == "/" {
                guard open.popLast() == name else { return ["/" + name] }
            } else if match.3.isEmpty {
                open.append(name)
            }
        }
        return open
    }

    @Test("places of points follow the axes")
    func places() throws {
        let plot = Plot(
            title: "t", summary: "s", x: PlotAxis("x", range: 0...10),
            y: PlotAxis("y", scale: .logarithmic, range: 1...100),
            series: [Plot.Series("", [.init(0, 1), .init(5, 10), .init(10, 0), .init(20, 1_000)])])
        let text = plot.svg(width: 276, height: 188)
        // Plot area: x 62...262, y 40...140. The value 0 has no logarithm: the line breaks there.
        #expect(text.contains("d=\"M62 140L162 90M262 40\""))
    }
}
