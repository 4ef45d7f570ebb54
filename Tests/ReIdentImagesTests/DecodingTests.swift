// Decoding of every kind of JPEG, PNG and WebP against OpenCV, and what bad files are told.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Decoding")
struct DecodingTests {
    @Test("every kind of JPEG, PNG and WebP becomes the pixels OpenCV makes of it")
    func matchesOpenCV() throws {
        let references = try DecodingReference.read()
        #expect(references.count >= 60)
        #expect(references.count { $0.name.hasPrefix("WebP") } >= 14)
        for item in references {
            let image = try ImageDecoder.decode(item.bytes, name: item.name)
            #expect(image.width == item.width && image.height == item.height, "\(item.name)")
            #expect(digest(image.pixels) == item.decoded, "\(item.name)")
        }
    }

    @Test(
        "a file cut anywhere is refused",
        arguments: [
            "progressive 4:2:0", "CMYK of Adobe", "WebP lossy", "WebP lossless with alpha",
        ])
    func refusesEveryPrefix(name: String) throws {
        let bytes = try DecodingReference.read(name).bytes
        for count in 0..<bytes.count {
            #expect(throws: ImageError.self, "first \(count) of \(bytes.count) bytes") {
                try ImageDecoder.decode(Array(bytes.prefix(count)), name: name)
            }
        }
    }

    @Test("a PNG cut anywhere is refused", arguments: ["", " interlaced"])
    func refusesEveryPrefixOfPNG(suffix: String) throws {
        try refusesEveryPrefix(name: "PNG colour 3 depth 4" + suffix)
    }

    @Test("a damaged file is decoded or refused, and never more")
    func survivesDamage() throws {
        let references = try DecodingReference.read()
        let outcomes = Complaints()
        parallelForEach(count: references.count) { index in
            let item = references[index]
            var generator = SeededGenerator(seed: 1501, stream: UInt64(index))
            for round in 0..<60 {
                var bytes = item.bytes
                for _ in 0...generator.integer(below: 4) {
                    let position = generator.integer(below: bytes.count)
                    bytes[position] = UInt8(truncatingIfNeeded: generator.next())
                }
                if round % 3 == 0 { bytes.removeLast(generator.integer(below: bytes.count)) }
                do throws(ImageError) {
                    _ = try ImageDecoder.decode(bytes, name: item.name)
                } catch {
                    outcomes.add("\(error.kind)")
                }
            }
        }
        #expect(Set(outcomes.all) == ["badData"])
    }

    @Test("a header that claims too much is refused before any memory is taken")
    func refusesHugeHeaders() throws {
        var png = try DecodingReference.read("PNG colour 2 depth 8").bytes
        png.replaceSubrange(16..<24, with: [0, 0, 0x1F, 0x41, 0, 0, 0x1F, 0x40])  // 8,001 x 8,000
        png.replaceSubrange(29..<33, with: crc32(png[12..<29]))
        let claimed = ImageError.tooManyPixels(name: "huge", width: 8_001, height: 8_000)
        #expect(throws: claimed) { try ImageDecoder.decode(png, name: "huge") }

        var jpeg = try DecodingReference.read("baseline 4:2:0").bytes
        let frame = try #require(
            (0..<jpeg.count - 1).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        let wanted = ImageError.tooManyPixels(name: "huge", width: 65_500, height: 65_500)
        #expect(throws: wanted) { try ImageDecoder.decode(jpeg, name: "huge") }

        // Behind the signature of VP8L stand 14 bits of width less one, then of height less one.
        var webP = try DecodingReference.read("WebP lossless").bytes
        #expect(webP[20] == 0x2F)
        webP.replaceSubrange(21..<24, with: [0xFF, 0xFF, 0xFF])
        webP[24] |= 0x0F
        let largest = ImageError.tooManyPixels(name: "huge", width: 16_384, height: 16_384)
        #expect(throws: largest) { try ImageDecoder.decode(webP, name: "huge") }
    }

    @Test("an animated WebP is refused in a sentence")
    func refusesAnimation() {
        let animation: UInt8 = 0x02
        let header = Array("RIFF\u{16}\0\0\0WEBPVP8X\u{0A}\0\0\0".utf8)
        let bytes = header + [animation, 0, 0, 0, 15, 0, 0, 15, 0, 0]
        let error = #expect(throws: ImageError.self) {
            try ImageDecoder.decode(bytes, name: "moving.webp")
        }
        #expect(error?.kind == .badData)
        #expect(error?.description.hasPrefix("moving.webp: a WebP image that is not read") == true)
    }

    @Test("the orientation of a WebP is found behind JPEG's identifier, too")
    func readsPrefixedEXIF() throws {
        let item = try DecodingReference.read("WebP orientation 6")
        let start = try #require(
            item.bytes.indices.last { item.bytes[$0...].starts(with: Array("EXIF".utf8)) })
        var bytes = item.bytes
        bytes.insert(contentsOf: Array("Exif\0\0".utf8), at: start + 8)
        bytes[start + 4] += 6
        bytes[4] += 6
        #expect(digest(try ImageDecoder.decode(bytes, name: "prefixed").pixels) == item.decoded)
    }

    @Test("an image without pixels is refused")
    func refusesEmptySizes() throws {
        var png = try DecodingReference.read("PNG colour 2 depth 8").bytes
        png.replaceSubrange(16..<20, with: [0, 0, 0, 0])
        png.replaceSubrange(29..<33, with: crc32(png[12..<29]))
        #expect(throws: ImageError.self) { try ImageDecoder.decode(png, name: "empty") }
    }

    @Test(
        "contents that are no image are named",
        arguments: [
            ("", "an empty file"), ("GIF89a......", "a GIF image"), ("BM......", "a BMP image"),
            ("RIFF....WAVEfmt ", "a RIFF file"), ("identity,camera\n1,2\n", "text"),
            ("<!DOCTYPE html><html>", "an HTML page"), ("%PDF-1.7", "a PDF document"),
            ("....ftypavif", "an AVIF image"), ("\u{1}\u{2}\u{3}", "unknown binary contents"),
        ])
    func namesForeignContents(contents: String, found: String) {
        let expected = ImageError.notAnImage(name: "a.jpg", found: found)
        #expect(expected.kind == .badData)
        #expect(throws: expected) {
            try ImageDecoder.decode(Array(contents.utf8), name: "a.jpg")
        }
    }

    @Test("EXIF that makes no sense is taken as upright")
    func ignoresMalformedEXIF() throws {
        let item = try DecodingReference.read("JPEG orientation 6")
        let start = try #require(
            item.bytes.indices.first { item.bytes[$0...].starts(with: Array("Exif\0\0".utf8)) })
        let upright = try DecodingReference.read("JPEG orientation 1")
        let structure = start + 6..<start + 6 + 38
        for position in structure {
            var bytes = item.bytes
            bytes[position] ^= 0xFF
            let image = try ImageDecoder.decode(bytes, name: "broken EXIF")
            // Some bytes do not matter (the other tag's); the rest make it unreadable.
            #expect(
                [item.decoded, upright.decoded].contains(digest(image.pixels)),
                "byte \(position - structure.lowerBound)")
        }
    }

    @Test("what the encoders write is read back")
    func roundTrips() throws {
        let image = pattern(width: 31, height: 17)
        let png = try ImageDecoder.decode(ImageEncoder.png(image), name: "png")
        #expect(png == image)
        let smooth = Preprocessing.stretch.prepare(pattern(width: 3, height: 3), side: 64).image
        let jpeg = try ImageDecoder.decode(ImageEncoder.jpeg(smooth, quality: 95), name: "jpeg")
        let differences = zip(jpeg.pixels, smooth.pixels).map { abs(Int($0) - Int($1)) }
        #expect((differences.max() ?? 255) <= Tolerance.jpegLevels)
    }

    @Test("an image too large for JPEG is refused in a sentence")
    func refusesLargeJPEG() throws {
        let image = Image(width: 70_000, height: 1, pixels: Array(repeating: 0, count: 210_000))
        let error = #expect(throws: ImageError.self) {
            try ImageEncoder.jpeg(image, quality: 90)
        }
        #expect(error?.kind == .cannotWrite)
    }

    @Test(
        "every PNG and JPEG of the shared data is decoded",
        .enabled(if: SharedData.has("jersey-numbers"), SharedData.reason))
    func decodesSharedImages() throws {
        let folders = ["jersey-numbers", "synergyreid-techreport", "openai-clip"]
        let files = folders.flatMap { folder in
            let names = FileManager.default.enumerator(atPath: SharedData.path(folder))?.allObjects
            return (names ?? []).compactMap { $0 as? String }.map { "\(folder)/\($0)" }
        }
        let images = files.filter { $0.hasSuffix(".jpg") || $0.hasSuffix(".png") }
        #expect(images.count > 400)
        let complaints = Complaints()
        parallelForEach(count: images.count) { index in
            do {
                _ = try source(images[index]).decoded()
            } catch {
                complaints.add("\(error)")
            }
        }
        #expect(complaints.all == [])
    }
}

/// The checksum of a PNG chunk, in the order of its bytes there.
private func crc32(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var remainder = UInt32.max
    for byte in bytes {
        remainder ^= UInt32(byte)
        for _ in 0..<8 {
            remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1
        }
    }
    return withUnsafeBytes(of: (~remainder).bigEndian) { Array($0) }
}
