// Conversions between single precision and stored element types.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles
import ReIdentFoundation
import Testing

@Suite("Element types")
struct ElementTypeTests {
    @Test("every half-precision pattern survives the way to single precision and back")
    func halfRoundTrip() {
        for bits in UInt16.min...UInt16.max {
            let value = Float(halfBits: bits)
            if bits & 0x7FFF > 0x7C00 {
                #expect(value.isNaN && Float(halfBits: value.halfBits).isNaN)
            } else if value.halfBits != bits {
                Issue.record("pattern \(bits) became \(value) and \(value.halfBits)")
            }
        }
    }

    @Test("every bfloat16 pattern survives the way to single precision and back")
    func brainRoundTrip() {
        for bits in UInt16.min...UInt16.max {
            let value = Float(brainBits: bits)
            if bits & 0x7FFF > 0x7F80 {
                #expect(value.isNaN && Float(brainBits: value.brainBits).isNaN)
            } else if value.brainBits != bits {
                Issue.record("pattern \(bits) became \(value) and \(value.brainBits)")
            }
        }
    }

    @Test(
        "known values have their half-precision patterns",
        arguments: [
            (Float(0), UInt16(0x0000)), (-0.0, 0x8000), (1, 0x3C00), (-2, 0xC000),
            (65_504, 0x7BFF), (65_519.996, 0x7BFF), (65_520, 0x7C00), (.infinity, 0x7C00),
            (0x1p-14, 0x0400), (0x1p-24, 0x0001), (0x1p-25, 0x0000), (0x1.8p-25, 0x0001),
            (0x1.002p0, 0x3C00), (0x1.006p0, 0x3C02), (0x1p-40, 0x0000),
        ])
    func knownHalves(value: Float, bits: UInt16) {
        #expect(value.halfBits == bits)
    }

    @Test(
        "known values have their bfloat16 patterns",
        arguments: [
            (Float(1), UInt16(0x3F80)), (-1, 0xBF80), (0x1.01p0, 0x3F80), (0x1.03p0, 0x3F82),
            (.greatestFiniteMagnitude, 0x7F80), (-.infinity, 0xFF80), (0x1.010002p0, 0x3F81),
        ])
    func knownBrains(value: Float, bits: UInt16) {
        #expect(value.brainBits == bits)
    }

    @Test("random values are rounded to the nearest, ties to even")
    func roundsToNearest() {
        var generator = SeededGenerator(seed: 23)
        for _ in 0..<20_000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            guard value.isFinite, value.magnitude < 65_504 else { continue }
            let half = Float(halfBits: value.halfBits)
            // Half precision has 11 significant bits above 2^-14 and steps of 2^-24 below.
            let step = max(Float(0x1p-24), value.magnitude.binade * 0x1p-10)
            if (half - value).magnitude > step / 2 {
                Issue.record("\(value) became \(half)")
            }
        }
    }

    @Test("arrays convert as single values do, at any alignment", arguments: ElementType.allCases)
    func convertsArrays(type: ElementType) {
        guard type.isFloatingPoint else { return }
        let values: [Float] = [0, 1, -2.5, 1 / 3, 1e-6, 300.7]
        let bytes = type.bytes(of: values)
        #expect(bytes.count == values.count * type.byteCount)
        let shifted = [UInt8(0)] + bytes
        let back = shifted.withUnsafeBytes { type.values(of: .init(rebasing: $0[1...])) }
        let expected: [Float] =
            switch type {
            case .float16: values.map { Float(halfBits: $0.halfBits) }
            case .bfloat16: values.map { Float(brainBits: $0.brainBits) }
            default: values
            }
        #expect(back == expected)
    }
}
