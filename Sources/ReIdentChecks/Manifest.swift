// The layers of the project, read from Package.swift, so that they are declared in one place.
//
// Read as text rather than through `swift package dump-package`, which would make the check wait
// for the build it runs in. The forms it knows are those the manifest uses; any other is reported.
//
// SPDX-License-Identifier: MIT

/// The targets of Package.swift in their order, and what each may import.
struct Manifest: Sendable {
    struct Target: Sendable, Equatable {
        let name: String
        let dependencies: [String]
        let isTest: Bool
        /// The line it is declared in, counted from 1.
        let line: Int
    }

    private(set) var targets: [Target] = []
    private(set) var violations: [Violation] = []

    static let path = "Package.swift"

    /// The helper of the manifest that declares a test target, and what it adds.
    private static let testHelper = "tests("
    private static let openings = [
        "layer(", testHelper, ".target(", ".executableTarget(", ".testTarget(", ".systemLibrary(",
    ]

    init(_ contents: String) {
        // Comments go, strings stay: they hold the names.
        let source = SourceText(contents, language: .swift)
        let lines = zip(source.lines, source.comments).map { line, comment in
            comment.trimmed.isEmpty ? line : String(line.prefix { $0 != "/" })
        }
        let products = Self.productVariables(in: lines)
        var text = Substring(lines.joined(separator: "\n"))
        var line = 1
        while let (opening, start) = Self.firstOpening(in: text) {
            line += text[..<start].count { $0 == "\n" }
            text = text[start...].dropFirst(opening.count)
            guard let call = Self.balanced(text, closing: ")") else { break }
            guard let name = Self.name(in: call) else { continue }
            add(name: name, opening: opening, call: call, products: products, line: line)
        }
        if targets.isEmpty { report("No target is declared in a form the checker reads.", line: 1) }
        checkOrder()
    }

    subscript(name: String) -> Target? { targets.first { $0.name == name } }

    private mutating func add(
        name: String, opening: String, call: Substring, products: [String: String], line: Int
    ) {
        let isTest = opening == Self.testHelper || opening == ".testTarget("
        var dependencies: [String] = []
        if let list = Self.list(in: call) {
            for element in list {
                if let name = Self.dependency(element, products: products) {
                    dependencies.append(name)
                } else {
                    report("The dependency '\(element)' of \(name) is not a name.", line: line)
                }
            }
        } else if call.contains("on:") || call.contains("dependencies:") {
            report("The dependencies of \(name) are not written as one list [...].", line: line)
        }
        let isHelper = opening == Self.testHelper
        targets.append(
            Target(
                name: isHelper ? "\(name)Tests" : name,
                dependencies: isHelper
                    ? [name, "ReIdentTestSupport"] + dependencies : dependencies,
                isTest: isTest, line: line))
    }

    /// A target is listed after the targets it depends on.
    private mutating func checkOrder() {
        for (position, target) in targets.enumerated() {
            for dependency in target.dependencies
            where targets[position...].contains(where: { $0.name == dependency }) {
                report(
                    "\(target.name) depends on \(dependency), which is not above it.",
                    line: target.line)
            }
        }
    }

    private mutating func report(_ message: String, line: Int) {
        violations.append(
            Violation(path: Self.path, line: line, rule: .manifest, message: message))
    }

    // MARK: Reading

    private static func firstOpening(in text: Substring) -> (String, Substring.Index)? {
        openings
            .compactMap { opening in text.firstRange(of: opening).map { (opening, $0.lowerBound) } }
            .min { $0.1 < $1.1 }
    }

    /// The text up to the closing bracket that belongs to an opening one just before it.
    private static func balanced(_ text: Substring, closing: Character) -> Substring? {
        let opening: Character = closing == ")" ? "(" : "["
        var depth = 1
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == opening { depth += 1 }
            if text[index] == closing { depth -= 1 }
            if depth == 0 { return text[..<index] }
            index = text.index(after: index)
        }
        return nil
    }

    /// The literal name a call begins with; nil in a helper's own body, where it is a variable.
    private static func name(in call: Substring) -> String? {
        var rest = Substring(call.trimmed)
        if rest.hasPrefix("name:") { rest = Substring(rest.dropFirst("name:".count).trimmed) }
        guard rest.hasPrefix("\"") else { return nil }
        let name = rest.dropFirst().prefix { $0 != "\"" }
        return name.contains("\\(") ? nil : String(name)
    }

    /// The elements of the list of dependencies; nil when there is no such list.
    private static func list(in call: Substring) -> [String]? {
        for label in ["on:", "dependencies:"] {
            guard let found = call.firstRange(of: label) else { continue }
            let rest = Substring(call[found.upperBound...].trimmed)
            guard rest.hasPrefix("["), let inside = balanced(rest.dropFirst(), closing: "]") else {
                return nil
            }
            // Nothing may be added to the list behind it.
            let after = rest[inside.endIndex...].dropFirst().trimmed
            guard after.isEmpty || after.hasPrefix(",") else { return nil }
            return elements(of: inside)
        }
        return nil
    }

    private static func elements(of list: Substring) -> [String] {
        var depth = 0
        var elements = [""]
        for character in list {
            if "([".contains(character) { depth += 1 }
            if ")]".contains(character) { depth -= 1 }
            if character == ",", depth == 0 {
                elements.append("")
            } else {
                elements[elements.count - 1].append(character)
            }
        }
        return elements.map(\.trimmed).filter { !$0.isEmpty }
    }

    private static func dependency(_ element: String, products: [String: String]) -> String? {
        if element.hasPrefix("\"") { return String(element.dropFirst().prefix { $0 != "\"" }) }
        if element.hasPrefix(".") { return firstName(in: element[...]) }
        return products[element]
    }

    /// Variables that stand for a product: `let x: Target.Dependency = .product(name: "X", ...)`.
    private static func productVariables(in lines: [String]) -> [String: String] {
        var products: [String: String] = [:]
        for (index, line) in lines.enumerated()
        where line.hasPrefix("let ") && line.contains(": Target.Dependency") {
            let variable = line.dropFirst("let ".count).prefix { $0 != ":" }.trimmed
            let declaration = lines[index...].prefix(3).joined(separator: " ")
            products[variable] = firstName(in: declaration[...])
        }
        return products
    }

    private static func firstName(in text: Substring) -> String? {
        guard let label = text.firstRange(of: "name: \"") else { return nil }
        return String(text[label.upperBound...].prefix { $0 != "\"" })
    }
}
