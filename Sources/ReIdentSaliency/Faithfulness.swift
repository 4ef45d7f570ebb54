// How well a map tells what a similarity was based on: the crop is taken away, and given, piece by
// piece in the map's order, and the similarity is watched.
//
// Petsiuk et al., RISE: Randomized Input Sampling for Explanation of Black-box Models, 2018.
//
// SPDX-License-Identifier: MIT

import ReIdentCLIP
import ReIdentEngine
import ReIdentFoundation
public import ReIdentImages

/// What becomes of a similarity while pixels go, or come, in the order of a map.
public struct Faithfulness: Sendable, Equatable {
    /// Similarity without the share k / K of the crop's pixels, the map's highest first.
    ///
    /// K + 1 values. Pixels that are missing have the training images' mean colour.
    public let deletion: [Float]
    /// Similarity with that share alone.
    public let insertion: [Float]

    /// Mean height of the deletion curve: the lower, the better the map.
    public var deletionArea: Double { Self.area(deletion) }
    /// Mean height of the insertion curve: the higher, the better the map.
    public var insertionArea: Double { Self.area(insertion) }

    /// By the trapezoidal rule.
    private static func area(_ curve: [Float]) -> Double {
        guard let first = curve.first, let last = curve.last, curve.count > 1 else { return 0 }
        let sum = curve.reduce(0) { $0 + Double($1) } - Double(first + last) / 2
        return sum / Double(curve.count - 1)
    }
}

extension ScoreCAM {
    /// Measures a map of a crop.
    ///
    /// - Parameters:
    ///   - map: What is to be judged: a map of `query`, of any grid.
    ///   - query: The crop in the encoder's square.
    ///   - gallery: What it is compared with.
    ///   - steps: Into how many pieces the crop is cut, at least 1.
    ///   - seed: Decides the order of pixels on which the map says the same.
    /// - Returns: Both curves.
    /// - Throws: `EngineError` if memory is exhausted.
    public func faithfulness(
        of map: SaliencyMap, on query: PreparedImage, towards gallery: PreparedImage,
        steps: Int = 10, seed: UInt64 = 1
    ) throws -> Faithfulness {
        let other = try unitEmbedding(of: gallery)
        let (query, pixels) = try placed(query)
        let order = Self.order(of: map, on: query, seed: seed)
        var masks: [Float] = []
        for isKept in [false, true] {
            // Padding is no part of the crop: it stays.
            var start = [Float](repeating: 1, count: query.side * query.side)
            if isKept { for pixel in order { start[pixel] = 0 } }
            for step in 0...steps {
                var mask = start
                for pixel in order.prefix(order.count * step / steps) {
                    mask[pixel] = isKept ? 1 : 0
                }
                masks += mask
            }
        }
        let scores = try similarities(
            of: pixels, showing: query.content, under: masks, to: other)
        return Faithfulness(
            deletion: Array(scores.prefix(steps + 1)), insertion: Array(scores.suffix(steps + 1)))
    }

    /// The crop's pixels of the square, the map's highest first.
    private static func order(
        of map: SaliencyMap, on image: PreparedImage, seed: UInt64
    ) -> [Int] {
        var generator = SeededGenerator(seed: seed, stream: 0xFA17)
        let (content, side) = (image.content, Double(image.side))
        var pixels: [(place: Int, value: Float, tie: UInt64)] = []
        for row in content.top..<content.top + content.height {
            for column in content.left..<content.left + content.width {
                let value = map.value(
                    x: (Double(column) + 0.5) / side, y: (Double(row) + 0.5) / side)
                pixels.append((row * image.side + column, value, generator.next()))
            }
        }
        return pixels.sorted { $0.value == $1.value ? $0.tie < $1.tie : $0.value > $1.value }
            .map(\.place)
    }
}
