// What a plot shows.
//
// SPDX-License-Identifier: MIT

/// Lines, points and areas over two axes, drawn as SVG.
public struct Plot: Sendable, Equatable {
    /// A pair of values.
    public struct Point: Sendable, Equatable {
        /// Along the horizontal axis.
        public let x: Double
        /// Along the vertical axis.
        public let y: Double

        /// Creates a point.
        public init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
    }

    /// How a series is drawn.
    public enum Mark: Sendable, Equatable {
        /// A line through the points.
        case line
        /// A thin, pale line, for what varies from step to step.
        case trace
        /// A line with a dot at each point, for few points.
        case dots
        /// Dots alone.
        case scatter
        /// Rings alone: further sets than there are colours.
        case rings
        /// Bars of a histogram, each from its x to the next one's.
        case bars
    }

    /// One set of points with a name.
    public struct Series: Sendable, Equatable {
        /// What it is, for the legend; empty leaves it out there.
        public let name: String
        /// Its points, in the order they are joined.
        public let points: [Point]
        /// How it is drawn.
        public let mark: Mark
        /// Which colour and dash it has, from 0; nil takes its place among the series.
        public let color: Int?

        /// Creates a series.
        ///
        /// - Parameters:
        ///   - name: What it is.
        ///   - points: In the order they are joined.
        ///   - mark: How it is drawn.
        ///   - color: Which colour and dash it has; nil takes its place among the series.
        public init(_ name: String, _ points: [Point], as mark: Mark = .line, color: Int? = nil) {
            (self.name, self.points, self.mark, self.color) = (name, points, mark, color)
        }
    }

    /// A dashed line across the plot, for a threshold.
    public struct Rule: Sendable, Equatable {
        /// Where it is.
        public let value: Double
        /// What it says.
        public let label: String
        /// Whether it stands on the horizontal axis.
        public let isVertical: Bool

        /// Creates a rule.
        public init(at value: Double, _ label: String, isVertical: Bool = true) {
            (self.value, self.label, self.isVertical) = (value, label, isVertical)
        }
    }

    /// The heading.
    public let title: String
    /// What one sees, in a sentence or two, for whoever does not see it.
    public let summary: String
    /// The horizontal axis.
    public let x: PlotAxis
    /// The vertical axis.
    public let y: PlotAxis
    /// What is drawn, later series above earlier ones.
    public let series: [Series]
    /// Thresholds.
    public let rules: [Rule]

    /// Creates a plot.
    ///
    /// - Parameters:
    ///   - title: The heading.
    ///   - summary: What one sees, for whoever does not see it.
    ///   - x: The horizontal axis.
    ///   - y: The vertical axis.
    ///   - series: What is drawn.
    ///   - rules: Thresholds.
    public init(
        title: String, summary: String, x: PlotAxis, y: PlotAxis, series: [Series],
        rules: [Rule] = []
    ) {
        (self.title, self.summary, self.x, self.y) = (title, summary, x, y)
        (self.series, self.rules) = (series, rules)
    }
}
