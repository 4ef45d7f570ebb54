// Rules about whole files, and about the manifest that the other rules rest on.
//
// SPDX-License-Identifier: MIT

import ReIdentChecks
import Testing

@Suite("Rules of files and of the manifest")
struct FileTests {
    static let licence = "SPDX-License-Identifier: MIT"

    @Test(
        "a file without purpose or licence is found",
        arguments: [
            ("Sources/Lower/A.swift", "// What it is for.\n\nlet a = 1\n"),
            ("Sources/Lower/A.swift", "// \(licence)\n\nlet a = 1\n"),
            ("Sources/Lower/a.h", "/* What it is for. */\nint a; /* \(licence) */\n"),
            ("Tools/a.sh", "#!/bin/sh\n# What it is for.\necho\n# \(licence)\n"),
            ("engine/CMakeLists.txt", "# \(licence)\nproject(a)\n"),
        ])
    func findsMissingHeader(path: String, contents: String) {
        let found = SampleProject.violations(path: path, contents: contents)
        #expect(found.map(\.rule) == [.header])
        #expect(found.map(\.line) == [1])
    }

    @Test(
        "a header is recognised in every language",
        arguments: [
            ("Sources/Lower/A.swift", "// What it is for.\n//\n// \(licence)\nlet a = 1\n"),
            ("Sources/Lower/a.h", "/* What it is for.\n *\n * \(licence)\n */\nint a;\n"),
            ("engine/a.cpp", "// What it is for.\n// \(licence)\nint a;\n"),
            ("Tools/a.sh", "#!/bin/sh\n# What it is for.\n#\n# \(licence)\necho\n"),
            ("Tools/a.py", "\"\"\"What it is for.\n\n\(licence)\n\"\"\"\n"),
            ("Tools/b.py", "# What it is for.\n# \(licence)\n"),
            ("README.md", "no header\n"),
        ])
    func recognisesHeader(path: String, contents: String) {
        #expect(SampleProject.violations(path: path, contents: contents) == [])
    }

    @Test(
        "a dependency that is not above its target is found",
        arguments: [
            (#"layer("Lower", on: [])"#, #"layer("Lower", on: ["Upper"])"#),
            (#"layer("Lower", on: [])"#, #"layer("Lower", on: ["Lower"])"#),
        ])
    func findsUpwardDependency(good: String, bad: String) {
        #expect(rules(replacing: good, by: bad) == [.manifest])
    }

    @Test(
        "a manifest that cannot be read is reported, not passed over",
        arguments: [
            (#"on: ["Lower", "ReIdentEngine"]"#, #"on: ["Lower"] + more"#),
            (#"on: ["Lower", "ReIdentEngine"]"#, #"on: everything"#),
            (#""Upper", argumentParser"#, #""Upper", unknownVariable"#),
        ])
    func reportsUnreadableManifest(good: String, bad: String) {
        #expect(rules(replacing: good, by: bad) == [.manifest])
    }

    @Test("a folder without Package.swift is reported")
    func reportsMissingManifest() {
        #expect(violations(in: []).map(\.rule) == [.manifest])
    }

    @Test("paths that differ in case only are found")
    func findsCaseCollision() {
        let found = violations(in: [
            ProjectFile(path: "Package.swift", contents: SampleProject.manifest),
            ProjectFile(path: "docs/How.md", contents: "text"),
            ProjectFile(path: "Docs/other.md", contents: "text"),
        ])
        #expect(found.map(\.rule) == [.pathCase])
        #expect(found.map(\.path) == ["Docs/other.md"])
    }

    @Test("a violation names file, line, reason and rule")
    func describesViolation() {
        let found = SampleProject.violations(path: "Sources/Lower/A.swift", "import Upper")
        #expect(
            found.map(\.description) == [
                "Sources/Lower/A.swift:5: Lower must not import Upper, which is not above it. "
                    + "(imports)"
            ])
    }

    private func rules(replacing good: String, by bad: String) -> [Rule] {
        let manifest = SampleProject.manifest.replacing(good, with: bad)
        #expect(manifest != SampleProject.manifest, "the sample has changed")
        return SampleProject.violations(
            path: "README.md", contents: "text", manifest: manifest
        ).map(\.rule)
    }
}
