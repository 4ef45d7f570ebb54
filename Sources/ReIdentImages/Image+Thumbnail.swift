// A picture reduced to a few fields, for what sees only its rough outlines.
//
// SPDX-License-Identifier: MIT

extension Image {
    /// Mean colours of equal fields; of a picture with fewer pixels, those of the nearest ones.
    ///
    /// - Parameter side: Fields in a row, and in a column.
    /// - Returns: Interleaved 8-bit RGB, `[side, side, 3]`.
    public func thumbnail(side: Int) -> [UInt8] {
        precondition(side > 0, "a thumbnail has at least one field")
        let columns = (0..<side).map { Self.pixels(ofField: $0, of: side, along: width) }
        return [UInt8](unsafeUninitializedCapacity: side * side * 3) { fields, count in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: side * 3) { sums in
                pixels.withUnsafeBufferPointer { pixels in
                    for row in 0..<side {
                        let lines = Self.pixels(ofField: row, of: side, along: height)
                        sums.initialize(repeating: 0)
                        for line in lines {
                            for (column, places) in columns.enumerated() {
                                var (red, green, blue): (UInt32, UInt32, UInt32) = (0, 0, 0)
                                var pixel = 3 * (line * width + places.lowerBound)
                                for _ in places {
                                    red &+= UInt32(pixels[pixel])
                                    green &+= UInt32(pixels[pixel + 1])
                                    blue &+= UInt32(pixels[pixel + 2])
                                    pixel += 3
                                }
                                sums[3 * column] &+= red
                                sums[3 * column + 1] &+= green
                                sums[3 * column + 2] &+= blue
                            }
                        }
                        for (column, places) in columns.enumerated() {
                            let area = UInt32(lines.count * places.count)
                            for channel in 3 * column..<3 * column + 3 {
                                fields[row * side * 3 + channel] =
                                    UInt8((sums[channel] + area / 2) / area)
                            }
                        }
                    }
                }
            }
            count = side * side * 3
        }
    }

    /// The pixels of one of equal fields along a side; a field of a tiny picture is one pixel.
    static func pixels(ofField place: Int, of count: Int, along length: Int) -> Range<Int> {
        let start = min(length - 1, place * length / count)
        return start..<max(start + 1, (place + 1) * length / count)
    }
}
