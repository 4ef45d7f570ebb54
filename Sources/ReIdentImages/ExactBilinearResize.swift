// Bilinear resizing without antialiasing in 8-bit fixed point.
// Equal, pixel for pixel, to OpenCV's INTER_LINEAR_EXACT, which CLIP-ReIdent resizes with; the rule
// was measured on OpenCV 5.0.0.
//
// SPDX-License-Identifier: MIT

/// Which two neighbouring pixels of a line make up each new one, and in what shares.
private struct BilinearLine {
    /// Index of the first pixel for each new position; the other is the next one.
    let first: [Int]
    /// Share of the other, out of 256; 0 at the borders, where there is no other.
    let share: [UInt16]

    init(from source: Int, to target: Int) {
        // OpenCV derives the step from its inverse; the two roundings are part of the result.
        let step = 1 / (Double(target) / Double(source))
        var first = [Int](repeating: 0, count: target)
        var share = [UInt16](repeating: 0, count: target)
        for index in 0..<target {
            let center = step * (Double(index) + 0.5) - 0.5
            let floor = center.rounded(.down)
            let position = Int(floor)
            guard position >= 0 else { continue }  // before the first pixel's centre: it alone
            first[index] = min(position, source - 1)
            guard position < source - 1 else { continue }
            share[index] = UInt16(((center - floor) * 256).rounded(.toNearestOrEven))
        }
        self.first = first
        self.share = share
    }
}

extension Image {
    /// Writes the resized picture into a larger one.
    ///
    /// - Parameters:
    ///   - newWidth: Columns of the result, at least 1.
    ///   - newHeight: Rows of the result, at least 1.
    ///   - destination: Where the result's first pixel goes.
    ///   - rowBytes: Distance between rows there.
    func resizeExactBilinear(
        toWidth newWidth: Int, height newHeight: Int,
        into destination: UnsafeMutablePointer<UInt8>, rowBytes: Int
    ) {
        let columns = BilinearLine(from: width, to: newWidth)
        let rows = BilinearLine(from: height, to: newHeight)
        let lineCount = newWidth * 3
        pixels.withUnsafeBufferPointer { source in
            // Both passes are exact until the last shift, so each needed row is widened once; two
            // widened rows are kept, since neighbouring new rows mostly share them.
            withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 2 * lineCount) { lines in
                withUnsafeTemporaryAllocation(of: UInt64.self, capacity: width + 1) { packed in
                    guard let source = source.baseAddress, let packed = packed.baseAddress,
                        var upper = lines.baseAddress
                    else { return }
                    var lower = upper + lineCount
                    var upperRow = -1
                    var lowerRow = -1
                    for row in 0..<newHeight {
                        let first = rows.first[row]
                        if upperRow != first {
                            swap(&upper, &lower)
                            swap(&upperRow, &lowerRow)
                        }
                        if upperRow != first {
                            pack(source + first * width * 3, count: width, into: packed)
                            widen(packed, columns, into: upper)
                            upperRow = first
                        }
                        let share = rows.share[row]
                        if share > 0 && lowerRow != first + 1 {
                            pack(source + (first + 1) * width * 3, count: width, into: packed)
                            widen(packed, columns, into: lower)
                            lowerRow = first + 1
                        }
                        blend(
                            upper, share > 0 ? lower : upper, share: share, count: lineCount,
                            into: destination + row * rowBytes)
                    }
                }
            }
        }
    }
}

/// Three channels in one word, 21 bits apart, so that one product serves all three.
///
/// The last pixel is repeated once: at the border the next one has no share, but is read.
private func pack(
    _ source: UnsafePointer<UInt8>, count: Int, into packed: UnsafeMutablePointer<UInt64>
) {
    var read = source
    var index = 0
    while index < count {
        packed[index] = UInt64(read[0]) | UInt64(read[1]) &<< 21 | UInt64(read[2]) &<< 42
        read += 3
        index &+= 1
    }
    packed[count] = packed[count &- 1]
}

/// One row along its length: values times 256, at most 65,280.
private func widen(
    _ packed: UnsafePointer<UInt64>, _ line: BilinearLine, into result: UnsafeMutablePointer<UInt16>
) {
    line.first.withUnsafeBufferPointer { first in
        line.share.withUnsafeBufferPointer { shares in
            var write = result
            var index = 0
            let count = first.count
            while index < count {
                let pair = packed + first[index]
                // first x 256 + (next - first) x share; borrows cancel out in the sum.
                let sum = (pair[0] &<< 8) &+ (pair[1] &- pair[0]) &* UInt64(shares[index])
                write[0] = UInt16(truncatingIfNeeded: sum)
                write[1] = UInt16(truncatingIfNeeded: sum &>> 21)
                write[2] = UInt16(truncatingIfNeeded: sum &>> 42)
                write += 3
                index &+= 1
            }
        }
    }
}

/// Two widened rows into one row of pixels, rounded to the nearest.
private func blend(
    _ upper: UnsafePointer<UInt16>, _ lower: UnsafePointer<UInt16>, share: UInt16, count: Int,
    into result: UnsafeMutablePointer<UInt8>
) {
    // The sum over 2^16, in 16 bits throughout, which vector units multiply fastest: high and low
    // bytes apart, each sum is at most 65,280. The lowest byte of all cannot reach the result.
    let rest = 256 &- share
    var index = 0
    while index < count {
        let above = upper[index]
        let below = lower[index]
        let high = (above &>> 8) &* rest &+ (below &>> 8) &* share
        let low = (above & 255) &* rest &+ (below & 255) &* share
        result[index] = UInt8(truncatingIfNeeded: (high &+ (low &>> 8) &+ 128) &>> 8)
        index &+= 1
    }
}
