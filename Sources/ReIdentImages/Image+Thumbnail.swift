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
        func bounds(_ place: Int, _ length: Int) -> Range<Int> {
            let start = min(length - 1, place * length / side)
            return start..<max(start + 1, (place + 1) * length / side)
        }
        let columns = (0..<side).map { bounds($0, width) }
        return [UInt8](unsafeUninitializedCapacity: side * side * 3) { fields, count in
            pixels.withUnsafeBufferPointer { pixels in
                for row in 0..<side {
                    let lines = bounds(row, height)
                    for (column, places) in columns.enumerated() {
                        var (red, green, blue) = (0, 0, 0)
                        for line in lines {
                            for place in places {
                                let pixel = 3 * (line * width + place)
                                red += Int(pixels[pixel])
                                green += Int(pixels[pixel + 1])
                                blue += Int(pixels[pixel + 2])
                            }
                        }
                        let (field, area) = (
                            3 * (row * side + column), lines.count * places.count
                        )
                        fields[field] = UInt8((red + area / 2) / area)
                        fields[field + 1] = UInt8((green + area / 2) / area)
                        fields[field + 2] = UInt8((blue + area / 2) / area)
                    }
                }
            }
            count = side * side * 3
        }
    }
}
