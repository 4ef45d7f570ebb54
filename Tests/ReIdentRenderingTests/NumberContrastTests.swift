// Which numbers can be told from what is around them.
//
// SPDX-License-Identifier: MIT

import ReIdentFoundation
import ReIdentImages
import Testing

@testable import ReIdentRendering

@Suite("Whether a number can be seen")
struct NumberContrastTests {
    private static let side = 24

    /// A ring, which stands for a digit: 255 on it.
    private static let ring: [UInt8] = (0..<side * side).map { place in
        let (x, y) = (Double(place % side) - 11.5, Double(place / side) - 11.5)
        return (5...8).contains((x * x + y * y).squareRoot()) ? 255 : 0
    }

    private func share(
        digit: [Double], shirt: [Double], noise: Double = 0, blurred: Int = 0
    ) -> Double {
        var generator = SeededGenerator(seed: 3)
        let side = Self.side
        var mix = Self.ring.map { Double($0) / 255 }
        for _ in 0..<blurred {
            mix = mix.indices.map { place in
                var (sum, count) = (0.0, 0.0)
                for row in -1...1 {
                    for column in -1...1 {
                        let (y, x) = (place / side + row, place % side + column)
                        guard (0..<side).contains(x), (0..<side).contains(y) else { continue }
                        sum += mix[y * side + x]
                        count += 1
                    }
                }
                return sum / count
            }
        }
        let pixels = mix.flatMap { part in
            (0..<3).map { channel in
                let value =
                    part * digit[channel] + (1 - part) * shirt[channel]
                    + noise * (generator.uniform() - 0.5)
                return UInt8(max(0, min(255, value.rounded())))
            }
        }
        return NumberContrast(
            of: Image(width: side, height: side, pixels: pixels), digits: Self.ring
        ).share
    }

    @Test("sharp digits of another colour are told wholly, by whichever channel they differ")
    func clear() {
        #expect(share(digit: [240, 240, 240], shirt: [20, 20, 60]) > 0.99)
        #expect(share(digit: [200, 90, 90], shirt: [90, 90, 90]) > 0.99)
        #expect(share(digit: [130, 90, 60], shirt: [90, 90, 90]) > 0.95)
    }

    @Test("digits of the shirt's colour, in much noise or smeared over all cannot be seen")
    func lost() {
        #expect(share(digit: [90, 90, 90], shirt: [90, 90, 90]) < 0.01)
        #expect(share(digit: [92, 90, 90], shirt: [90, 90, 90]) < NumberContrast.least)
        #expect(
            share(digit: [100, 95, 90], shirt: [90, 90, 90], noise: 60) < NumberContrast.least)
        let some = share(digit: [240, 240, 240], shirt: [20, 20, 60], blurred: 2)
        let more = share(digit: [240, 240, 240], shirt: [20, 20, 60], blurred: 20)
        #expect(some > 0.5 && more < NumberContrast.least && more < some)
    }

    @Test("where there is no digit, or nothing else, nothing is told")
    func degenerate() {
        let grey = Image(
            width: 4, height: 4, pixels: [UInt8](repeating: 90, count: 48))
        #expect(NumberContrast(of: grey, digits: [UInt8](repeating: 0, count: 16)).share == 0)
        #expect(NumberContrast(of: grey, digits: [UInt8](repeating: 255, count: 16)).share == 0)
    }

    @Test("a number whose colour is that of the pattern behind it has an edge")
    func edges() {
        var generator = SeededGenerator(seed: 5)
        var lost = 0
        for _ in 0..<2_000 {
            let kit = Kit(using: &generator)
            let difference = abs(kit.numberColor.luminance - kit.second.color.luminance)
            guard kit.pattern.isBehindNumbers, difference < 0.3 else { continue }
            lost += 1
            #expect(kit.numberEdge != nil)
        }
        #expect(lost > 100)
    }
}
