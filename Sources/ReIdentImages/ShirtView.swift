// The part of a player's crop in which the shirt's number is, for reading it: there it fills twice as
// much of the model's square.
//
// SPDX-License-Identifier: MIT

extension Image {
    /// The rows of a player's crop that show the shirt, as shares of its height.
    ///
    /// Of 402 legible numbers on rendered players, whose boxes are as inexact as detectors', 400 lie
    /// within.
    static let shirtRows = 0.17..<0.57
    /// How much taller than wide a crop of a whole player is, at least.
    static let leastPlayerAspect = 1.4

    /// The part of a player's crop that shows the shirt.
    ///
    /// - Returns: The whole picture where it is not so tall that it shows a whole player: a crop of
    ///   the number alone, for example.
    public func shirtView() -> Image {
        guard Double(height) >= Self.leastPlayerAspect * Double(width) else { return self }
        let top = Int(Self.shirtRows.lowerBound * Double(height))
        let bottom = max(top + 1, Int((Self.shirtRows.upperBound * Double(height)).rounded(.up)))
        return cropped(
            to: PixelRectangle(left: 0, top: top, width: width, height: bottom - top))
    }
}
