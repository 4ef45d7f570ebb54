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
    for file in files where !file.isFixture && !file.path.hasSuffix("/Placeholder.swift") {
        found += TextRules().violations(in: file)
        guard file.isSwift || file.isCFamily else { continue }
        let source = SourceText(file.contents, language: file.isSwift ? .swift : .c)
        found += imports.violations(in: file, source: source)
        guard file.isSwift else { continue }
        found += LanguageRules().violations(in: file, source: source)
        if file.path.hasPrefix("Sources/") {
            found += DocumentationRules().violations(in: file, source: source)
        }
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
