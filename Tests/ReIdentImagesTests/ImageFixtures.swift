// The stored references of image tests, and how digests and drawn images are made.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentImages

/// What OpenCV and Pillow make of images; written by Tools/fixtures/letterbox.py.
struct ResizingReference: Decodable {
    struct File: Decodable, Sendable {
        let path: String
        let width: Int
        let height: Int
        let decoded: String
        let letterbox: String
    }
    struct Crop: Decodable, Sendable {
        let path: String
        let left: Int
        let top: Int
        let width: Int
        let height: Int
        let letterbox: String
    }
    struct Drawn: Decodable, Sendable {
        let width: Int
        let height: Int
        let side: Int
        let pattern: String
        let letterbox: String?
        let stretch: String
        let clip: String
    }

    let side: Int
    let files: [File]
    let crops: [Crop]
    let drawn: [Drawn]

    static func read() throws -> ResizingReference {
        try JSONDecoder().decode(Self.self, from: fixture("resizing.json"))
    }
}

/// One small file and what OpenCV decodes it to; written by Tools/fixtures/decoding.py.
struct DecodingReference: Decodable, Sendable {
    let name: String
    let width: Int
    let height: Int
    let decoded: String
    let pillowDifference: Int?
    let file: Data

    var bytes: [UInt8] { [UInt8](file) }

    static func read() throws -> [DecodingReference] {
        try JSONDecoder().decode([Self].self, from: fixture("decoding.json"))
    }

    static func read(_ name: String) throws -> DecodingReference {
        guard let found = try read().first(where: { $0.name == name }) else {
            throw CocoaError(.fileNoSuchFile)
        }
        return found
    }
}

func fixture(_ name: String) throws -> Data {
    try Data(contentsOf: Bundle.module.bundleURL.appending(path: "Fixtures/\(name)"))
}

/// SHA-256 in hexadecimal digits.
func digest(_ bytes: [UInt8]) -> String {
    (try? MessageDigest.sha256.hexadecimal(of: bytes)) ?? "no digest"
}

/// The image that `pattern` of Tools/fixtures/letterbox.py draws.
func pattern(width: Int, height: Int) -> Image {
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
        for y in 0..<height {
            for x in 0..<width {
                for c in 0..<3 {
                    var word = UInt32(x) &* 73_856_093 &+ UInt32(y) &* 19_349_663
                    word = word &+ UInt32(c) &* 83_492_791
                    word ^= word &>> 15
                    word = word &* 0x2C1B_3C6D
                    buffer[count] = UInt8(truncatingIfNeeded: word &>> 24)
                    count += 1
                }
            }
        }
    }
    return Image(width: width, height: height, pixels: pixels)
}

/// Gathers one line per failing item from several threads.
final class Complaints: @unchecked Sendable {
    // SAFETY: the lock guards the only stored property that changes.
    private let lock = NSLock()
    private var lines: [String] = []

    func add(_ line: String) { lock.withLock { lines.append(line) } }

    var all: [String] { lock.withLock { lines.sorted() } }
}
