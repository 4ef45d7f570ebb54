// Bilinear resizing without antialiasing in 8-bit fixed point.
// Equal, pixel for pixel, to OpenCV's INTER_LINEAR_EXACT, which CLIP-ReIdent resizes with; the rule
// was measured on OpenCV 5.0.0.
//
// SPDX-License-Identifier: MIT

/// Which two pixels of a line make up each new one, and in what shares.
private struct BilinearLine {
    /// Index of the first pixel for each new position.
    let first: [Int]
    /// Index of the second; equal to the first at the borders.
    let second: [Int]
    /// Share of the second, out of 256; the first has the rest.
    let share: [UInt16]

    init(from source: Int, to target: Int) {
        // OpenCV derives the step from its inverse; the two roundings are part of the result.
        let step = 1 / (Double(target) / Double(source))
        var first = [Int](repeating: 0, count: target)
        var second = first
        var share = [UInt16](repeating: 0, count: target)
        for index in 0..<target {
            let center = step * (Double(index) + 0.5) - 0.5
            let floor = center.rounded(.down)
            let position = Int(floor)
            if position < 0 {
                continue  // before the first pixel's centre: the first pixel alone
            } else if position >= source - 1 {
                first[index] = source - 1
                second[index] = source - 1
            } else {
                first[index] = position
                second[index] = position + 1
                share[index] = UInt16(((center - floor) * 256).rounded(.toNearestOrEven))
            }
        }
        self.first = first
        self.second = second
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
        // Both passes are exact until the last shift, so widening each needed row once suffices;
        // two widened rows are kept, since neighbouring new rows mostly share them.
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 2 * lineCount) { lines in
            pixels.withUnsafeBufferPointer { source in
                guard let lines = lines.baseAddress, let source = source.baseAddress else { return }
                var upper = lines
                var lower = lines + lineCount
                var upperRow = -1
                var lowerRow = -1
                for row in 0..<newHeight {
                    let first = rows.first[row]
                    let second = rows.second[row]
                    if upperRow != first {
                        if lowerRow == first {
                            swap(&upper, &lower)
                            swap(&upperRow, &lowerRow)
                        } else {
                            widen(source + first * width * 3, columns, into: upper)
                            upperRow = first
                        }
                    }
                    if second != first && lowerRow != second {
                        widen(source + second * width * 3, columns, into: lower)
                        lowerRow = second
                    }
                    blend(
                        upper, second == first ? upper : lower, share: rows.share[row],
                        count: lineCount, into: destination + row * rowBytes)
                }
            }
        }
    }
}

/// One row along its length: values times 256, at most 65,280.
private func widen(
    _ source: UnsafePointer<UInt8>, _ line: BilinearLine, into result: UnsafeMutablePointer<UInt16>
) {
    line.first.withUnsafeBufferPointer { first in
        line.second.withUnsafeBufferPointer { second in
            line.share.withUnsafeBufferPointer { shares in
                var write = result
                var index = 0
                let count = first.count
                while index < count {
                    let left = source + first[index] &* 3
                    let right = source + second[index] &* 3
                    let share = shares[index]
                    let rest = 256 &- share
                    write[0] = UInt16(left[0]) &* rest &+ UInt16(right[0]) &* share
                    write[1] = UInt16(left[1]) &* rest &+ UInt16(right[1]) &* share
                    write[2] = UInt16(left[2]) &* rest &+ UInt16(right[2]) &* share
                    write += 3
                    index &+= 1
                }
            }
        }
    }
}

/// Two widened rows into one row of pixels, rounded to the nearest.
private func blend(
    _ upper: UnsafePointer<UInt16>, _ lower: UnsafePointer<UInt16>, share: UInt16, count: Int,
    into result: UnsafeMutablePointer<UInt8>
) {
    let lowerShare = UInt32(share)
    let upperShare = 256 &- lowerShare
    var index = 0
    while index < count {
        let sum = UInt32(upper[index]) &* upperShare &+ UInt32(lower[index]) &* lowerShare
        result[index] = UInt8(truncatingIfNeeded: (sum &+ 32_768) &>> 16)
        index &+= 1
    }
}
