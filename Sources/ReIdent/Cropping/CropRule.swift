// Which pixels of a frame become the crop of a box.
//
// SPDX-License-Identifier: MIT

public import ReIdentData
public import ReIdentImages

/// How a box becomes a crop.
public struct CropRule: Sendable, Equatable {
    /// What becomes of a box.
    public enum Verdict: Sendable, Equatable {
        /// These pixels, at least one of them, all inside the frame.
        case crop(PixelRectangle)
        /// No pixel of the frame is in the box.
        case outside
        /// Too little of the box is in the frame.
        case tooSmall
    }

    /// What is added on each side, as a share of the box's size there; at least 0.
    public let margin: Double
    /// Rows of the box, without margin, that must lie in the frame.
    public let minimumHeight: Int

    /// What shares of a frame with six decimals may be wrong by, in pixels.
    private static let slack = 1.0 / 128

    /// A rule.
    public init(margin: Double = 0.05, minimumHeight: Int = 32) {
        precondition(margin >= 0 && margin.isFinite, "a margin is a number from 0 on")
        self.margin = margin
        self.minimumHeight = minimumHeight
    }

    /// Applies the rule: adds the margin, cuts at the frame's edges and rounds to whole pixels.
    ///
    /// - Parameters:
    ///   - area: In pixels; numbers are finite.
    ///   - frameWidth: Pixels in a row of the frame.
    ///   - frameHeight: Rows of the frame.
    /// - Returns: The crop, or why there is none.
    public func verdict(
        on area: FrameBox.Area, frameWidth: Int, frameHeight: Int
    ) -> Verdict {
        let (frameRight, frameBottom) = (Double(frameWidth), Double(frameHeight))
        let (right, bottom) = (area.left + area.width, area.top + area.height)
        guard area.left < frameRight, area.top < frameBottom, right > 0, bottom > 0 else {
            return .outside
        }
        let visibleHeight = min(bottom, frameBottom) - max(area.top, 0)
        guard visibleHeight + Self.slack >= Double(minimumHeight), area.width > 0 else {
            return .tooSmall
        }
        // Clamped before they become whole numbers, which no huge number can. A margin often ends
        // in the very middle of a pixel; the slack sends it to the same side however the box was
        // stated.
        func pixel(_ position: Double, atMost end: Double) -> Int {
            Int((min(max(position, 0), end) + Self.slack).rounded())
        }
        let across = margin * area.width
        let down = margin * area.height
        let left = pixel(area.left - across, atMost: frameRight)
        let top = pixel(area.top - down, atMost: frameBottom)
        let width = pixel(right + across, atMost: frameRight) - left
        let height = pixel(bottom + down, atMost: frameBottom) - top
        guard width > 0, height > 0 else { return .tooSmall }
        return .crop(PixelRectangle(left: left, top: top, width: width, height: height))
    }
}
