// Rows of which only the entries that are not zero are kept.
//
// SPDX-License-Identifier: MIT

/// A sparse matrix by rows: columns and values of row r lie at `starts[r] ..< starts[r + 1]`.
struct SparseRows: Sendable {
    private(set) var starts: [Int]
    private(set) var columns: [Int32]
    var values: [Float]

    var count: Int { starts.count - 1 }

    func range(ofRow row: Int) -> Range<Int> { starts[row]..<starts[row + 1] }

    /// Rows with these columns; the values are zero for now.
    init(columnsOfRows rows: [[Int32]]) {
        starts = [0]
        starts.reserveCapacity(rows.count + 1)
        for row in rows { starts.append(starts[starts.count - 1] + row.count) }
        columns = []
        columns.reserveCapacity(starts[rows.count])
        for row in rows { columns.append(contentsOf: row) }
        values = [Float](repeating: 0, count: columns.count)
    }

    private init(starts: [Int], columns: [Int32], values: [Float]) {
        self.starts = starts
        self.columns = columns
        self.values = values
    }

    /// Rows one below the other.
    init(concatenating parts: [SparseRows]) {
        self.init(starts: [0], columns: [], values: [])
        columns.reserveCapacity(parts.reduce(0) { $0 + $1.columns.count })
        values.reserveCapacity(columns.capacity)
        for part in parts {
            let offset = columns.count
            starts.append(contentsOf: part.starts.dropFirst().map { $0 + offset })
            columns.append(contentsOf: part.columns)
            values.append(contentsOf: part.values)
        }
    }

    /// Adds a row at the end.
    mutating func appendRow(_ entries: [(column: Int32, value: Float)]) {
        for entry in entries {
            columns.append(entry.column)
            values.append(entry.value)
        }
        starts.append(columns.count)
    }

    /// No rows yet.
    static var empty: SparseRows { SparseRows(starts: [0], columns: [], values: []) }

    /// Some of the rows.
    func rows(_ range: Range<Int>) -> SparseRows {
        let entries = starts[range.lowerBound]..<starts[range.upperBound]
        return SparseRows(
            starts: starts[range.lowerBound...range.upperBound].map { $0 - entries.lowerBound },
            columns: Array(columns[entries]), values: Array(values[entries]))
    }

    /// For each column, the rows that have it, in order, with their values.
    func transposed(columnCount: Int) -> SparseRows {
        var starts = [Int](repeating: 0, count: columnCount + 1)
        for column in columns { starts[Int(column) + 1] += 1 }
        for column in 0..<columnCount { starts[column + 1] += starts[column] }
        var next = starts
        var rowsOfColumns = [Int32](repeating: 0, count: columns.count)
        var newValues = [Float](repeating: 0, count: columns.count)
        for row in 0..<count {
            for entry in range(ofRow: row) {
                let column = Int(columns[entry])
                rowsOfColumns[next[column]] = Int32(row)
                newValues[next[column]] = values[entry]
                next[column] += 1
            }
        }
        return SparseRows(starts: starts, columns: rowsOfColumns, values: newValues)
    }
}
