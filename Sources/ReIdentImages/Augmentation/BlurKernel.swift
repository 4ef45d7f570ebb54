// Sums of neighbouring pixels in fixed point: what every blur is made of.
//
// SPDX-License-Identifier: MIT

/// A blur as shares of neighbouring pixels; beyond the border the border's pixels go on.
struct BlurKernel: Sendable {
    /// The share of the pixel that lies `x` columns to the right and `y` rows below.
    struct Tap: Sendable {
        let x: Int
        let y: Int
        /// Out of 65,536.
        let share: Int32
    }

    private let taps: [Tap]

    /// The kernel of some weights from 0 on, which need not sum to 1; at least one is above 0.
    init(_ weights: [(x: Int, y: Int, weight: Double)]) {
        let sum = weights.reduce(0) { $0 + $1.weight }
        var taps = weights.map { tap in
            Tap(x: tap.x, y: tap.y, share: Int32((tap.weight / sum * 65_536).rounded()))
        }
        // A flat picture must stay as it is, so the largest share takes what rounding left over.
        let rest = 65_536 - taps.reduce(0) { $0 + $1.share }
        if let largest = taps.indices.max(by: { taps[$0].share < taps[$1].share }) {
            let tap = taps[largest]
            taps[largest] = Tap(x: tap.x, y: tap.y, share: tap.share + rest)
        }
        self.taps = taps.filter { $0.share != 0 }
    }

    /// The blurred picture, rounded to the nearest level.
    ///
    /// - Complexity: O(pixels · taps).
    func apply(_ image: Image) -> Image {
        let reach = taps.reduce(0) { max($0, abs($1.x)) }
        let rowBytes = image.width * 3
        let padded = image.paddedRows(by: reach)
        let paddedBytes = rowBytes + 6 * reach
        let count = rowBytes * image.height
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { result, initialized in
            padded.withUnsafeBufferPointer { source in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: rowBytes) { sums in
                    for row in 0..<image.height {
                        sums.update(repeating: 32_768)
                        for tap in taps {
                            let line = min(max(row + tap.y, 0), image.height - 1)
                            let start = line * paddedBytes + (reach + tap.x) * 3
                            let share = tap.share
                            var index = 0
                            while index < rowBytes {
                                sums[index] &+= Int32(source[start &+ index]) &* share
                                index &+= 1
                            }
                        }
                        var index = 0
                        while index < rowBytes {
                            result[row * rowBytes + index] =
                                UInt8(truncatingIfNeeded: sums[index] &>> 16)
                            index &+= 1
                        }
                    }
                }
            }
            initialized = count
        }
        return Image(width: image.width, height: image.height, pixels: pixels)
    }
}

extension Image {
    /// The rows with their first and last pixels repeated `reach` times:
    /// `[H, W + 2 · reach, 3]`.
    fileprivate func paddedRows(by reach: Int) -> [UInt8] {
        guard reach > 0 else { return pixels }
        var result: [UInt8] = []
        result.reserveCapacity((width + 2 * reach) * height * 3)
        for row in 0..<height {
            let line = pixels[row * width * 3..<(row + 1) * width * 3]
            for _ in 0..<reach { result += line.prefix(3) }
            result += line
            for _ in 0..<reach { result += line.suffix(3) }
        }
        return result
    }
}
