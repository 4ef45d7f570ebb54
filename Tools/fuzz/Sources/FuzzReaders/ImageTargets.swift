// Decoding of images, and EXIF's orientation inside an otherwise good one.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentImages

extension FuzzTarget {
    /// A whole image file of any format.
    static let images = FuzzTarget(
        name: "images",
        read: { bytes in
            let image = try ImageDecoder.decode(bytes, name: "input")
            precondition(image.pixels.count == image.width * image.height * 3)
            if image.width * image.height < 10_000 {
                _ = Preprocessing.letterbox.prepare(image, side: 32)
            }
        },
        seeds: {
            try [1, 2, 3].flatMap { size in
                let image = drawn(width: 7 * size, height: 5 * size)
                return [
                    try ImageEncoder.png(image), try ImageEncoder.jpeg(image, quality: 50),
                    try ImageEncoder.jpeg(image, quality: 95),
                ]
            } + everyKind()
        })

    /// The contents of a JPEG's EXIF segment.
    static let orientation = FuzzTarget(
        name: "orientation",
        read: { bytes in
            guard bytes.count < 60_000 else { return }
            let length = bytes.count + 8
            let segment: [UInt8] =
                [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)]
                + Array("Exif\0\0".utf8) + bytes
            let image = try ImageDecoder.decode(
                Array(plainJPEG.prefix(2)) + segment + Array(plainJPEG.dropFirst(2)),
                name: "input")
            precondition(image.width * image.height == 35)
        },
        seeds: {
            (1...8 as ClosedRange<UInt8>).flatMap { value -> [[UInt8]] in
                let little: [UInt8] = [
                    0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0,
                    0, 0, 0, 0, 0,
                ]
                let big: [UInt8] = [
                    0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0,
                    0, 0, 0, 0, 0,
                ]
                return [little, big]
            }
        })
}

/// The files of the decoding tests: every kind of image that is decoded.
private func everyKind() throws -> [[UInt8]] {
    struct Fixture: Decodable { let file: Data }
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../../Tests/ReIdentImagesTests/Fixtures/decoding.json")
    return try JSONDecoder().decode([Fixture].self, from: Data(contentsOf: fixtures))
        .map { [UInt8]($0.file) }
}

/// A good JPEG of 7 x 5 pixels without EXIF.
private let plainJPEG: [UInt8] =
    (try? ImageEncoder.jpeg(drawn(width: 7, height: 5), quality: 50)) ?? []

/// A picture with edges in it.
private func drawn(width: Int, height: Int) -> Image {
    Image(
        width: width, height: height,
        pixels: (0..<width * height * 3).map { UInt8($0 * 37 % 251) })
}
