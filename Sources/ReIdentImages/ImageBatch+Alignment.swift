// Crops moved to where they touch the fewest patches of a transformer.
//
// SPDX-License-Identifier: MIT

extension ImageBatch {
    /// The same crops, each moved by less than a patch so that it begins where a patch does.
    ///
    /// A letterboxed crop begins anywhere, so it touches a patch more than it needs.
    ///
    /// - Parameter patchSize: Side of a patch; it divides the side of the squares.
    /// - Returns: Squares in which black still is all that shows no crop.
    public func alignedToPatches(of patchSize: Int) -> ImageBatch {
        var result = self
        for index in 0..<count {
            let content = contents[index]
            let left = Self.aligned(content.left, content.width, patchSize, side: side)
            let top = Self.aligned(content.top, content.height, patchSize, side: side)
            guard left != content.left || top != content.top else { continue }
            let moved = PixelRectangle(
                left: left, top: top, width: content.width, height: content.height)
            result.move(index, from: content, to: moved)
        }
        return result
    }

    /// The nearest multiple of a patch at which the content still lies in the square.
    private static func aligned(_ start: Int, _ length: Int, _ patch: Int, side: Int) -> Int {
        let needed = (length + patch - 1) / patch
        return min((start + patch / 2) / patch, side / patch - needed) * patch
    }

    private mutating func move(_ index: Int, from old: PixelRectangle, to new: PixelRectangle) {
        let square = side * side * 3
        var rows: [UInt8] = []
        rows.reserveCapacity(old.width * old.height * 3)
        for row in old.top..<old.top + old.height {
            let start = index * square + (row * side + old.left) * 3
            rows += pixels[start..<start + old.width * 3]
        }
        pixels.withUnsafeMutableBufferPointer { pixels in
            pixels[index * square..<(index + 1) * square].update(repeating: 0)
            for row in 0..<new.height {
                let start = index * square + ((new.top + row) * side + new.left) * 3
                for byte in 0..<new.width * 3 {
                    pixels[start + byte] = rows[row * new.width * 3 + byte]
                }
            }
        }
        contents[index] = new
    }
}
