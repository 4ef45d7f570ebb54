// The part of a player's crop in which the shirt's number is, for reading it: there it fills twice
// as much of the model's square.
//
// SPDX-License-Identifier: MIT

extension Image {
    /// The rows of a player's crop that show the shirt, as shares of its height.
    ///
    /// Of 402 legible numbers on rendered players, whose boxes are as inexact as detectors', 400
    /// lie within.
    static let shirtRows = 0.17..<0.57
    /// How much taller than wide a crop is that shows a whole player and not a number alone.
    ///
    /// 99 of 100 crops of numbers by detectors are less tall than 1.93 times their width; two of
    /// three crops of rendered players are taller.
    public static let tallAspect = 1.95
    /// The same where it is known that a crop shows a player: one less tall is cut already.
    public static let playerAspect = 1.2

    /// The part of a player's crop that shows the shirt.
    ///
    /// - Parameter aspect: How many times as tall as wide the picture must be.
    /// - Returns: The whole picture where it is less tall.
    public func shirtView(leastAspect aspect: Double = Image.tallAspect) -> Image {
        guard Double(height) >= aspect * Double(width) else { return self }
        let top = Int(Self.shirtRows.lowerBound * Double(height))
        let bottom = max(top + 1, Int((Self.shirtRows.upperBound * Double(height)).rounded(.up)))
        return cropped(
            to: PixelRectangle(left: 0, top: top, width: width, height: bottom - top))
    }
}

extension PreparedImage {
    /// Whether it shows a crop so tall that a number is read on a part of it.
    public var showsWholePlayer: Bool {
        Double(content.height) >= Image.tallAspect * Double(content.width)
    }
}
