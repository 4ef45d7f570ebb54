// The ways an image can be brought to the encoder's square, by the names files and commands use.
//
// SPDX-License-Identifier: MIT

/// How an image becomes the encoder's square input.
///
/// Raw values are stored in model packages.
public enum Preprocessing: String, Sendable, Codable, CaseIterable {
    /// Aspect ratio kept, black padding: CLIP-ReIdent's way, for players.
    case letterbox
    /// Shorter side resized, centre cut out: CLIP's own way, for zero-shot work.
    case clip
    /// Resized to the square regardless of shape.
    case stretch

    /// Brings an image to a square of `side` pixels, at least 1.
    public func prepare(_ image: Image, side: Int) -> PreparedImage {
        switch self {
        case .letterbox: Letterbox(side: side).apply(image)
        case .clip: CLIPPreprocessing(side: side).apply(image)
        case .stretch: Stretch(side: side).apply(image)
        }
    }
}
