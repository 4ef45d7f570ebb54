// Rules about the text of a file: its header, the length of its lines, paths of one machine.
//
// SPDX-License-Identifier: MIT

/// Checks what does not depend on the language.
struct TextRules {
    static let maximumLineLength = 100
    private static let licence = "SPDX-License-Identifier: MIT"

    func violations(in file: ProjectFile) -> [Violation] {
        let lines = file.contents.split(separator: "\n", omittingEmptySubsequences: false)
        var violations = Self.machinePaths(in: file, lines)
        if file.isSwift || file.isCFamily || file.isScript {
            violations += Self.header(of: file, lines) + Self.longLines(in: file, lines)
        }
        return violations
    }

    // MARK: Header

    private static func header(of file: ProjectFile, _ lines: [Substring]) -> [Violation] {
        let comment = leadingComment(of: file, lines)
        let purpose = comment.first { line in
            !line.hasPrefix("swift-tools-version") && !line.contains(licence)
                && line.contains { $0.isLetter }
        }
        var messages: [String] = []
        if purpose == nil { messages.append("The file does not begin by saying what it is for.") }
        if !comment.contains(where: { $0.contains(licence) }) {
            messages.append("The comment the file begins with lacks '\(licence)'.")
        }
        return messages.map { Violation(path: file.path, line: 1, rule: .header, message: $0) }
    }

    /// The lines of the comment a file begins with, without their marks.
    private static func leadingComment(of file: ProjectFile, _ lines: [Substring]) -> [String] {
        var rest = lines[...]
        if rest.first?.hasPrefix("#!") == true { rest = rest.dropFirst() }
        guard let first = rest.first?.trimmed else { return [] }
        let marks: Set<Character> = ["/", "*", "#", "\"", " "]
        let comment: ArraySlice<Substring>
        if first.hasPrefix("/*") {
            comment = upTo("*/", in: rest)
        } else if first.hasPrefix("\"\"\"") {
            comment = upTo("\"\"\"", in: rest)
        } else {
            let mark = file.isScript ? "#" : "//"
            comment = rest.prefix { $0.trimmed.hasPrefix(mark) }
        }
        return comment.map { String($0.trimmed.drop { marks.contains($0) }) }
    }

    private static func upTo(_ end: String, in lines: ArraySlice<Substring>) -> ArraySlice<
        Substring
    > {
        guard let first = lines.first, !first.dropFirst(end.count).contains(end) else {
            return lines.prefix(1)
        }
        let last = lines.dropFirst().firstIndex { $0.contains(end) } ?? lines.endIndex - 1
        return lines[...last]
    }

    // MARK: Lines

    private static func longLines(in file: ProjectFile, _ lines: [Substring]) -> [Violation] {
        lines.enumerated().compactMap { index, line in
            // An address cannot be broken.
            guard line.utf8.count > maximumLineLength, line.count > maximumLineLength,
                !line.contains("https://")
            else { return nil }
            return Violation(
                path: file.path, line: index + 1, rule: .lineLength,
                message: "\(line.count) characters; at most \(maximumLineLength).")
        }
    }

    // MARK: Paths

    /// Folders below the root that are one machine's own.
    private static let machineFolders = ["/work/", "/root/", "/home/", "/Users/", "/opt/"]

    private static func machinePaths(in file: ProjectFile, _ lines: [Substring]) -> [Violation] {
        guard machineFolders.contains(where: file.contents.contains) else { return [] }
        return lines.enumerated().compactMap { index, line in
            guard let folder = machineFolders.first(where: { begins($0, in: line) }) else {
                return nil
            }
            return Violation(
                path: file.path, line: index + 1, rule: .machinePath,
                message: "A path below \(folder) exists on one machine only.")
        }
    }

    /// Whether an absolute path begins with a folder: `a/opt/b` and `https://x.org/opt/` do not.
    private static func begins(_ folder: String, in line: Substring) -> Bool {
        line.ranges(of: folder).contains { range in
            let next = line[range.upperBound...].first
            guard let next, next.isLetter || next.isNumber || next == "_" || next == "." else {
                return false
            }
            guard range.lowerBound > line.startIndex else { return true }
            let before = line[line.index(before: range.lowerBound)]
            return !(before.isLetter || before.isNumber || "._-~}*)/".contains(before))
        }
    }
}
