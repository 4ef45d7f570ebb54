// A random generator whose sequence depends on its seed alone, on every machine and Swift version.
// xoshiro256** 1.0 by Blackman and Vigna, seeded by SplitMix64 (prng.di.unimi.it).
//
// SPDX-License-Identifier: MIT

/// A seeded random generator that can be stored and continued.
///
/// The standard library's `shuffled(using:)` and `random(in:using:)` are not promised to stay the
/// same between Swift versions; the methods here are, so results can be reproduced by seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable, Codable {
    private var state: [UInt64]

    /// Creates the generator of one seed; `stream` gives independent sequences for one seed.
    public init(seed: UInt64, stream: UInt64 = 0) {
        var mixer = seed &+ stream &* 0xD1B5_4A32_D192_ED03
        state = (0..<4).map { _ in
            mixer &+= 0x9E37_79B9_7F4A_7C15
            var word = mixer
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }

    public mutating func next() -> UInt64 {
        func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
            (word << count) | (word >> (64 - count))
        }
        let result = rotated(state[1] &* 5, 7) &* 9
        let shifted = state[1] << 17
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = rotated(state[3], 45)
        return result
    }

    /// A number in 0 ..< 1 with 53 random bits.
    public mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// A whole number in 0 ..< `bound`, each equally likely.
    ///
    /// - Parameter bound: At least 1.
    /// - Returns: A number from 0 to below `bound`.
    public mutating func integer(below bound: Int) -> Int {
        precondition(bound > 0, "integer(below:) needs a positive bound")
        let range = UInt64(bound)
        var product = next().multipliedFullWidth(by: range)
        if product.low < range {  // Lemire's rejection keeps every value equally likely
            let threshold = (0 &- range) % range
            while product.low < threshold { product = next().multipliedFullWidth(by: range) }
        }
        return Int(product.high)
    }

    /// The elements in random order (Fisher-Yates).
    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for last in stride(from: result.count - 1, to: 0, by: -1) {
            result.swapAt(last, integer(below: last + 1))
        }
        return result
    }
}
