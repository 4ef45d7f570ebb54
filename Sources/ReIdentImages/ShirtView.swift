// The part of a player's crop in which the shirt's number is, for reading it: there it fills about
// four times as much of the model's square.
//
// SPDX-License-Identifier: MIT

extension Image {
    /// The rows of a player's crop that show the shirt's number, as shares of its height.
    ///
    /// Of 539 legible numbers on rendered players, whose boxes are as inexact as detectors', 510
    /// lie within these rows and columns, and 522 with at least 85 % of their area.
    static let shirtRows = 0.19..<0.54
    /// The columns, as shares of its width.
    static let shirtColumns = 0.15..<0.85
    /// What the view cuts out, in words: what was measured with another does not hold for it.
    public static let shirtViewName =
        "rows \(shirtRows.lowerBound)-\(shirtRows.upperBound), "
        + "columns \(shirtColumns.lowerBound)-\(shirtColumns.upperBound)"
    /// How much taller than wide a crop is that shows a whole player and not a number alone.
    ///
    /// 99 of 100 crops of numbers by detectors are less tall than 1.93 times their width; two of
    /// three crops of rendered players are taller.
    public static let tallAspect = 1.95
    /// The same where it is known that a crop shows a player: one less tall is cut already.
    public static let playerAspect = 1.2

    /// The part of a player's crop that shows the shirt's number.
    ///
    /// - Parameter aspect: How many times as tall as wide the picture must be.
    /// - Returns: The whole picture where it is less tall.
    public func shirtView(leastAspect aspect: Double = Image.tallAspect) -> Image {
        guard Double(height) >= aspect * Double(width) else { return self }
        let rows = Self.pixels(Self.shirtRows, of: height)
        let columns = Self.pixels(Self.shirtColumns, of: width)
        return cropped(
            to: PixelRectangle(
                left: columns.lowerBound, top: rows.lowerBound, width: columns.count,
                height: rows.count))
    }

    /// All pixels that a share of them touches, one at least.
    private static func pixels(_ share: Range<Double>, of count: Int) -> Range<Int> {
        let first = Int(share.lowerBound * Double(count))
        let end = Int((share.upperBound * Double(count)).rounded(.up))
        return first..<max(first + 1, end)
    }
}

extension PreparedImage {
    /// Whether it shows a crop so tall that a number is read on a part of it.
    public var showsWholePlayer: Bool {
        Double(content.height) >= Image.tallAspect * Double(content.width)
    }
}
