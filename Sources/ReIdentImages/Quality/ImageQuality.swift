// How good a crop is as a picture: size, sharpness, exposure, and whether something is cut off.
// Everything is seen in the pixels alone and takes far less time than decoding.
//
// SPDX-License-Identifier: MIT

/// What can be said of a crop without knowing what it shows.
public struct ImageQuality: Sendable, Equatable {
    /// Columns of the crop.
    public let width: Int
    /// Rows of the crop.
    public let height: Int
    /// Blur, 0 (sharp) to 1 (nothing but blur): how little a further blur changes the picture, in
    /// the direction in which it is worse.
    ///
    /// Crete et al., The blur effect: perception and estimation with a new no-reference perceptual
    /// blur metric, 2007.
    public let blur: Double
    /// Mean brightness, 0...1.
    public let brightness: Double
    /// Spread of brightness: standard deviation, 0...0.5.
    public let contrast: Double
    /// Share of pixels at the dark or bright end, where nothing can be told apart.
    public let clipped: Double
    /// Share of rows and columns at the edges that are of one colour: padding, or the frame's end.
    public let bars: Double

    /// Measures a picture.
    public init(_ image: Image) {
        (width, height) = (image.width, image.height)
        let gray = GrayPicture(image)
        let count = Double(gray.values.count)
        var (sum, squares, ends) = (0.0, 0.0, 0)
        gray.values.withUnsafeBufferPointer { values in
            for value in values {
                let level = Double(value)
                sum += level
                squares += level * level
                if value <= 5 || value >= 250 { ends += 1 }
            }
        }
        let mean = sum / count
        brightness = mean / 255
        contrast = max(0, squares / count - mean * mean).squareRoot() / 255
        clipped = Double(ends) / count
        bars = gray.bars
        blur = max(gray.blur(alongRows: true), gray.blur(alongRows: false))
    }
}

/// Brightness of a picture's pixels.
private struct GrayPicture {
    let width: Int
    let height: Int
    /// ITU-R BT.601 luma, 0...255, row by row.
    let values: [Int32]

    /// Half the length of the blur that a picture is compared with.
    private static let reach = 4

    init(_ image: Image) {
        (width, height) = (image.width, image.height)
        let count = width * height
        values = [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
            image.pixels.withUnsafeBufferPointer { pixels in
                for place in 0..<count {
                    let (red, green, blue) = (
                        Int32(pixels[3 * place]), Int32(pixels[3 * place + 1]),
                        Int32(pixels[3 * place + 2])
                    )
                    buffer[place] = (77 * red + 150 * green + 29 * blue + 128) >> 8
                }
            }
            initialized = count
        }
    }

    /// Share of differences between neighbours that a mean over nine of them leaves.
    func blur(alongRows: Bool) -> Double {
        let (length, lines) = alongRows ? (width, height) : (height, width)
        let (step, stride) = alongRows ? (1, width) : (width, 1)
        guard length > 2 else { return 0 }
        let reach = Self.reach
        var (own, lost): (Int64, Int64) = (0, 0)
        values.withUnsafeBufferPointer { values in
            for line in 0..<lines {
                let start = line * stride
                func value(_ place: Int) -> Int32 {
                    values[start + min(max(place, 0), length - 1) * step]
                }
                // Nine times the mean of nine, kept by adding the next and taking the last off.
                var window: Int32 = 0
                for place in -reach...reach { window += value(place) }
                for place in 1..<length {
                    let before = window
                    window += value(place + reach) - value(place - 1 - reach)
                    let difference = Int64(abs(value(place) - value(place - 1))) * 9
                    let blurred = Int64(abs(window - before))
                    own += difference
                    lost += max(0, difference - blurred)
                }
            }
        }
        return own > 0 ? 1 - Double(lost) / Double(own) : 0
    }

    /// Share of the picture's rows and columns that are bars of one colour at its edges.
    var bars: Double {
        values.withUnsafeBufferPointer { values in
            func isLevel(_ start: Int, _ step: Int, _ count: Int) -> Bool {
                let first = values[start]
                for place in 1..<max(1, count) where abs(values[start + place * step] - first) > 2 {
                    return false
                }
                return true
            }
            func run(_ lines: Int, _ level: (Int) -> Bool) -> Int {
                var (begin, end) = (0, 0)
                while begin < lines, level(begin) { begin += 1 }
                while end < lines - begin, level(lines - 1 - end) { end += 1 }
                return begin + end
            }
            let rows = run(height) { isLevel($0 * width, 1, width) }
            let columns = run(width) { isLevel($0, width, height) }
            return max(Double(rows) / Double(height), Double(columns) / Double(width))
        }
    }
}
