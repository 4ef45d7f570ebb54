// What Swift allows and this package does not: ending the program instead of throwing, and promises
// to the compiler without a reason beside them.
//
// SPDX-License-Identifier: MIT

/// Finds calls and declarations that the package does without.
struct LanguageRules {
    private static let forbidden = [
        ("try!", "'try!' ends the program; throw an error that says what to do."),
        ("fatalError(", "'fatalError' ends the program; throw, or use 'precondition'."),
    ]
    private static let promises = ["@unchecked Sendable", "nonisolated(unsafe)"]

    func violations(in file: ProjectFile, source: SourceText) -> [Violation] {
        source.code.indices.flatMap { line -> [Violation] in
            let code = source.code[line]
            var messages: [String] = []
            for (word, message) in Self.forbidden where code.contains(word) {
                messages.append(message)
            }
            if code.contains("@preconcurrency"), ImportRules.importedModule(code) != nil {
                messages.append("'@preconcurrency import' hides data races; send values instead.")
            }
            for promise in Self.promises
            where code.contains(promise) && !Self.hasReason(line, in: source) {
                messages.append("'\(promise)' needs a comment beside it that begins 'SAFETY:'.")
            }
            return messages.map {
                Violation(path: file.path, line: line + 1, rule: .unsafe, message: $0)
            }
        }
    }

    /// Whether the declaration's comment, or the first one in its body, gives the reason.
    private static func hasReason(_ line: Int, in source: SourceText) -> Bool {
        if source.comments[line].contains("SAFETY:") { return true }
        if source.trimmedCode(line).hasSuffix("{"), line + 1 < source.comments.count,
            source.comments[line + 1].contains("SAFETY:")
        {
            return true
        }
        var above = line - 1
        while above >= 0, !source.trimmedLine(above).isEmpty {
            if source.comments[above].contains("SAFETY:") { return true }
            let code = source.trimmedCode(above)
            if code.hasSuffix("{") || code.hasSuffix("}") { return false }
            above -= 1
        }
        return false
    }
}
