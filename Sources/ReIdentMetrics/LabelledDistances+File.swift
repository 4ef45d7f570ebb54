// Either form of file, told apart by its contents and name.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

extension LabelledDistances {
    /// Reads distances from an EvalAI submission (CSV) or a safetensors file.
    ///
    /// - Parameter path: The file.
    /// - Returns: All it holds.
    /// - Throws: `MetricsError` as `SubmissionFile.read` and `MatrixFile.read`.
    public static func read(_ path: String) throws(MetricsError) -> LabelledDistances {
        if path.lowercased().hasSuffix(".safetensors") { return try MatrixFile.read(path) }
        let file = try diagnosing { try MappedFile(path: path) }
        // Text has no zero byte; a safetensors file begins with a length and a JSON object.
        let isMatrixFile = file.withUnsafeBytes { bytes in
            bytes.count > 8 && bytes[7] == 0 && bytes[8] == UInt8(ascii: "{")
        }
        return isMatrixFile ? try MatrixFile.read(path) : try SubmissionFile.read(path)
    }

    /// Writes distances: a safetensors file if the name ends so, else an EvalAI submission.
    ///
    /// - Parameters:
    ///   - path: The destination.
    ///   - force: Whether an existing file may be replaced.
    /// - Throws: `MetricsError` as `SubmissionFile.write` and `MatrixFile.write`.
    public func write(to path: String, force: Bool = false) throws(MetricsError) {
        if path.lowercased().hasSuffix(".safetensors") {
            try MatrixFile.write(self, to: path, force: force)
        } else {
            try SubmissionFile.write(self, to: path, force: force)
        }
    }
}
