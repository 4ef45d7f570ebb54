// What is wrong with a crop, in words, and how much it may cost.
//
// SPDX-License-Identifier: MIT

extension ImageQuality {
    /// Something that makes a crop hard to recognise.
    public enum Remark: String, Sendable, CaseIterable, Codable {
        /// Fewer rows than a player needs.
        case small
        /// Out of focus, or moved.
        case blurred
        /// Hardly anything is bright.
        case dark
        /// Hardly anything is dark.
        case bright
        /// Everything has nearly one brightness.
        case flat
        /// Bars of one colour at the edges: padding, or the end of the frame.
        case bars
        /// So wide that it cannot show a whole player standing.
        case cut
        /// Another player is in it, too. Pixels alone do not tell that; an encoder may.
        case shared
    }

    /// Below so many rows players were hard to recognise on degraded crops (docs/ROBUSTNESS.md).
    public static let fewestRows = 48
    /// Above it, crops 128 tall have been blurred by three pixels and more.
    public static let mostBlur = 0.62
    static let darkest = 0.12
    static let brightest = 0.88
    static let leastContrast = 0.05
    static let mostBars = 0.08
    /// Height over width below which legs or head are likely to be missing.
    static let leastAspect = 1.2

    /// All that pixels tell to be wrong with the crop, worst first; none of a good one.
    public var remarks: [Remark] {
        var result: [Remark] = []
        if height < Self.fewestRows { result.append(.small) }
        if blur > Self.mostBlur { result.append(.blurred) }
        if brightness < Self.darkest { result.append(.dark) }
        if brightness > Self.brightest { result.append(.bright) }
        if contrast < Self.leastContrast { result.append(.flat) }
        if bars > Self.mostBars { result.append(.bars) }
        if Double(height) < Self.leastAspect * Double(width) { result.append(.cut) }
        return result
    }
}
