// All rules over all files.
//
// SPDX-License-Identifier: MIT

/// Checks the files of a project against its rules.
///
/// - Parameter files: All text files of the project, Package.swift among them.
/// - Returns: What is broken, by path and line.
public func violations(in files: [ProjectFile]) -> [Violation] {
    guard let package = files.first(where: { $0.path == Manifest.path }) else {
        return [
            Violation(
                path: Manifest.path, line: 1, rule: .manifest,
                message: "There is no Package.swift here; give the folder of the project.")
        ]
    }
    let manifest = Manifest(package.contents)
    let imports = ImportRules(manifest: manifest)
    var found = manifest.violations + pathsThatDifferInCase(files)
    let checked = files.filter { !$0.isFixture }
    let sources = checked.filter { $0.isSwift || $0.isCFamily }.map { file in
        (file, SourceText(file.contents, language: file.isSwift ? .swift : .c))
    }
    let library = sources.filter { $0.0.isSwift && $0.0.path.hasPrefix("Sources/") }
    let documentation = DocumentationRules(protocolsIn: library.map(\.1))
    for file in checked { found += TextRules().violations(in: file) }
    for (file, source) in sources {
        found += imports.violations(in: file, source: source)
        if file.isSwift { found += LanguageRules().violations(in: file, source: source) }
    }
    for (file, source) in library {
        found += documentation.violations(in: file, source: source)
    }
    return found.sorted { ($0.path, $0.line) < ($1.path, $1.line) }
}

/// Files and folders that a file system blind to case would merge.
private func pathsThatDifferInCase(_ files: [ProjectFile]) -> [Violation] {
    var seen: [String: String] = [:]
    var found: [Violation] = []
    for file in files {
        let parts = file.path.split(separator: "/")
        for count in 1...max(1, parts.count) {
            let path = parts.prefix(count).joined(separator: "/")
            if let other = seen.updateValue(path, forKey: path.lowercased()), other != path {
                found.append(
                    Violation(
                        path: file.path, line: 1, rule: .pathCase,
                        message: "'\(path)' and '\(other)' are one path on macOS."))
            }
        }
    }
    return found
}
