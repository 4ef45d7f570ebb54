// Who may import whom: a target imports what Package.swift gives it, which lies above it; some
// modules have one importer; LibTorch's headers are included by the engine alone.
//
// SPDX-License-Identifier: MIT

/// Checks the imports of Swift files and the includes of C and C++ files.
struct ImportRules {
    let manifest: Manifest

    /// Modules that come with Swift or the system, and so need no declaration.
    static let systemModules: Set<String> = [
        "Swift", "Foundation", "FoundationNetworking", "Dispatch", "Synchronization", "Observation",
        "RegexBuilder", "Glibc", "Musl", "Darwin", "CoreFoundation", "os",
    ]
    /// Modules for tests only.
    static let testModules: Set<String> = ["Testing", "XCTest"]

    /// Modules that one layer alone may import, and that layer.
    static let soleImporters = [
        "CReIdentEngine": "ReIdentEngine",
        "CImageCodecs": "ReIdentImages",
        "CCairo": "ReIdentImages",
        "CTransfers": "ReIdentFiles",
        "CZip": "ReIdentFiles",
        "CZlib": "ReIdentFiles",
        "COpenSSL": "ReIdentFiles",
        "ArgumentParser": "ReIdentCommands",
    ]

    /// The folders of LibTorch's headers.
    static let engineHeaders = ["torch/", "ATen/", "c10/"]

    func violations(in file: ProjectFile, source: SourceText) -> [Violation] {
        file.isSwift ? imports(in: file, source) : includes(in: file, source)
    }

    // MARK: Swift

    private func imports(in file: ProjectFile, _ source: SourceText) -> [Violation] {
        guard let name = file.target else { return [] }
        guard let target = manifest[name] else {
            return [
                Violation(
                    path: file.path, line: 1, rule: .manifest,
                    message: "The folder \(name) belongs to no target of Package.swift.")
            ]
        }
        return source.code.enumerated().flatMap { line, code in
            code.split(separator: ";").compactMap { statement in
                guard let module = Self.importedModule(String(statement)),
                    let message = objection(to: module, in: target)
                else { return nil }
                return Violation(path: file.path, line: line + 1, rule: .imports, message: message)
            }
        }
    }

    /// Why a target may not import a module; nil when it may.
    private func objection(to module: String, in target: Manifest.Target) -> String? {
        if Self.systemModules.contains(module) { return nil }
        if Self.testModules.contains(module) {
            let isForTests = target.isTest || target.name == "ReIdentTestSupport"
            return isForTests ? nil : "\(module) belongs in tests."
        }
        let isDeclared = target.dependencies.contains(module)
        if !target.isTest, let importer = Self.soleImporters[module], importer != target.name {
            return "Only \(importer) imports \(module); use what it offers."
        }
        if isDeclared { return nil }
        if target.isTest, target.name.hasSuffix("Tests"),
            let tested = manifest[String(target.name.dropLast("Tests".count))],
            tested.dependencies.contains(module)
        {
            return nil
        }
        if let place = position(module), let own = position(target.name), place >= own {
            return "\(target.name) must not import \(module), which is not above it."
        }
        return "Package.swift does not give \(target.name) the module \(module)."
    }

    /// A target's place in the manifest, counted from the top.
    private func position(_ name: String) -> Int? {
        manifest.targets.firstIndex { $0.name == name }
    }

    /// The module of an import statement: of `@testable public import struct A.B` it is `A`.
    static func importedModule(_ code: String) -> String? {
        guard code.contains("import") else { return nil }
        let words = code.split(separator: " ").map(String.init)
        guard let keyword = words.firstIndex(of: "import"),
            words[..<keyword].allSatisfy({ $0.hasPrefix("@") || accessLevels.contains($0) })
        else { return nil }
        let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        let name = words[(keyword + 1)...].first { !kinds.contains($0) }
        return name.map { String($0.prefix { $0 != "." }) }
    }

    private static let accessLevels: Set<String> = [
        "public", "package", "internal", "fileprivate", "private",
    ]

    // MARK: C and C++

    private func includes(in file: ProjectFile, _ source: SourceText) -> [Violation] {
        guard !file.path.hasPrefix("engine/") else { return [] }
        return source.lines.indices.compactMap { line in
            guard source.trimmedCode(line).hasPrefix("#") else { return nil }
            let words = source.trimmedLine(line).dropFirst().trimmed
            guard words.hasPrefix("include") else { return nil }
            let header = words.dropFirst("include".count).drop { " <\"".contains($0) }
            guard Self.engineHeaders.contains(where: header.hasPrefix) else { return nil }
            return Violation(
                path: file.path, line: line + 1, rule: .imports,
                message: "Only engine/ includes LibTorch's headers.")
        }
    }
}
