// CLIP's own preprocessing: shorter side to the input's size by Pillow's antialiased bicubic, then
// the centre. openai/CLIP, clip.py `_transform`; sizes round as torchvision's do.
//
// SPDX-License-Identifier: MIT

/// Resizes the shorter side to the encoder's input and cuts the centre out.
public struct CLIPPreprocessing: Sendable, Hashable {
    /// Side of the square in pixels.
    public let side: Int

    /// The preprocessing of an encoder whose input has `side` pixels, at least 1.
    public init(side: Int) {
        precondition(side > 0, "an encoder's input has at least one pixel")
        self.side = side
    }

    /// The centre of the resized image, equal to Pillow's 8-bit arithmetic.
    ///
    /// Rows are resized first, then columns, with 8 bits between: so did every Pillow that CLIP's
    /// weights have met. Pillow 13 turns the order around when it shrinks images taller than
    /// about 2 : 1, which changes single levels of a smooth picture and more of a noisy one.
    ///
    /// Only the pixels of the centre are computed, so a very long image takes no more memory than
    /// a square one.
    public func apply(_ image: Image) -> PreparedImage {
        let shorter = min(image.width, image.height)
        func resized(_ size: Int) -> Int {
            size == shorter ? side : Int(Double(side * size) / Double(shorter))
        }
        let newWidth = resized(image.width)
        let newHeight = resized(image.height)
        func centre(_ size: Int) -> Range<Int> {
            let start = Int((Double(size - side) / 2).rounded(.toNearestOrEven))
            return start..<start + side
        }
        var rows = 0..<image.height
        var pixels = image.pixels
        if newHeight != image.height {
            let range = centre(newHeight)
            let vertical = FixedPointWeights(
                .bicubic(from: image.height, to: newHeight, outputs: range))
            rows = vertical.inputs
            pixels = resizedRows(image, rows, newWidth, centre(newWidth))
            pixels = vertical.applyDown(pixels, firstRow: rows.lowerBound, rowBytes: side * 3)
        } else {
            rows = centre(newHeight)
            pixels = resizedRows(image, rows, newWidth, centre(newWidth))
        }
        return PreparedImage(side: side, pixels: pixels)
    }

    /// The given columns of the given rows, resized along the rows to `newWidth`.
    private func resizedRows(
        _ image: Image, _ rows: Range<Int>, _ newWidth: Int, _ columns: Range<Int>
    ) -> [UInt8] {
        guard newWidth != image.width else {
            return image.cropped(
                to: PixelRectangle(
                    left: columns.lowerBound, top: rows.lowerBound, width: columns.count,
                    height: rows.count)
            ).pixels
        }
        let horizontal = FixedPointWeights(
            .bicubic(from: image.width, to: newWidth, outputs: columns))
        return horizontal.applyAlong(image, rows: rows)
    }
}

/// Weights as Pillow holds them for 8-bit pixels: 22 fractional bits, rounded away from zero.
struct FixedPointWeights {
    let first: [Int]
    let count: [Int]
    let stride: Int
    let values: [Int32]

    init(_ weights: ResamplingWeights) {
        first = weights.first
        count = weights.count
        stride = weights.stride
        values = weights.values.map { weight in
            Int32((weight * Double(1 << 22)).rounded(.toNearestOrAwayFromZero))
        }
    }

    /// All inputs that take part in any output.
    var inputs: Range<Int> {
        let low = first.min() ?? 0
        let high = zip(first, count).map { $0 + $1 }.max() ?? low
        return low..<high
    }

    /// Resamples rows of an image along their length: `[rows, outputs, 3]`.
    func applyAlong(_ image: Image, rows: Range<Int>) -> [UInt8] {
        let total = rows.count * first.count * 3
        return image.pixels.withUnsafeBufferPointer { source in
            values.withUnsafeBufferPointer { values in
                [UInt8](unsafeUninitializedCapacity: total) { result, initialized in
                    var write = 0
                    for row in rows {
                        for output in 0..<first.count {
                            var read = (row * image.width + first[output]) * 3
                            var weight = output * stride
                            let end = weight + count[output]
                            var red = half
                            var green = half
                            var blue = half
                            while weight < end {
                                let value = values[weight]
                                red &+= Int32(source[read]) &* value
                                green &+= Int32(source[read + 1]) &* value
                                blue &+= Int32(source[read + 2]) &* value
                                read &+= 3
                                weight &+= 1
                            }
                            result[write] = clipped(red)
                            result[write + 1] = clipped(green)
                            result[write + 2] = clipped(blue)
                            write += 3
                        }
                    }
                    initialized = total
                }
            }
        }
    }

    /// Resamples rows that begin with `firstRow` down the columns: `[outputs, rowBytes]`.
    func applyDown(_ rows: [UInt8], firstRow: Int, rowBytes: Int) -> [UInt8] {
        let total = first.count * rowBytes
        return rows.withUnsafeBufferPointer { source in
            values.withUnsafeBufferPointer { values in
                [UInt8](unsafeUninitializedCapacity: total) { result, initialized in
                    withUnsafeTemporaryAllocation(of: Int32.self, capacity: rowBytes) { sums in
                        for output in 0..<first.count {
                            sums.update(repeating: half)
                            for tap in 0..<count[output] {
                                let value = values[output * stride + tap]
                                let start = (first[output] + tap - firstRow) * rowBytes
                                var index = 0
                                while index < rowBytes {
                                    sums[index] &+= Int32(source[start &+ index]) &* value
                                    index &+= 1
                                }
                            }
                            var index = 0
                            while index < rowBytes {
                                result[output * rowBytes + index] = clipped(sums[index])
                                index &+= 1
                            }
                        }
                    }
                    initialized = total
                }
            }
        }
    }
}

private let half: Int32 = 1 << 21

private func clipped(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: min(max(sum >> 22, 0), 255))
}
