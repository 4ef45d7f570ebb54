// What every error of the package can say about itself: its kind, which decides the exit code of
// the program, and one sentence for the person who has to mend it.
//
// SPDX-License-Identifier: MIT

/// What kind of thing went wrong, as the program's exit code (the BSD `sysexits` numbers).
public enum FailureKind: Int32, Sendable, CaseIterable {
    /// The command line or an argument of a function is not of the documented form.
    case usage = 64
    /// A file was read and its contents are not what they should be.
    case badData = 65
    /// A file or folder that was named does not exist or cannot be read.
    case inputNotFound = 66
    /// The engine, a device or another program that is needed is missing.
    case unavailable = 69
    /// A fault of ReIdent itself.
    case internalFault = 70
    /// The output exists already, its parent folder is missing, or it cannot be written.
    case cannotWrite = 73
    /// The user interrupted; what was asked to be kept has been saved.
    case interrupted = 130
}

/// An error that knows its kind and describes itself in sentences a user can act on.
///
/// The description names the file, what was found, what was expected, and ends in what to do.
public protocol DiagnosedError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure this is.
    var kind: FailureKind { get }
}
