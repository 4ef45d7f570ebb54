// What a file's first bytes say it holds. Names of files are not asked: contents decide.
//
// SPDX-License-Identifier: MIT

/// A format that can be decoded.
public enum ImageFormat: String, Sendable, CaseIterable {
    /// JPEG: baseline, extended, progressive or arithmetic-coded, 8 bits.
    case jpeg = "JPEG"
    /// PNG of any colour type and depth, interlaced or not.
    case png = "PNG"
    /// WebP, lossy or lossless, but not animated.
    case webP = "WebP"

    /// The format the signature at the start of `bytes` belongs to, or nil if it is none of them.
    public init?(signatureOf bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.count >= 12, bytes.starts(with: "RIFF".utf8),
            bytes[8..<12].elementsEqual("WEBP".utf8)
        {
            self = .webP
        } else {
            return nil
        }
    }
}

/// Names contents that are no image of ours, for the sentence that refuses them.
func describeForeignContents(_ bytes: UnsafeRawBufferPointer) -> String {
    guard !bytes.isEmpty else { return "an empty file" }
    for (signature, name) in foreignSignatures where bytes.starts(with: signature.utf8) {
        return name
    }
    if bytes.count >= 12 {
        let kind = String(decoding: bytes[8..<12], as: UTF8.self)
        if bytes.starts(with: "RIFF".utf8) { return "a RIFF file" }
        if bytes[4..<8].elementsEqual("ftyp".utf8) {
            switch kind {
            case "heic", "heix", "mif1", "msf1": return "a HEIC image"
            case "avif", "avis": return "an AVIF image"
            default: return "an MP4 or QuickTime file"
            }
        }
    }
    if bytes.starts(with: [0xFF, 0x0A]) { return "a JPEG XL image" }
    return describeText(bytes.prefix(512))
}

/// Told apart from text only by control bytes, which no text holds.
private func describeText(_ start: Slice<UnsafeRawBufferPointer>) -> String {
    if start.allSatisfy({ $0 == 0 }) { return "only zero bytes" }
    let isText = start.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
    guard isText else { return "unknown binary contents" }
    let text = String(decoding: start, as: UTF8.self).lowercased()
    let isPage = ["<!doctype html", "<html"].contains { text.contains($0) }
    return isPage ? "an HTML page" : "text"
}

private let foreignSignatures: [(String, String)] = [
    ("GIF8", "a GIF image"),
    ("BM", "a BMP image"),
    ("II*\0", "a TIFF image"),
    ("MM\0*", "a TIFF image"),
    ("\0\0\0\u{0C}jP  ", "a JPEG 2000 image"),
    ("\0\0\0\u{0C}JXL ", "a JPEG XL image"),
    ("%PDF", "a PDF document"),
    ("PK\u{03}\u{04}", "a zip archive"),
    ("version https://git-lfs", "a Git LFS pointer, not the file it stands for"),
]
