// Which parts of an image something was based on, cell by cell.
//
// SPDX-License-Identifier: MIT

/// Values on the cells of an encoder's square input.
public struct SaliencyMap: Sendable, Equatable, Encodable {
    /// Rows of cells.
    public let rows: Int
    /// Columns of cells.
    public let columns: Int
    /// Row by row, 0 (nothing) to 1 (the most of this map); padding is 0.
    public let values: [Float]

    /// A map of given values.
    ///
    /// - Parameters:
    ///   - rows: Rows of cells.
    ///   - columns: Columns of cells.
    ///   - values: `[rows, columns]`.
    public init(rows: Int, columns: Int, values: [Float]) {
        precondition(values.count == rows * columns, "values and cells differ in number")
        (self.rows, self.columns, self.values) = (rows, columns, values)
    }

    /// The same with the largest value at 1; all 0 where nothing is above 0.
    func scaledToOne() -> SaliencyMap {
        let largest = values.max() ?? 0
        guard largest > 0 else { return self }
        return SaliencyMap(rows: rows, columns: columns, values: values.map { $0 / largest })
    }

    /// The value at a place of the square, between the middles of cells interpolated linearly.
    ///
    /// - Parameters:
    ///   - x: 0 (left edge) to 1 (right edge).
    ///   - y: 0 (top edge) to 1 (bottom edge).
    /// - Returns: 0...1.
    public func value(x: Double, y: Double) -> Float {
        func place(_ share: Double, _ count: Int) -> (low: Int, high: Int, weight: Float) {
            let position = min(max(share * Double(count) - 0.5, 0), Double(count - 1))
            let low = Int(position)
            return (low, min(low + 1, count - 1), Float(position - Double(low)))
        }
        let (across, down) = (place(x, columns), place(y, rows))
        func row(_ row: Int) -> Float {
            let (left, right) = (
                values[row * columns + across.low], values[row * columns + across.high]
            )
            return left + across.weight * (right - left)
        }
        let (top, bottom) = (row(down.low), row(down.high))
        return top + down.weight * (bottom - top)
    }
}
