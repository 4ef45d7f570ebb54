// Maps side by side: rank correlation, yardsticks, and shares of a map's mass.
//
// SPDX-License-Identifier: MIT

import ReIdentImages
import ReIdentSaliency
import Testing

@Suite("Maps side by side")
struct MapComparisonTests {
    private func map(_ values: [Float], columns: Int = 2) -> SaliencyMap {
        SaliencyMap(rows: values.count / columns, columns: columns, values: values)
    }

    @Test("rank correlation is Spearman's, with shared ranks, on the cells that show the crop")
    func ranks() {
        let square = PreparedImage(side: 4, pixels: [UInt8](repeating: 0, count: 48))
        func correlation(_ first: [Float], _ second: [Float]) -> Double? {
            map(first).rankCorrelation(with: map(second), on: square)
        }
        let first: [Float] = [0.1, 0.2, 0.3, 0.9]
        #expect(correlation(first, [0.2, 0.3, 0.5, 0.6]) == 1)
        #expect(correlation(first, [0.9, 0.5, 0.2, 0.1]) == -1)
        // scipy.stats.spearmanr([1, 2, 3, 4], [1, 1, 2, 2]) is 0.894427191.
        #expect(abs((correlation(first, [0.1, 0.1, 0.2, 0.2]) ?? 0) - 0.894_427_191) < 1e-9)
        #expect(correlation(first, [0.5, 0.5, 0.5, 0.5]) == nil)
        // The first column is padding; cells of the crop that are dark in both count.
        let padded = PreparedImage(
            side: 9, pixels: [UInt8](repeating: 0, count: 243),
            content: PixelRectangle(left: 3, top: 0, width: 6, height: 9))
        let dark = map([0, 0, 0.4, 0, 0.6, 1, 0, 0.2, 0], columns: 3)
        let other = map([0, 0, 0.9, 0, 0.4, 0.5, 0, 0.6, 0], columns: 3)
        // scipy.stats.spearmanr of the crop's six cells.
        let found = dark.rankCorrelation(with: other, on: padded) ?? 0
        #expect(abs(found - 0.529411765) < 1e-8)
    }

    @Test("the middle counts most where the crop lies, and padding nothing")
    func centre() {
        let image = PreparedImage(
            side: 8, pixels: [UInt8](repeating: 9, count: 192),
            content: PixelRectangle(left: 2, top: 0, width: 4, height: 8))
        let found = SaliencyMap.centre(side: 4, of: image)
        #expect(found.values[0] == 0 && found.values[3] == 0)
        #expect(found.values[5] == found.values[6] && found.values[5] == found.values[9])
        #expect(found.values[5] > found.values[1] && found.values[1] > 0)
        #expect(SaliencyMap.random(side: 4, seed: 1) == .random(side: 4, seed: 1))
        #expect(SaliencyMap.random(side: 4, seed: 1) != .random(side: 4, seed: 2))
    }

    @Test("mass and area are shared out among the parts of a crop")
    func shares() {
        // The right half of the square shows the crop, the map is bright in its upper half.
        let image = PreparedImage(
            side: 4, pixels: [UInt8](repeating: 9, count: 48),
            content: PixelRectangle(left: 2, top: 0, width: 2, height: 4))
        let bright = map([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], columns: 4)
        let parts = [0, 0, 0, 1, 2, 2, 2, 2]  // two columns, four rows
        let (mass, area) = bright.shares(of: parts, count: 4, width: 2, in: image)
        #expect(area == [0.375, 0.125, 0.5, 0])
        #expect(mass == [0.75, 0.25, 0, 0])
        let dark = map([0, 0, 0, 0]).shares(of: parts, count: 4, width: 2, in: image)
        #expect(dark.mass == [0, 0, 0, 0] && dark.area == area)
    }
}
