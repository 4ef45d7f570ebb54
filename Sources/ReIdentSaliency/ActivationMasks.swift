// An encoder's activations as masks of its input: one a channel, each from 0 to 1.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Activations `[C, G, G]` and what is made of them.
struct ActivationMasks {
    /// Number C of channels.
    let channels: Int
    /// Side G of the grid of cells.
    let side: Int
    /// `[C, G, G]`.
    let activations: [Float]
    /// The same with each channel's smallest at 0 and largest at 1, `[C, G, G]`; a channel that is
    /// level everywhere is 0.
    let masks: [Float]

    init(channels: Int, side: Int, activations: [Float]) {
        precondition(activations.count == channels * side * side, "activations of another shape")
        (self.channels, self.side, self.activations) = (channels, side, activations)
        let cells = side * side
        masks = (0..<channels).flatMap { channel in
            let own = activations[channel * cells..<(channel + 1) * cells]
            let (low, high) = (own.min() ?? 0, own.max() ?? 0)
            return high > low ? own.map { ($0 - low) / (high - low) } : own.map { _ in 0 }
        }
    }

    /// The sum of weighted channels, Σ w·A, `[G, G]`.
    func combined(_ weights: [Double]) -> [Float] {
        let cells = side * side
        var sums = [Double](repeating: 0, count: cells)
        for (channel, weight) in weights.enumerated() {
            for cell in 0..<cells {
                sums[cell] += weight * Double(activations[channel * cells + cell])
            }
        }
        return sums.map(Float.init)
    }

    /// The masks of all channels on some cells, `[C, cells]`.
    func masks(onCells chosen: [Int]) -> [Float] {
        let cells = side * side
        return (0..<channels).flatMap { channel in chosen.map { masks[channel * cells + $0] } }
    }

    /// Channels that stand for all: of groups of alike masks the one in each group's middle.
    ///
    /// Lloyd's k-means from masks drawn as k-means++ does (Arthur and Vassilvitskii, 2007). Not the
    /// groups' means, which are paler than any channel's mask and score otherwise.
    ///
    /// - Parameters:
    ///   - count: Groups at most.
    ///   - masks: What is compared, `[C, cells]`.
    ///   - cells: How many cells each has, at least one.
    ///   - seed: Decides the start.
    /// - Returns: Channels in order, at least one.
    static func representatives(
        _ count: Int, of masks: [Float], cells: Int, seed: UInt64
    ) -> [Int] {
        let channels = masks.count / cells
        guard count < channels else { return Array(0..<channels) }
        var generator = SeededGenerator(seed: seed, stream: 0x5C0E)
        func mask(_ channel: Int) -> ArraySlice<Float> {
            masks[channel * cells..<(channel + 1) * cells]
        }
        func distance(_ channel: Int, to center: ArraySlice<Float>) -> Float {
            squaredDistance(mask(channel), center)
        }
        var centers = Array(mask(generator.integer(below: channels)))
        var nearest = (0..<channels).map { distance($0, to: centers[...]) }
        for _ in 1..<count {
            let total = nearest.reduce(0) { $0 + Double($1) }
            var left = generator.uniform() * total
            var chosen = channels - 1
            for channel in 0..<channels {
                left -= Double(nearest[channel])
                if left <= 0 {
                    chosen = channel
                    break
                }
            }
            centers += mask(chosen)
            let new = centers[(centers.count - cells)...]
            for channel in 0..<channels {
                nearest[channel] = min(nearest[channel], distance(channel, to: new))
            }
        }
        var groups = [Int](repeating: 0, count: channels)
        for _ in 0..<12 {
            groups = (0..<channels).map { channel in
                (0..<count).min {
                    distance(channel, to: centers[$0 * cells..<($0 + 1) * cells])
                        < distance(channel, to: centers[$1 * cells..<($1 + 1) * cells])
                } ?? 0
            }
            var sums = [Float](repeating: 0, count: count * cells)
            var sizes = [Float](repeating: 0, count: count)
            for (channel, group) in groups.enumerated() {
                sizes[group] += 1
                for cell in 0..<cells {
                    sums[group * cells + cell] += masks[channel * cells + cell]
                }
            }
            for group in 0..<count where sizes[group] > 0 {
                for cell in 0..<cells {
                    centers[group * cells + cell] = sums[group * cells + cell] / sizes[group]
                }
            }
        }
        return (0..<count).compactMap { group in
            let center = centers[group * cells..<(group + 1) * cells]
            return groups.indices.filter { groups[$0] == group }
                .min { distance($0, to: center) < distance($1, to: center) }
        }.sorted()
    }

    /// Squared distance of two masks: eight cells at once, for groups are formed of hundreds.
    private static func squaredDistance(
        _ first: ArraySlice<Float>, _ second: ArraySlice<Float>
    ) -> Float {
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                var sums = SIMD8<Float>(repeating: 0)
                let whole = first.count & ~7
                let (a, b) = (
                    UnsafeRawBufferPointer(first), UnsafeRawBufferPointer(second)
                )
                for cell in stride(from: 0, to: whole, by: 8) {
                    let difference =
                        a.loadUnaligned(fromByteOffset: 4 * cell, as: SIMD8<Float>.self)
                        - b.loadUnaligned(fromByteOffset: 4 * cell, as: SIMD8<Float>.self)
                    sums += difference * difference
                }
                var sum = sums.sum()
                for cell in whole..<first.count {
                    sum += (first[cell] - second[cell]) * (first[cell] - second[cell])
                }
                return sum
            }
        }
    }

    /// The masks of some channels, one behind the other.
    func masks(of chosen: [Int]) -> [Float] {
        let cells = side * side
        return chosen.flatMap { masks[$0 * cells..<($0 + 1) * cells] }
    }

    /// A mask on the encoder's input: `[G, G]` bilinear to `[S, S]`, cells' middles kept in place,
    /// as torch.nn.functional.interpolate without aligned corners.
    static func enlarged(_ mask: ArraySlice<Float>, side: Int, to size: Int) -> [Float] {
        let ratio = Float(side) / Float(size)
        let places = (0..<size).map { pixel in
            let position = max(0, (Float(pixel) + 0.5) * ratio - 0.5)
            let low = min(Int(position), side - 1)
            return (low: low, high: min(low + 1, side - 1), weight: position - Float(low))
        }
        // Along the rows first, [G, G] -> [G, S], and then along the columns.
        var wide = [Float](repeating: 0, count: side * size)
        for row in 0..<side {
            let start = mask.startIndex + row * side
            for (column, place) in places.enumerated() {
                wide[row * size + column] =
                    (1 - place.weight) * mask[start + place.low]
                    + place.weight * mask[start + place.high]
            }
        }
        var result = [Float](repeating: 0, count: size * size)
        for (row, place) in places.enumerated() {
            let (top, bottom) = (place.low * size, place.high * size)
            for column in 0..<size {
                result[row * size + column] =
                    (1 - place.weight) * wide[top + column] + place.weight * wide[bottom + column]
            }
        }
        return result
    }
}
