// Every rule of `make check`: a violation of each is found where it is, and good code passes.
//
// SPDX-License-Identifier: MIT

import ReIdentChecks
import ReIdentTestSupport
import Testing

@Suite("Rules of the sources")
struct RuleTests {
    /// One file that breaks one rule in one line.
    struct Example: Sendable, CustomTestStringConvertible {
        let rule: Rule
        let path: String
        let code: String
        /// Lines after the first line of code.
        let offset: Int

        init(
            _ rule: Rule, _ code: String, in path: String = "Sources/Lower/A.swift",
            at offset: Int = 0
        ) {
            self.rule = rule
            self.path = path
            self.code = code
            self.offset = offset
        }

        var testDescription: String { code }
    }

    static let bad: [Example] = [
        // A layer imports upwards, itself excepted.
        Example(.imports, "import Upper"),
        Example(.imports, "@testable public import struct Upper.Thing"),
        Example(.imports, "import Foundation; import Upper"),
        Example(.imports, "import ReIdentCommands", in: "Sources/Upper/A.swift"),
        // What the manifest does not give, though it lies above.
        Example(.imports, "import Lower", in: "Sources/ReIdentCommands/A.swift"),
        Example(.imports, "import Lower", in: "Sources/Program/A.swift"),
        Example(.imports, "import Unknown"),
        Example(.imports, "import Testing"),
        // Modules with one importer.
        Example(.imports, "import CReIdentEngine", in: "Sources/Upper/A.swift"),
        Example(.imports, "import ArgumentParser", in: "Sources/Upper/A.swift"),
        Example(.imports, "import CZip"),
        // LibTorch's headers outside the engine.
        Example(.imports, "#include <torch/torch.h>", in: "Sources/CReIdentEngine/a.h"),
        Example(.imports, "# include <ATen/ATen.h>", in: "Sources/CReIdentEngine/a.c"),
        Example(.imports, "#include \"c10/core/Device.h\"", in: "Tools/a.cpp"),
        // Tests are given what they test and what it stands on.
        Example(.imports, "import ReIdentCommands", in: "Tests/UpperTests/A.swift"),
        Example(.manifest, "let a = 1", in: "Sources/Unlisted/A.swift", at: -4),

        Example(.documentation, "public let width: Int"),
        Example(.documentation, "public enum Kind { case one }"),
        Example(
            .documentation, "public static func == (a: Int, b: Int, c: Int) {}\npublic func f()",
            at: 1),
        Example(.documentation, "/// Meant for another.\n\npublic struct Box {}", at: 2),
        Example(.documentation, "// No doc comment.\n@inlinable public func f() {}", at: 1),
        Example(.documentation, "public private(set) var count = 0"),
        Example(.documentation, "open class func make() {}"),
        Example(.documentation, "extension Box {\n    public init(width: Int) {}\n}", at: 1),
        Example(
            .documentation, "extension Box where T: P {\n    public var x: Int { 1 }\n}", at: 1),
        Example(
            .documentation, "extension A: P {}\nextension A {\n    public var x: Int { 1 }\n}",
            at: 2),

        // A requirement's name in a type that does not conform, and a name that is no requirement.
        Example(
            .documentation,
            """
            protocol Source { var size: Int { get } }
            protocol Other {
                var count: Int { get }
            }
            struct File: Source {
                public var count: Int { 1 }
            }
            """, at: 5),
        Example(.lineLength, "// " + String(repeating: "x", count: 98)),
        Example(.lineLength, "/* " + String(repeating: "x", count: 98), in: "Sources/Lower/a.h"),

        Example(.unsafe, "let value = try! read()"),
        Example(.unsafe, "let closure = { fatalError(\"no\") }"),
        Example(.unsafe, "@preconcurrency import Foundation"),
        Example(.unsafe, "final class Box: @unchecked Sendable {}"),
        Example(.unsafe, "// Because.\nnonisolated(unsafe) var count = 0", at: 1),
        Example(
            .unsafe,
            """
            // SAFETY: a let.
            final class A: @unchecked Sendable {}
            final class B: @unchecked Sendable {}
            """, at: 2),
        Example(.unsafe, "let value = try! read()", in: "Tests/UpperTests/A.swift"),

        Example(.machinePath, "let path = \"\("/")home/anna/data\""),
        Example(.machinePath, "// See \("/")work/data.", in: "Sources/Lower/a.h"),
        Example(.machinePath, "cp \("/")root/.cache .", in: "docs/HOW.md"),
    ]

    @Test("a violation is found, in its line", arguments: bad)
    func findsViolation(_ example: Example) {
        let found = SampleProject.violations(path: example.path, example.code)
        #expect(found.map(\.rule) == [example.rule])
        #expect(found.map(\.path) == [example.path])
        #expect(found.map(\.line) == [SampleProject.firstLine + example.offset])
    }

    static let good: [(path: String, code: String)] = [
        ("Sources/Upper/A.swift", "import Foundation\npublic import Lower\nimport ReIdentEngine"),
        ("Sources/ReIdentEngine/A.swift", "import CReIdentEngine\nimport struct Lower.Thing"),
        ("Sources/ReIdentCommands/A.swift", "import ArgumentParser\nimport Upper"),
        ("Tests/UpperTests/A.swift", "import Lower\nimport Testing\n@testable import Upper"),
        ("Tests/UpperTests/B.swift", "public struct Undocumented {}"),
        ("engine/a.cpp", "#include <torch/torch.h>\nint thousand = 1'000;\nchar quote = '\"';"),
        ("Sources/CReIdentEngine/a.c", "/* #include <torch/torch.h> */\n#include <stdint.h>"),
        ("Sources/Lower/Docs.swift", "/// A box.\n@frozen\n// A note.\npublic struct Box {}"),
        ("Sources/Lower/Inner.swift", "public import Foundation\ninternal let open = 1"),
        ("Sources/Lower/P.swift", "extension Box: Sequence {\n    public func f() { if a {} }\n}"),
        ("Sources/Lower/W.swift", "public var description: String { \"\" }"),
        ("Sources/Lower/E.swift", "public func encode(to encoder: any Encoder) throws {}"),
        (
            "Sources/Lower/C.swift",
            """
            /// A source.
            public protocol Source: Sendable {
                /// How many.
                var count: Int { get }
                /// Reads.
                func read<T>(_ body: (T) -> Void)
            }
            /// A file.
            public struct File<T: P>: Sendable,
                Source
            {
                public var count: Int { 1 }
                public func read<T>(_ body: (T) -> Void) {}
            }
            """
        ),
        ("Sources/Lower/O.swift", "public static func == (lhs: Self, rhs: Self) -> Bool { true }"),
        ("Sources/Lower/S.swift", "let text = \"try! \\(name(\"fatalError(\")) import Upper\""),
        ("Sources/Lower/M.swift", "let text = \"\"\"\n    import Upper\n    \"try!\"\n    \"\"\""),
        ("Sources/Lower/R.swift", "let raw = #\"a \" try! \"#  // try! fatalError("),
        ("Sources/Lower/X.swift", "let pattern = /\"try!/\nlet half = a / b  // \"\nlet c = d"),
        ("Sources/Lower/N.swift", "/* a /* nested */ try! */"),
        (
            "Sources/Lower/U.swift",
            "/// A.\n// SAFETY: immutable.\nfinal class A: @unchecked Sendable {}"
        ),
        ("Sources/Lower/V.swift", "final class A: @unchecked Sendable {\n    // SAFETY: a let.\n}"),
        ("Sources/Lower/L.swift", "// https://example.org/" + String(repeating: "x", count: 98)),
        (
            "Sources/Lower/Q.swift",
            "let address = \"https://example.org/home/x\" // ../opt/x, a/opt/b"
        ),
        ("Sources/Lower/Wide.swift", "// " + String(repeating: "ä", count: 97)),
        ("Tests/UpperTests/Fixtures/a.swift", "import Anything; let x = try! f()"),
    ]

    @Test("good code passes", arguments: good)
    func passes(path: String, code: String) {
        #expect(SampleProject.violations(path: path, code) == [])
    }

    @Test("the project itself passes")
    func projectPasses() {
        let files = ProjectFile.all(in: SharedData.projectRoot)
        #expect(files.contains { $0.path == "Sources/ReIdentChecks/Check.swift" })
        #expect(violations(in: files) == [])
    }
}
