// Every public declaration has a doc comment, except those whose meaning a protocol gives.
//
// SPDX-License-Identifier: MIT

/// Finds public declarations without a doc comment.
///
/// Left out, since their protocol documents them: members of an extension that declares a
/// conformance; members of a type that name a requirement of a protocol of this project the type
/// conforms to; the names in `witnesses`. A lexical check: it knows declarations, not types.
struct DocumentationRules {
    /// The names that each protocol of this project asks for.
    let requirements: [String: Set<String>]

    /// Reads the protocols of the project's sources.
    init(protocolsIn sources: [SourceText]) {
        var requirements: [String: Set<String>] = [:]
        for source in sources {
            for (line, scope) in Scopes(source).innermost.enumerated() {
                guard let scope, scope.keyword == "protocol",
                    let declaration = Self.declaration(source.trimmedCode(line))
                else { continue }
                requirements[scope.name, default: []].insert(Self.baseName(declaration.text))
            }
        }
        self.requirements = requirements
    }

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
        let scopes = Scopes(source).innermost
        return source.code.indices.compactMap { line in
            guard let declaration = Self.publicDeclaration(source.trimmedCode(line)),
                !isWitness(declaration, in: scopes[line]), !Self.isDocumented(line, in: source)
            else { return nil }
            return Violation(
                path: file.path, line: line + 1, rule: .documentation,
                message: "Public '\(declaration)' has no '///' comment directly above it.")
        }
    }

    /// The name and what follows it, when a line declares something public: `init(from decoder:`.
    static func publicDeclaration(_ code: String) -> String? {
        guard code.contains("public") || code.contains("open"),
            let declaration = declaration(code), declaration.isPublic
        else { return nil }
        return declaration.text
    }

    /// What a line declares and whether it says that it is public; nil when it declares nothing.
    private static func declaration(_ code: String) -> (text: String, isPublic: Bool)? {
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
                let declaration = word == "init" || word == "subscript" ? rest : after
                let text = String(
                    declaration.trimmed.prefix { $0 != "{" && $0 != ":" && $0 != "=" }
                ).trimmed
                return (text.isEmpty ? operatorName(after) : text, isPublic)
            }
            guard modifiers.contains(word) else { return nil }
            // `public(set)` and its like say nothing about reading.
            let hasArgument = after.hasPrefix("(")
            isPublic = isPublic || (!hasArgument && (word == "public" || word == "open"))
            rest = hasArgument ? after.drop { $0 != ")" }.dropFirst() : after
        }
    }

    /// The name alone: of `rows<Result>(in range` it is `rows`.
    private static func baseName(_ declaration: String) -> String {
        String(declaration.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
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

    private func isWitness(_ declaration: String, in scope: Scopes.Scope?) -> Bool {
        if let scope, scope.keyword == "extension", !scope.conformances.isEmpty { return true }
        let name = Self.baseName(declaration)
        if let scope,
            scope.conformances.contains(where: { requirements[$0]?.contains(name) == true })
        {
            return true
        }
        return Self.witnesses.contains { witness in
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
}
