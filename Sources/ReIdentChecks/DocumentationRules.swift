// Every public declaration has a doc comment, except those whose meaning a protocol gives.
//
// SPDX-License-Identifier: MIT

/// Finds public declarations without a doc comment.
///
/// Members of an extension that declares a conformance, and the names in `witnesses`, are left out:
/// they are documented by their protocol. A lexical check: it knows declarations, not types.
struct DocumentationRules {
    /// Members that protocols of the standard library and of this package ask for.
    static let witnesses = [
        "description", "debugDescription", "errorDescription", "kind", "hash(into", "encode(to",
        "init(from", "next(", "makeIterator()", "makeAsyncIterator()", "==", "<", "startIndex",
        "endIndex", "index(after", "unownedExecutor", "enqueue(", "configuration", "run()",
        "validate()",
    ]

    private static let keywords: Set<String> = [
        "func", "var", "let", "struct", "class", "enum", "actor", "protocol", "init", "subscript",
        "typealias", "associatedtype", "macro",
    ]
    private static let modifiers: Set<String> = [
        "public", "open", "final", "static", "class", "override", "mutating", "nonmutating",
        "convenience", "required", "lazy", "weak", "unowned", "indirect", "nonisolated", "private",
        "fileprivate", "internal", "package", "dynamic", "consuming", "borrowing", "distributed",
    ]

    func violations(in file: ProjectFile, source: SourceText) -> [Violation] {
        let exempt = Self.linesInConformances(source)
        return source.code.indices.compactMap { line in
            guard let declaration = Self.publicDeclaration(source.trimmedCode(line)),
                !exempt.contains(line), !Self.isWitness(declaration),
                !Self.isDocumented(line, in: source)
            else { return nil }
            return Violation(
                path: file.path, line: line + 1, rule: .documentation,
                message: "Public '\(declaration)' has no '///' comment directly above it.")
        }
    }

    /// The name and what follows it, when a line declares something public: `init(from decoder:`.
    static func publicDeclaration(_ code: String) -> String? {
        guard code.contains("public") || code.contains("open") else { return nil }
        var rest = Substring(code)
        var isPublic = false
        while true {
            rest = Substring(rest.trimmed)
            if rest.hasPrefix("@") {
                rest = dropAttribute(rest)
                continue
            }
            let word = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
            let after = rest.dropFirst(word.count)
            if keywords.contains(word), !isModifierClass(word, before: after) {
                guard isPublic else { return nil }
                let declaration = word == "init" || word == "subscript" ? rest : after
                return String(declaration.trimmed.prefix { $0 != "{" && $0 != ":" && $0 != "=" })
                    .trimmed.nonEmpty ?? operatorName(after)
            }
            guard modifiers.contains(word) else { return nil }
            // `public(set)` and its like say nothing about reading.
            let hasArgument = after.hasPrefix("(")
            isPublic = isPublic || (!hasArgument && (word == "public" || word == "open"))
            rest = hasArgument ? after.drop { $0 != ")" }.dropFirst() : after
        }
    }

    /// `class` before another keyword, as in `class func`, is a modifier.
    private static func isModifierClass(_ word: String, before rest: Substring) -> Bool {
        guard word == "class" else { return false }
        let next = String(rest.trimmed.prefix { $0.isLetter })
        return keywords.contains(next) || modifiers.contains(next)
    }

    private static func operatorName(_ text: Substring) -> String {
        String(text.trimmed.prefix { $0 != " " && $0 != "(" })
    }

    private static func dropAttribute(_ text: Substring) -> Substring {
        let name = text.dropFirst().drop { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
        guard name.hasPrefix("(") else { return name }
        return name.drop { $0 != ")" }.dropFirst()
    }

    private static func isWitness(_ declaration: String) -> Bool {
        witnesses.contains { witness in
            declaration == witness || declaration.hasPrefix("\(witness) ")
                || declaration.hasPrefix("\(witness)(") || declaration.hasPrefix("\(witness):")
                || (witness.contains("(") && declaration.hasPrefix(witness))
        }
    }

    /// Whether the lines above, past attributes and plain comments, end in a doc comment.
    private static func isDocumented(_ line: Int, in source: SourceText) -> Bool {
        var above = line - 1
        while above >= 0 {
            let text = source.trimmedLine(above)
            if text.hasPrefix("///") { return true }
            guard text.hasPrefix("//") || text.hasPrefix("@") || text.hasPrefix("#") else {
                return false
            }
            above -= 1
        }
        return false
    }

    // MARK: Conformances

    /// The lines inside extensions that declare a conformance: `extension X: P { ... }`.
    static func linesInConformances(_ source: SourceText) -> Set<Int> {
        var lines: Set<Int> = []
        var header = ""
        // For each open brace, whether it or one around it belongs to such an extension.
        var scopes: [Bool] = []
        for (index, code) in source.code.enumerated() {
            if scopes.last == true { lines.insert(index) }
            for character in code {
                switch character {
                case "{":
                    scopes.append(scopes.last == true || declaresConformance(header))
                    header = ""
                case "}":
                    _ = scopes.popLast()
                    header = ""
                default:
                    header.append(character)
                }
            }
            header.append("\n")
            // Headers are short; what came long before is not part of one.
            if header.utf8.count > 2_000 { header = String(header.suffix(1_000)) }
        }
        return lines
    }

    private static func declaresConformance(_ header: String) -> Bool {
        let lines = header.split(separator: "\n").map(\.trimmed)
        guard
            let start = lines.lastIndex(where: {
                $0.hasPrefix("extension ") || $0.contains(" extension ")
            })
        else { return false }
        let declaration = lines[start...].joined(separator: " ")
        let beforeWhere = declaration.firstRange(of: " where ").map {
            declaration[..<$0.lowerBound]
        }
        return (beforeWhere ?? declaration[...]).contains(":")
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
