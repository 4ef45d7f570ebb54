// Turning and mirroring of whole pictures.
//
// SPDX-License-Identifier: MIT

extension Image {
    /// The picture as it should be seen, from pixels stored in the given orientation.
    func turnedUpright(from orientation: ImageOrientation) -> Image {
        // Where a step to the right and a step down in the result lead in the stored pixels.
        let right = 3
        let down = 3 * width
        let lastColumn = (width - 1) * right
        let lastRow = (height - 1) * down
        switch orientation {
        case .upright:
            return self
        case .mirrored:
            return walked(width, height, from: lastColumn, x: -right, y: down)
        case .rotatedHalf:
            return walked(width, height, from: lastRow + lastColumn, x: -right, y: -down)
        case .mirroredVertically:
            return walked(width, height, from: lastRow, x: right, y: -down)
        case .transposed:
            return walked(height, width, from: 0, x: down, y: right)
        case .needsQuarterClockwise:
            return walked(height, width, from: lastRow, x: -down, y: right)
        case .transposedAcross:
            return walked(height, width, from: lastRow + lastColumn, x: -down, y: -right)
        case .needsQuarterCounterclockwise:
            return walked(height, width, from: lastColumn, x: down, y: -right)
        }
    }

    /// The picture in a mirror: left and right exchanged.
    public func flippedHorizontally() -> Image {
        turnedUpright(from: .mirrored)
    }

    /// A picture of another shape that reads the stored bytes in steps of `stepX` and `stepY`.
    private func walked(
        _ newWidth: Int, _ newHeight: Int, from origin: Int, x stepX: Int, y stepY: Int
    ) -> Image {
        let count = pixels.count
        let turned = pixels.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: count) { destination, initialized in
                var write = 0
                var row = 0
                while row < newHeight {
                    var read = origin + row * stepY
                    var column = 0
                    while column < newWidth {
                        destination[write] = source[read]
                        destination[write + 1] = source[read + 1]
                        destination[write + 2] = source[read + 2]
                        write += 3
                        read += stepX
                        column += 1
                    }
                    row += 1
                }
                initialized = count
            }
        }
        return Image(width: newWidth, height: newHeight, pixels: turned)
    }
}
