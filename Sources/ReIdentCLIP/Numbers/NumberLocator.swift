// Finds the number on a crop: a small convolutional network over a thumbnail, so that the encoder
// looks at the number from near instead of at a whole player on whom it is a few pixels large.
// Its boxes are means over places by the softmax of a map (Levine et al., End-to-End Training of
// Deep Visuomotor Policies, 2016: spatial soft arg max).
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentImages
import ReIdentMetrics

/// Finds where on a crop the shirt's number is, or would be.
///
/// It runs where pictures are decoded, without the engine, in a tenth of a millisecond.
public struct NumberLocator: Sendable {
    /// A convolution, with the batch norm behind it put in; max(0, y) follows all but the last.
    public struct Layer: Sendable, Equatable {
        /// `[O, I, K, K]`, K 3 or 1.
        public let weight: [Float]
        /// `[O]`.
        public let bias: [Float]
        /// Channels that it reads.
        public let inputs: Int
        /// Pixels from one place to the next.
        public let stride: Int

        /// Channels that it writes.
        public var outputs: Int { bias.count }
        /// Side of the window.
        var kernel: Int { weight.count == outputs * inputs ? 1 : 3 }

        /// A convolution by its numbers.
        public init(weight: [Float], bias: [Float], inputs: Int, stride: Int) {
            (self.weight, self.bias) = (weight, bias)
            (self.inputs, self.stride) = (inputs, stride)
        }
    }

    /// Side of the thumbnail.
    public static let side = 32
    /// Side of the map of places.
    public static let gridSide = 8
    /// Channels and strides of the layers but the last, which gives for each place how likely the
    /// number is there, and the logarithms of its width and height.
    public static let plan: [(channels: Int, stride: Int)] = [
        (24, 2), (36, 2), (36, 1), (36, 1), (36, 1),
    ]
    /// Channels of the last layer.
    public static let headChannels = 3
    /// What the thumbnail's values, 0 to 1, are brought to: (x - mean) / deviation.
    public static let pixelMean: Float = 0.5
    /// See `pixelMean`.
    public static let pixelDeviation: Float = 0.25

    /// The layers, the head last.
    public let layers: [Layer]
    private let packed: [PackedMatrix]

    /// A network of layers that follow `plan`.
    public init(layers: [Layer]) {
        let inputs = [3] + Self.parts.map(\.outputs)
        precondition(
            layers.count == Self.parts.count
                && zip(zip(layers, Self.parts), inputs).allSatisfy { pair, inputs in
                    let (layer, part) = pair
                    return layer.inputs == inputs && layer.outputs == part.outputs
                        && layer.stride == part.stride
                        && layer.weight.count
                            == part.outputs * inputs * part.kernel * part.kernel
                }, "the layers are those of the plan")
        self.layers = layers
        packed = layers.map { PackedMatrix($0.weight, depth: $0.weight.count / $0.outputs) }
    }

    /// The part of a picture around its number.
    public func view(of image: Image) -> Image {
        image.cropped(
            to: box(on: image).window(imageWidth: image.width, imageHeight: image.height))
    }

    /// Where the number is, or would be.
    public func box(on image: Image) -> NumberBox {
        box(onThumbnail: image.thumbnail(side: Self.side))
    }

    /// Where the number is on a picture, by its thumbnail.
    ///
    /// - Parameter thumbnail: `[side, side, 3]`, as `Image.thumbnail(side:)` gives it.
    /// - Returns: The box in shares of the picture.
    public func box(onThumbnail thumbnail: [UInt8]) -> NumberBox {
        precondition(thumbnail.count == 3 * Self.side * Self.side, "a thumbnail of the side")
        var map = Map(thumbnail: thumbnail, side: Self.side)
        for (place, (layer, matrix)) in zip(layers, packed).enumerated() {
            map = map.convolved(layer, matrix, isRectified: place < layers.count - 1)
        }
        return map.expectedBox
    }
}

/// Channels of a square with a border of zeros, so that windows never leave it.
private struct Map {
    let channels: Int
    let side: Int
    /// `[channels, side + 2, side + 2]`.
    var values: [Float]

    init(channels: Int, side: Int) {
        (self.channels, self.side) = (channels, side)
        values = [Float](repeating: 0, count: channels * (side + 2) * (side + 2))
    }

    /// A thumbnail's colours, normalised.
    init(thumbnail: [UInt8], side: Int) {
        self.init(channels: 3, side: side)
        let normal = (0...255).map { value in
            (Float(value) / 255 - NumberLocator.pixelMean) / NumberLocator.pixelDeviation
        }
        let (square, line) = ((side + 2) * (side + 2), side + 2)
        values.withUnsafeMutableBufferPointer { values in
            thumbnail.withUnsafeBufferPointer { thumbnail in
                for row in 0..<side {
                    for column in 0..<side {
                        let (pixel, place) = (
                            3 * (row * side + column), (row + 1) * line + column + 1
                        )
                        for channel in 0..<3 {
                            values[channel * square + place] =
                                normal[Int(thumbnail[pixel + channel])]
                        }
                    }
                }
            }
        }
    }

    private subscript(channel: Int, row: Int, column: Int) -> Float {
        values[place(channel, row, column)]
    }

    private func place(_ channel: Int, _ row: Int, _ column: Int) -> Int {
        (channel * (side + 2) + row + 1) * (side + 2) + column + 1
    }

    func convolved(
        _ layer: NumberLocator.Layer, _ matrix: PackedMatrix, isRectified: Bool
    ) -> Map {
        var result = Map(channels: layer.outputs, side: side / layer.stride)
        let (width, places) = (PackedMatrix.panelWidth, result.side * result.side)
        let offset = layer.kernel == 3 ? 0 : 1
        withUnsafeTemporaryAllocation(of: Float.self, capacity: matrix.depth * width) { panel in
            withUnsafeTemporaryAllocation(
                of: Float.self, capacity: matrix.writtenRows * width
            ) { products in
                for first in stride(from: 0, to: places, by: width) {
                    var component = 0
                    for channel in 0..<channels {
                        for tap in 0..<layer.kernel * layer.kernel {
                            fill(
                                panel, at: component * width,
                                from: place(channel, -1, -1)
                                    + (tap / layer.kernel + offset) * (side + 2)
                                    + tap % layer.kernel + offset,
                                places: first..<first + width, of: result.side,
                                stride: layer.stride)
                            component += 1
                        }
                    }
                    matrix.multiply(panel: panel, into: products)
                    result.take(
                        products, places: first..<first + width, biases: layer.bias,
                        least: isRectified ? 0 : -.infinity)
                }
            }
        }
        return result
    }

    /// Puts products `[channels, places]` and biases into their places, none below `least`.
    private mutating func take(
        _ products: UnsafeMutableBufferPointer<Float>, places: Range<Int>, biases: [Float],
        least: Float
    ) {
        let (side, line) = (side, side + 2)
        // A panel holds whole rows: their sides are divisors of its width.
        let rows = places.lowerBound / side..<places.upperBound / side
        values.withUnsafeMutableBufferPointer { values in
            for (channel, bias) in biases.enumerated() {
                var source = channel * places.count
                for row in rows {
                    let start = (channel * line + row + 1) * line + 1
                    for column in 0..<side {
                        values[start + column] = max(least, products[source + column] + bias)
                    }
                    source += side
                }
            }
        }
    }

    /// One component of the windows of some places.
    private func fill(
        _ panel: UnsafeMutableBufferPointer<Float>, at start: Int, from origin: Int,
        places: Range<Int>, of resultSide: Int, stride: Int
    ) {
        let rows = places.lowerBound / resultSide..<places.upperBound / resultSide
        values.withUnsafeBytes { values in
            let panel = UnsafeMutableRawBufferPointer(panel)
            let size = MemoryLayout<Float>.size
            var target = start
            for row in rows {
                let source = origin + row * stride * (side + 2)
                if stride == 1 {
                    // Rows are a multiple of eight long.
                    for column in Swift.stride(from: 0, to: resultSide, by: 8) {
                        panel.storeBytes(
                            of: values.loadUnaligned(
                                fromByteOffset: (source + column) * size, as: SIMD8<Float>.self),
                            toByteOffset: (target + column) * size, as: SIMD8<Float>.self)
                    }
                } else {
                    for column in 0..<resultSide {
                        panel.storeBytes(
                            of: values.load(
                                fromByteOffset: (source + column * stride) * size, as: Float.self),
                            toByteOffset: (target + column) * size, as: Float.self)
                    }
                }
                target += resultSide
            }
        }
    }

    /// The mean box by the softmax of the first channel.
    var expectedBox: NumberBox {
        var (logits, total) = ([Double](), 0.0)
        for row in 0..<side {
            for column in 0..<side { logits.append(Double(self[0, row, column])) }
        }
        let largest = logits.max() ?? 0
        var mean = (x: 0.0, y: 0.0, width: 0.0, height: 0.0)
        for (place, logit) in logits.enumerated() {
            let weight = exp(logit - largest)
            let (row, column) = (place / side, place % side)
            mean.x += weight * (Double(column) + 0.5) / Double(side)
            mean.y += weight * (Double(row) + 0.5) / Double(side)
            mean.width += weight * Double(self[1, row, column])
            mean.height += weight * Double(self[2, row, column])
            total += weight
        }
        return NumberBox(
            centerX: mean.x / total, centerY: mean.y / total, width: exp(mean.width / total),
            height: exp(mean.height / total))
    }
}
