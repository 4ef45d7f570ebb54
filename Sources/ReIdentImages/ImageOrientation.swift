// The orientation tag of EXIF, read by a parser that trusts nothing.
// Tag 0x0112 of TIFF 6.0; EXIF 2.32, section 4.6.4.
//
// SPDX-License-Identifier: MIT

/// How stored pixels have to be turned to stand upright; raw values are those of EXIF.
enum ImageOrientation: UInt16 {
    case upright = 1
    case mirrored = 2
    case rotatedHalf = 3
    case mirroredVertically = 4
    case transposed = 5
    case needsQuarterClockwise = 6
    case transposedAcross = 7
    case needsQuarterCounterclockwise = 8

    /// Reads the tag out of a TIFF structure; nil where it is absent, malformed or out of range.
    init?(tiff: UnsafeRawBufferPointer) {
        guard tiff.count >= 8 else { return nil }
        let isLittleEndian: Bool
        switch (tiff[0], tiff[1]) {
        case (0x49, 0x49): isLittleEndian = true
        case (0x4D, 0x4D): isLittleEndian = false
        default: return nil
        }
        func word(at offset: Int) -> UInt16? {
            guard offset >= 0, offset <= tiff.count - 2 else { return nil }
            let value = tiff.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
            return isLittleEndian ? UInt16(littleEndian: value) : UInt16(bigEndian: value)
        }
        func doubleWord(at offset: Int) -> UInt32? {
            guard offset >= 0, offset <= tiff.count - 4 else { return nil }
            let value = tiff.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            return isLittleEndian ? UInt32(littleEndian: value) : UInt32(bigEndian: value)
        }
        guard word(at: 2) == 42, let directory = doubleWord(at: 4).map(Int.init),
            let entries = word(at: directory)
        else { return nil }
        for index in 0..<Int(entries) {
            let entry = directory + 2 + 12 * index
            guard let tag = word(at: entry) else { return nil }
            guard tag == 0x0112 else { continue }
            let short: UInt16 = 3
            guard word(at: entry + 2) == short, doubleWord(at: entry + 4) == 1,
                let value = word(at: entry + 8)
            else { return nil }
            self.init(rawValue: value)
            return
        }
        return nil
    }
}

/// The TIFF structure in the first EXIF segment of a JPEG, before the first scan.
@Sendable func exifOfJPEG(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let identifier = Array("Exif\0\0".utf8)
    var position = 2
    while position <= bytes.count - 4 {
        guard bytes[position] == 0xFF else { return nil }
        let marker = bytes[position + 1]
        if marker == 0xFF {  // a fill byte
            position += 1
            continue
        }
        if marker == 0x01 || (0xD0...0xD8).contains(marker) {  // markers without a length
            position += 2
            continue
        }
        guard marker != 0xDA, marker != 0xD9 else { return nil }
        let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
        let end = position + 2 + length
        guard length >= 2, end <= bytes.count else { return nil }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[position + 4..<end])
        if marker == 0xE1, payload.starts(with: identifier) {
            return UnsafeRawBufferPointer(rebasing: payload[identifier.count...])
        }
        position = end
    }
    return nil
}

/// The TIFF structure in the eXIf chunk of a PNG.
@Sendable func exifOfPNG(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    var position = 8
    while position <= bytes.count - 12 {
        let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - position - 12 else { return nil }
        if bytes[position + 4..<position + 8].elementsEqual("eXIf".utf8) {
            return UnsafeRawBufferPointer(rebasing: bytes[position + 8..<position + 8 + length])
        }
        position += 12 + length
    }
    return nil
}

/// The TIFF structure in the EXIF chunk of a WebP, if its header announces one.
///
/// Some programs put JPEG's identifier before the structure.
@Sendable func exifOfWebP(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let announcement: UInt8 = 0x08
    guard bytes.count >= 30, bytes[12..<16].elementsEqual("VP8X".utf8),
        bytes[20] & announcement != 0
    else { return nil }
    let identifier = Array("Exif\0\0".utf8)
    var position = 12
    while position <= bytes.count - 8 {
        let length = bytes[position + 4..<position + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let start = position + 8
        guard length <= bytes.count - start else { return nil }
        if bytes[position..<position + 4].elementsEqual("EXIF".utf8) {
            let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
            guard payload.starts(with: identifier) else { return payload }
            return UnsafeRawBufferPointer(rebasing: payload[identifier.count...])
        }
        position = start + length + length % 2  // chunks begin at even places
    }
    return nil
}
