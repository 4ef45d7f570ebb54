// Why a picture could not be had.
//
// SPDX-License-Identifier: MIT

public import ReIdentFoundation

/// Why an image could not be read or written, with what was found and what to do.
public enum ImageError: DiagnosedError, Equatable {
    /// The contents are of no format that can be decoded; `found` names them, with its article.
    case notAnImage(name: String, found: String)
    /// The header claims more pixels than `ImageDecoder.mostPixels`; no memory was taken for them.
    case tooManyPixels(name: String, width: Int, height: Int)
    /// The decoder found the contents wrong, or warned about them; `reason` is its message.
    case damaged(name: String, format: ImageFormat, reason: String)
    /// The contents may be sound, but are of a kind that is not read; `reason` says which.
    case unsupported(name: String, format: ImageFormat, reason: String)
    /// The bytes themselves could not be had: `kind` and `reason` are those of the reader's error.
    case unreadable(name: String, kind: FailureKind, reason: String)
    /// A picture cannot be written in this format, for example because it is too large for it.
    case notEncodable(format: ImageFormat, width: Int, height: Int, reason: String)
    /// A picture of this size cannot be drawn, or drawing on it failed; `reason` is Cairo's.
    case notDrawable(width: Int, height: Int, reason: String)

    public var kind: FailureKind {
        switch self {
        case .notAnImage, .tooManyPixels, .damaged, .unsupported: .badData
        case .unreadable(_, let kind, _): kind
        case .notEncodable, .notDrawable: .cannotWrite
        }
    }

    public var description: String {
        switch self {
        case .notAnImage(let name, let found):
            return "\(name): holds \(found), not a JPEG, PNG or WebP image. "
                + "Convert it to one of them, or leave it out."
        case .tooManyPixels(let name, let width, let height):
            return "\(name): claims \(width) x \(height) pixels; at most "
                + "\(ImageDecoder.mostPixels / 1_000_000) megapixels are read. "
                + "Crop the player out of it, or scale it down."
        case .damaged(let name, let format, let reason):
            return "\(name): a damaged \(format.rawValue) image: \(reason). "
                + "Copy or export it again, or leave it out."
        case .unsupported(let name, let format, let reason):
            return "\(name): a \(format.rawValue) image that is not read: \(reason). "
                + "Save it as a single picture, or leave it out."
        case .unreadable(let name, _, let reason):
            return reason.contains(name) ? reason : "\(name): cannot be read: \(reason)"
        case .notEncodable(let format, let width, let height, let reason):
            return "\(width) x \(height) pixels cannot be written as \(format.rawValue): "
                + "\(reason). Write it smaller or in another format."
        case .notDrawable(let width, let height, let reason):
            return "\(width) x \(height) pixels cannot be drawn: \(reason). "
                + "Draw less or smaller."
        }
    }
}
