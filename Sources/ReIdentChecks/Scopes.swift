// Which type, extension or protocol each line of a Swift file stands in.
//
// SPDX-License-Identifier: MIT

/// The scopes of a file, found by its braces.
struct Scopes {
    /// A type, extension or protocol.
    struct Scope: Sendable {
        let keyword: String
        let name: String
        /// The names after the colon: protocols, and a class's superclass.
        let conformances: [String]
    }

    /// For each line, the scope it begins in; nil outside of all, and inside of functions.
    let innermost: [Scope?]

    init(_ source: SourceText) {
        var innermost: [Scope?] = []
        var open: [Scope?] = []
        var header = ""
        for code in source.code {
            innermost.append(open.last ?? nil)
            for character in code {
                switch character {
                case "{":
                    open.append(Self.scope(header))
                    header = ""
                case "}":
                    _ = open.popLast()
                    header = ""
                case ";":
                    header = ""
                default:
                    header.append(character)
                }
            }
            header.append("\n")
            // Headers are short; what came long before is not part of one.
            if header.utf8.count > 2_000 { header = String(header.suffix(1_000)) }
        }
        self.innermost = innermost
    }

    private static let keywords: Set<String> = [
        "struct", "class", "enum", "actor", "extension", "protocol",
    ]

    /// The scope that a header before a brace opens; the last declaration in it counts.
    private static func scope(_ header: String) -> Scope? {
        let lines = header.split(separator: "\n").map(\.trimmed)
        for start in lines.indices.reversed() {
            let words = lines[start].split(separator: " ")
            guard let keyword = words.firstIndex(where: { keywords.contains(String($0)) }),
                keyword + 1 < words.endIndex, !words[..<keyword].contains("import")
            else { continue }
            let declaration = lines[start...].joined(separator: " ")
            let name = words[keyword + 1].prefix {
                $0.isLetter || $0.isNumber || $0 == "_" || $0 == "."
            }
            return Scope(
                keyword: String(words[keyword]), name: String(name),
                conformances: conformances(of: declaration))
        }
        return nil
    }

    private static func conformances(of declaration: String) -> [String] {
        let end = declaration.firstRange(of: " where ")?.lowerBound ?? declaration.endIndex
        var depth = 0
        var clause: Substring?
        for index in declaration[..<end].indices {
            // The colons of generic parameters and attributes are not the one looked for.
            if "<([".contains(declaration[index]) { depth += 1 }
            if ">)]".contains(declaration[index]) { depth -= 1 }
            if declaration[index] == ":", depth == 0 {
                clause = declaration[declaration.index(after: index)..<end]
                break
            }
        }
        guard let clause else { return [] }
        return clause.split { $0 == "," || $0 == "&" }.map { name in
            String(name.trimmed.split(separator: " ").last ?? "")
        }
    }
}
