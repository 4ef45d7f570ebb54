// The error of this module: which file, what is wrong with it, and what to do.
//
// SPDX-License-Identifier: MIT

import Foundation
public import ReIdentFoundation

/// Why a file or folder could not be read or written.
public struct FileError: DiagnosedError, Equatable {
    public let kind: FailureKind
    /// The file or folder in question; an archive's entry as `archive.zip:inner/name`.
    public let path: String
    /// What was found, what was expected and what to do, in sentences.
    public let problem: String

    public var description: String { "\(path): \(problem)" }

    /// Creates an error of any kind; the functions below cover the common ones.
    public init(kind: FailureKind, path: String, problem: String) {
        self.kind = kind
        self.path = path
        self.problem = problem
    }

    /// The file was read and its contents are not what they should be (exit code 65).
    public static func badData(_ path: String, _ problem: String) -> FileError {
        FileError(kind: .badData, path: path, problem: problem)
    }

    /// The output exists, has no parent folder, or cannot be written (exit code 73).
    public static func cannotWrite(_ path: String, _ problem: String) -> FileError {
        FileError(kind: .cannotWrite, path: path, problem: problem)
    }

    /// The path does not exist or cannot be read (exit code 66), with the system's reason.
    ///
    /// - Parameters:
    ///   - path: The path that was asked for.
    ///   - code: The value of `errno` after the call that failed.
    /// - Returns: The error.
    public static func unreadable(_ path: String, code: Int32) -> FileError {
        let problem =
            switch code {
            case ENOENT: "does not exist. Check the path."
            case EACCES, EPERM: "may not be read by this user. Check its permissions."
            default: "cannot be read: \(systemReason(code))."
            }
        return FileError(kind: .inputNotFound, path: path, problem: problem)
    }

    /// The task was cancelled before the output was whole; nothing of it remains (exit code 130).
    public static func interrupted(_ path: String) -> FileError {
        FileError(
            kind: .interrupted, path: path,
            problem: "the work was interrupted; nothing was written.")
    }

    /// The system's sentence for an error number, beginning in lower case.
    static func systemReason(_ code: Int32) -> String {
        String(cString: strerror(code)).lowercased()
    }
}
