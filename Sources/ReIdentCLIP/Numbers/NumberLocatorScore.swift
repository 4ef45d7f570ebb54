// How well a locator finds numbers of which it is known where they are.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentImages

/// How near boxes are to the numbers, and what share of numbers the parts that are read show.
public struct NumberLocatorScore: Sendable, Equatable, Encodable {
    /// A number: where it is, where it was found, and on how large a picture.
    public struct Finding: Sendable {
        let truth: NumberBox
        let found: NumberBox
        let width: Int
        let height: Int

        /// A number that was looked for on a picture of some pixels.
        public init(truth: NumberBox, found: NumberBox, width: Int, height: Int) {
            (self.truth, self.found) = (truth, found)
            (self.width, self.height) = (width, height)
        }

        /// How far the middles are apart, in longer sides of the number.
        fileprivate var error: Double {
            let x = (truth.centerX - found.centerX) * Double(width)
            let y = (truth.centerY - found.centerY) * Double(height)
            let side = max(truth.width * Double(width), truth.height * Double(height))
            return (x * x + y * y).squareRoot() / side
        }

        /// The share of the number's area that lies in the part that is read.
        fileprivate var shownShare: Double {
            let window = found.window(imageWidth: width, imageHeight: height)
            func overlap(
                _ center: Double, _ size: Double, _ pixels: Int, _ start: Int, _ count: Int
            ) -> Double {
                let (low, high) = (center - size / 2, center + size / 2)
                let (first, end) = (
                    Double(start) / Double(pixels), Double(start + count) / Double(pixels)
                )
                return max(0, min(high, end) - max(low, first)) / size
            }
            return overlap(truth.centerX, truth.width, width, window.left, window.width)
                * overlap(truth.centerY, truth.height, height, window.top, window.height)
        }
    }

    /// Share of a number that has to lie in the part that is read for it to count as shown.
    public static let shownArea = 0.85

    /// Numbers that were looked for.
    public let crops: Int
    /// How many of them lie, with `shownArea` of their area, in the part that is read.
    public let shown: Int
    /// Median distance of the middles, in longer sides of the number.
    public let medianError: Double

    enum CodingKeys: String, CodingKey {
        case crops, shown
        case medianError = "median_error"
    }

    /// Sums findings up; of none, nothing is right.
    public init(_ findings: [Finding]) {
        crops = findings.count
        shown = findings.count { $0.shownShare >= Self.shownArea }
        let errors = findings.map(\.error).sorted()
        medianError = errors.isEmpty ? 0 : errors[errors.count / 2]
    }
}
