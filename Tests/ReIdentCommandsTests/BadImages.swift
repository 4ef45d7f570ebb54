// Files with an image's name that no picture can be had of.
//
// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// Kinds of files with an image's name that are no good image.
enum BadImage: String, CaseIterable, Sendable {
    case text, page, mislabelled, empty, truncatedJPEG, truncatedPNG, endless, animated

    /// What the sentence about it says besides its name.
    var sentence: String {
        switch self {
        case .text: "holds text, not a"
        case .page: "holds an HTML page, not a"
        case .mislabelled: "holds a GIF image, not a"
        case .empty: "holds an empty file, not a"
        case .truncatedJPEG: "a damaged JPEG image: "
        case .truncatedPNG: "a damaged PNG image: "
        case .endless: "claims 60000 x 60000 pixels; at most 64 megapixels are read"
        case .animated: "a WebP image that is not read: it is animated"
        }
    }

    /// Writes the file into `images` and returns its path.
    func write(to place: Workplace) throws -> String {
        switch self {
        case .text: return try place.write("not an image at all", to: "images/text.jpg")
        case .page:
            return try place.write("<!DOCTYPE html><title>404</title>", to: "images/page.png")
        case .mislabelled:
            return try place.write("GIF89a\u{1}\0\u{1}\0\0\0\0;", to: "images/really-a-gif.jpg")
        case .empty: return try place.write([UInt8](), to: "images/empty.png")
        case .truncatedJPEG: return try Self.truncated("cut.jpg", in: place)
        case .truncatedPNG: return try Self.truncated("cut.png", in: place)
        case .endless:
            // The start of frame of a good JPEG is made to claim 60,000 rows and columns.
            var bytes = try Self.contents("whole.jpg", in: place)
            let frame = try #require(bytes.firstRange(of: [0xFF, 0xC0])).lowerBound
            bytes.replaceSubrange(frame + 5..<frame + 9, with: [0xEA, 0x60, 0xEA, 0x60])
            return try place.write(bytes, to: "images/endless.jpg")
        case .animated:
            return try place.write(Array(Self.animation), to: "images/animated.webp")
        }
    }

    /// The first half of a good image.
    private static func truncated(_ name: String, in place: Workplace) throws -> String {
        let bytes = try contents(name, in: place)
        return try place.write(Array(bytes.prefix(bytes.count / 2)), to: "images/\(name)")
    }

    /// A good image's bytes; nothing of it stays.
    private static func contents(_ name: String, in place: Workplace) throws -> [UInt8] {
        let whole = try place.image("whole-\(name)", seed: 5)
        defer { try? FileManager.default.removeItem(atPath: whole) }
        return try Array(Data(contentsOf: URL(filePath: whole)))
    }

    /// Two frames of 2 x 2 pixels in one WebP file.
    private static let animation =
        Data(
            base64Encoded:
                "UklGRogAAABXRUJQVlA4WAoAAAACAAAAAQAAAQAAQU5JTQYAAAAAAAAAAABBTk1GKgAAAAAAAAAA"
                + "AAEAAAEAAGQAAAJWUDhMEQAAAC8BQAAAB1CPItej/4GI6H8AAEFOTUYqAAAAAAAAAAAAAQAAAQAA"
                + "ZAAAAFZQOEwRAAAALwFAAAAHUOR61KP/gYjofwAA") ?? Data()
}
