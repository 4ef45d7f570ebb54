// The error of this module: what is wrong with a data set, and what to do.
//
// SPDX-License-Identifier: MIT

public import ReIdentFiles
public import ReIdentFoundation

/// Why a data set could not be read, split or sampled.
public struct DataError: DiagnosedError, Equatable {
    public let kind: FailureKind
    public let description: String

    /// Creates an error of any kind from its sentences.
    public init(kind: FailureKind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// Carries on an error of a file unchanged.
    public init(_ error: FileError) {
        self.init(kind: error.kind, error.description)
    }

    /// The data are not what they should be (exit code 65).
    static func badData(_ description: String) -> DataError {
        DataError(kind: .badData, description)
    }

    /// Runs work on files, whose errors become errors of this module.
    static func carrying<Result>(
        _ body: () throws(FileError) -> Result
    ) throws(DataError) -> Result {
        do {
            return try body()
        } catch {
            throw DataError(error)
        }
    }
}

/// The first few of several names for a sentence: `'a', 'b', 'c' and 4 more`.
func someNames(_ names: [String], atMost count: Int = 3) -> String {
    let shown = names.prefix(count).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > count ? "\(shown) and \(names.count - count) more" : shown
}
