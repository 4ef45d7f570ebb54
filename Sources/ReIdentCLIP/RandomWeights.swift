// Draws the numbers of a new model. Every tensor has its own streams of the seed, named by the
// tensor, so the image side of a model starts alike with and without a text side, on any number of
// cores. Only +, -, x, / and square root are used, which round alike on every machine; a library's
// logarithm does not.
// Normal numbers: Marsaglia and Bray's polar method (SIAM Review 6, 1964).
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation

/// Random start values of a model's tensors.
struct RandomWeights: Sendable {
    /// The seed of the whole model.
    let seed: UInt64
    /// The gains that end a ResNet's residual branches; nil leaves them as the table says.
    var residualGain: Float?

    /// How many numbers one stream gives; part of what a seed means.
    private static let chunk = 1 << 16

    /// The start values of one tensor, row-major.
    func values(of entry: WeightTable.Entry) -> [Float] {
        if let residualGain, WeightTable.isResidualGain(entry.name) {
            return [Float](repeating: residualGain, count: entry.count)
        }
        let name = Self.hash(entry.name)
        let total = entry.count
        return [Float](unsafeUninitializedCapacity: total) { buffer, count in
            let target = DisjointBuffer(base: buffer)
            parallelForEach(count: (total + Self.chunk - 1) / Self.chunk) { index in
                let range = index * Self.chunk..<min(total, (index + 1) * Self.chunk)
                var generator = SeededGenerator(
                    seed: seed, stream: name &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
                Self.fill(target.part(range), entry.initialisation, from: &generator)
            }
            count = total
        }
    }

    private static func fill(
        _ target: UnsafeMutableBufferPointer<Float>, _ initialisation: WeightTable.Initialisation,
        from generator: inout SeededGenerator
    ) {
        switch initialisation {
        case .constant(let value):
            target.initialize(repeating: value)
        case .uniform(let bound):
            var index = 0
            while index < target.count {
                let (first, second) = generator.symmetricPair()
                target[index] = Float(first * bound)
                if index + 1 < target.count { target[index + 1] = Float(second * bound) }
                index += 2
            }
        case .normal(let deviation):
            var index = 0
            while index < target.count {
                let (first, second) = generator.normalPair()
                target[index] = Float(first * deviation)
                if index + 1 < target.count { target[index + 1] = Float(second * deviation) }
                index += 2
            }
        }
    }

    /// The 64-bit FNV-1a hash of a name.
    private static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

// SAFETY: unchecked because of the raw pointer; the parts handed out do not overlap, and the buffer
// outlives the loop that uses them.
private struct DisjointBuffer: @unchecked Sendable {
    let base: UnsafeMutableBufferPointer<Float>

    func part(_ range: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: base[range])
    }
}

extension SeededGenerator {
    /// Two independent numbers, uniform between -1 and 1 with 32 random bits each, never 0.
    fileprivate mutating func symmetricPair() -> (Double, Double) {
        let bits = next()
        return (
            (Double(bits >> 32) + 0.5) * 0x1p-31 - 1,
            (Double(bits & 0xFFFF_FFFF) + 0.5) * 0x1p-31 - 1
        )
    }

    /// Two independent normal numbers with mean 0 and deviation 1.
    fileprivate mutating func normalPair() -> (Double, Double) {
        while true {
            let (first, second) = symmetricPair()
            let square = first * first + second * second
            guard square < 1 else { continue }
            let factor = (-2 * portableLogarithm(square) / square).squareRoot()
            return (first * factor, second * factor)
        }
    }
}

/// The natural logarithm of a positive normal number, the same bits on every machine.
///
/// The significand m between √½ and √2 gives ln m = 2 artanh((m - 1) / (m + 1)), whose series is
/// cut where its terms fall below 1e-13.
func portableLogarithm(_ value: Double) -> Double {
    var significand = value.significand
    var exponent = Double(value.exponent)
    if significand > 1.414_213_562_373_095_1 {
        significand *= 0.5
        exponent += 1
    }
    let ratio = (significand - 1) / (significand + 1)
    let square = ratio * ratio
    var sum = 1.0 / 17
    sum = sum * square + 1.0 / 15
    sum = sum * square + 1.0 / 13
    sum = sum * square + 1.0 / 11
    sum = sum * square + 1.0 / 9
    sum = sum * square + 1.0 / 7
    sum = sum * square + 1.0 / 5
    sum = sum * square + 1.0 / 3
    sum = sum * square + 1
    return 2 * ratio * sum + exponent * 0.693_147_180_559_945_3
}
