// A place where the project breaks one of its own rules.
//
// SPDX-License-Identifier: MIT

/// The rules that `make check` holds the sources to, beyond format and warnings.
public enum Rule: String, Sendable, CaseIterable {
    /// Package.swift has a form the checker can read, and lists each target after what it needs.
    case manifest
    /// A file imports only what Package.swift gives its target, which is always a layer above.
    case imports
    /// Every public declaration says what it means.
    case documentation
    /// Every source file begins with its purpose and its licence.
    case header
    /// No line is longer than 100 characters.
    case lineLength = "line length"
    /// What would end the program, or hide an unchecked promise, is not used.
    case unsafe
    /// No file names a folder of one person's machine.
    case machinePath = "machine path"
    /// No two paths differ in case only: on macOS they would be one.
    case pathCase = "path case"
}

/// One broken rule: where, and what to do about it.
public struct Violation: Sendable, Equatable, CustomStringConvertible {
    /// The file, relative to the project.
    public let path: String
    /// The line, counted from 1.
    public let line: Int
    /// The rule that is broken.
    public let rule: Rule
    /// A sentence that says what is wrong and what is expected.
    public let message: String

    public var description: String { "\(path):\(line): \(message) (\(rule.rawValue))" }
}
