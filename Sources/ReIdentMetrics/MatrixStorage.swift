// Where the numbers of a matrix lie.
//
// SPDX-License-Identifier: MIT

/// Numbers in memory of our own, or in memory that something else keeps alive.
enum MatrixStorage: Sendable {
    case values([Float])
    case borrowed(SharedValues<Float>, owner: any Sendable)

    /// Calls `body` with all the numbers.
    func withValues<Result>(
        _ body: (UnsafeBufferPointer<Float>) throws(MetricsError) -> Result
    ) throws(MetricsError) -> Result {
        switch self {
        case .values(let values):
            // `withUnsafeBufferPointer` does not pass a typed error through, so it carries it out.
            let outcome = values.withUnsafeBufferPointer { all in
                Swift.Result { () throws(MetricsError) in try body(all) }
            }
            return try outcome.get()
        case .borrowed(let values, let owner):
            return try withExtendedLifetime(owner) { () throws(MetricsError) in
                try body(values.pointer)
            }
        }
    }
}
