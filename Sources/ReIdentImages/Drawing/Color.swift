// Colours and what shapes are filled with: one colour, or a gradient between several.
//
// SPDX-License-Identifier: MIT

/// A colour in sRGB with transparency.
public struct Color: Sendable, Hashable {
    /// Red, 0...1.
    public var red: Double
    /// Green, 0...1.
    public var green: Double
    /// Blue, 0...1.
    public var blue: Double
    /// How much it hides what lies below, 0 (nothing) to 1 (all).
    public var opacity: Double

    /// A colour by its parts, each 0...1.
    public init(red: Double, green: Double, blue: Double, opacity: Double = 1) {
        self.red = red
        self.green = green
        self.blue = blue
        self.opacity = opacity
    }

    /// A colour as style sheets write it, for example `0xFF8000`.
    public init(hex: UInt32, opacity: Double = 1) {
        self.init(
            red: Double((hex >> 16) & 0xFF) / 255, green: Double((hex >> 8) & 0xFF) / 255,
            blue: Double(hex & 0xFF) / 255, opacity: opacity)
    }

    /// A grey, 0 (black) to 1 (white).
    public init(gray: Double, opacity: Double = 1) {
        self.init(red: gray, green: gray, blue: gray, opacity: opacity)
    }

    /// Black.
    public static let black = Color(gray: 0)
    /// White.
    public static let white = Color(gray: 1)
    /// Nothing at all.
    public static let clear = Color(gray: 0, opacity: 0)

    /// The same colour with another opacity, 0...1.
    public func with(opacity: Double) -> Color {
        Color(red: red, green: green, blue: blue, opacity: opacity)
    }

    /// The colour a part of the way to another one; opacity is mixed, too.
    ///
    /// - Parameters:
    ///   - other: Where a share of 1 leads.
    ///   - share: 0...1.
    /// - Returns: The mixture.
    public func mixed(with other: Color, _ share: Double) -> Color {
        func mix(_ own: Double, _ its: Double) -> Double { own + (its - own) * share }
        return Color(
            red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue),
            opacity: mix(opacity, other.opacity))
    }

    /// How bright it looks, 0...1: the weighted sum of ITU-R BT.601.
    public var luminance: Double { 0.299 * red + 0.587 * green + 0.114 * blue }
}

/// What a shape is filled or stroked with.
public enum Paint: Sendable, Hashable {
    /// One colour of a gradient and where it lies.
    public struct Stop: Sendable, Hashable {
        /// 0 (the beginning) to 1 (the end).
        public var offset: Double
        /// The colour there.
        public var color: Color

        /// A stop by its place, 0...1, and colour.
        public init(_ offset: Double, _ color: Color) {
            self.offset = offset
            self.color = color
        }
    }

    /// One colour.
    case color(Color)
    /// Colours along the line between two points; before and after it the outer colours go on.
    case linear(from: Point, to: Point, stops: [Stop])
    /// Colours from a point outwards to a radius.
    case radial(center: Point, radius: Double, stops: [Stop])
}
