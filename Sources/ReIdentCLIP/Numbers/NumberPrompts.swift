// The texts that a crop is compared with to read its shirt number, and the file they are edited in.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles
import ReIdentFoundation

/// Sentences about shirts with a number, and about crops on which none can be seen.
///
/// In the file each line is a sentence. `{number}` stands for the number; sentences without it
/// describe a crop whose number cannot be seen. Empty lines and those that begin with `#` are left
/// out.
public struct NumberPrompts: Sendable, Equatable {
    /// What a crop can show: 0 to 99, and 00, which is another number than 0.
    public static let numbers = (0...99).map(String.init) + ["00"]
    /// Name of the file in a package.
    public static let packageFile = "number-prompts.txt"
    /// What stands for the number.
    static let placeholder = "{number}"

    /// Sentences with a placeholder, at least one.
    public let templates: [String]
    /// Sentences for crops without a number to be seen, at least one.
    public let withoutNumber: [String]

    /// Sentences for packages that bring none of their own.
    public static let standard = NumberPrompts(
        templates: [
            "a player with the number {number}", "a basketball player with the number {number}",
            "a photo of a shirt with the number {number}", "the number {number} on a jersey",
            "{number}",
        ],
        withoutNumber: [
            "a player whose number cannot be seen", "a basketball player without a number",
            "a photo of a shirt without a number",
        ])

    init(templates: [String], withoutNumber: [String]) {
        self.templates = templates
        self.withoutNumber = withoutNumber
    }

    /// Reads a file of sentences.
    ///
    /// - Parameter path: A text in UTF-8.
    /// - Throws: `PackageError`: `file` if it cannot be read, `invalidPrompts` if a kind of
    ///   sentence is missing or a placeholder is misspelt.
    public init(path: String) throws(PackageError) {
        let bytes: [UInt8]
        do {
            try InputPath.requireFile(path)
            bytes = try ByteSource.file(path).read()
        } catch {
            throw .file(error)
        }
        guard let text = String(validating: bytes, as: UTF8.self), !text.contains("\0") else {
            throw .invalidPrompts(file: path, problem: "it is no text in UTF-8")
        }
        var (templates, withoutNumber): ([String], [String]) = ([], [])
        // Some editors mark UTF-8 so; it is no part of the first sentence.
        let unmarked = text.trimmingPrefix("\u{FEFF}")
        let lines = unmarked.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let sentence = line.trimmingPrefix { $0.isWhitespace }
                .reversed().drop { $0.isWhitespace }.reversed()
            guard let first = sentence.first, first != "#" else { continue }
            let shown = String(sentence)
            if shown.contains(Self.placeholder) {
                templates.append(shown)
            } else if shown.contains("{") || shown.contains("}") {
                throw .invalidPrompts(
                    file: path, problem: "line \(index + 1) has braces without 'number' in them")
            } else {
                withoutNumber.append(shown)
            }
        }
        guard !templates.isEmpty else {
            throw .invalidPrompts(file: path, problem: "no line holds {number}")
        }
        guard !withoutNumber.isEmpty else {
            throw .invalidPrompts(
                file: path,
                problem: "every line holds {number}, and none describes a crop without a number")
        }
        self.init(templates: templates, withoutNumber: withoutNumber)
    }

    /// The sentences of each number in the order of `numbers`, and last those without one.
    public var classes: [[String]] {
        Self.numbers.map { number in
            templates.map { $0.replacing(Self.placeholder, with: number) }
        } + [withoutNumber]
    }

    /// The sentences as their file holds them.
    public var fileText: String { (templates + withoutNumber).joined(separator: "\n") + "\n" }

    /// SHA-256 of the sentences and of what they are compared with, lower-case hexadecimal.
    ///
    /// - Parameter view: What is looked at of a crop.
    /// - Returns: 64 digits.
    /// - Throws: `PackageError.file` if this machine offers no SHA-256.
    public func digest(lookingAt view: String) throws(PackageError) -> String {
        do {
            return try MessageDigest.sha256.hexadecimal(of: "\(view)\n\(fileText)")
        } catch {
            throw .file(error)
        }
    }
}

extension ModelPackage {
    /// The sentences that shirt numbers are read with: the package's own, or the standard ones.
    ///
    /// - Throws: As `NumberPrompts.init(path:)` for a damaged file of the package.
    public func numberPrompts() throws(PackageError) -> NumberPrompts {
        try ownNumberPrompts() ?? .standard
    }

    /// The package's own sentences, where it has any.
    ///
    /// - Throws: As `NumberPrompts.init(path:)` for a damaged file of the package.
    public func ownNumberPrompts() throws(PackageError) -> NumberPrompts? {
        do {
            return try NumberPrompts(path: "\(path)/\(NumberPrompts.packageFile)")
        } catch {
            guard error.kind == .inputNotFound else { throw error }
            return nil
        }
    }
}
