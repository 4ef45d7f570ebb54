// Whether a number can be seen in a finished picture: how far colours tell its digits from what is
// around them, after blur, noise and whatever pattern the shirt has.
//
// SPDX-License-Identifier: MIT

import ReIdentImages

/// How far colours tell the pixels of a number from those around it.
struct NumberContrast {
    /// The share of the digits' shape that colours explain, 0 to 1: R² of a linear regression of
    /// "is a digit's pixel" on red, green and blue, over the number's box and a pixel around it.
    ///
    /// 1 where digits of one colour stand sharply on another; 0 where both look alike.
    let share: Double

    /// Of 567 rendered numbers those below could hardly be read by people, and nearly all above.
    static let least = 0.4
    /// A variance in levels² that colours have in any case: what differs less is not seen.
    private static let unseen = 5.0

    /// Measures a number.
    ///
    /// - Parameters:
    ///   - image: The finished picture.
    ///   - digits: 255 where a pixel shows a digit, else 0; of the same size, row by row.
    init(of image: Image, digits: [UInt8]) {
        var (left, right, top, bottom) = (image.width, -1, image.height, -1)
        for row in 0..<image.height {
            for column in 0..<image.width where digits[row * image.width + column] > 0 {
                (left, right) = (min(left, column), max(right, column))
                (top, bottom) = (min(top, row), max(bottom, row))
            }
        }
        guard right >= 0 else {
            share = 0
            return
        }
        // Sums over the box of red, green, blue and "is a digit" and of their products.
        var sums = [Double](repeating: 0, count: 4)
        var products = [Double](repeating: 0, count: 16)
        var count = 0.0
        for row in max(0, top - 1)...min(image.height - 1, bottom + 1) {
            for column in max(0, left - 1)...min(image.width - 1, right + 1) {
                let place = row * image.width + column
                let values =
                    (0..<3).map { Double(image.pixels[place * 3 + $0]) }
                    + [digits[place] > 0 ? 1 : 0]
                for first in 0..<4 {
                    sums[first] += values[first]
                    for second in 0..<4 {
                        products[first * 4 + second] += values[first] * values[second]
                    }
                }
                count += 1
            }
        }
        func covariance(_ first: Int, _ second: Int) -> Double {
            products[first * 4 + second] / count - sums[first] * sums[second] / (count * count)
        }
        let shape = covariance(3, 3)
        guard shape > 0 else {
            share = 0
            return
        }
        let colors = (0..<3).map { first in (0..<3).map { covariance(first, $0) } }
        let joint = (0..<3).map { covariance($0, 3) }
        let weights = Self.solution(of: colors, adding: Self.unseen, for: joint)
        var explained = 0.0
        for first in 0..<3 {
            explained += 2 * weights[first] * joint[first]
            for second in 0..<3 {
                explained -= weights[first] * colors[first][second] * weights[second]
            }
        }
        share = explained / shape
    }

    /// Solves three equations with a symmetric, positive matrix by elimination.
    private static func solution(
        of matrix: [[Double]], adding diagonal: Double, for right: [Double]
    ) -> [Double] {
        var rows = matrix.indices.map { matrix[$0] + [right[$0]] }
        for index in rows.indices { rows[index][index] += diagonal }
        for pivot in rows.indices {
            for row in rows.indices where row != pivot {
                let factor = rows[row][pivot] / rows[pivot][pivot]
                for column in pivot..<4 { rows[row][column] -= factor * rows[pivot][column] }
            }
        }
        return rows.indices.map { rows[$0][3] / rows[$0][$0] }
    }
}
