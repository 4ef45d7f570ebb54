// docs/BAD_INPUT.md promises a test for every row: each is looked for here by its title.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@Suite("The table of bad input")
struct BadInputTableTests {
    private struct Row {
        let line: Int
        let cells: [String]
    }

    /// The rows of five columns, without heads and rules.
    private static func rows() throws -> [Row] {
        let table = SharedData.projectRoot.appending(path: "docs/BAD_INPUT.md")
        return try String(contentsOf: table, encoding: .utf8).components(separatedBy: "\n")
            .enumerated().compactMap { index, line in
                guard line.hasPrefix("| "), !line.hasPrefix("| kind ") else { return nil }
                let cells = line.split(separator: "|").map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
                return Row(line: index + 1, cells: cells)
            }
    }

    /// The contents of every test file by its name without ending.
    private static func testFiles() throws -> [String: String] {
        let folder = SharedData.projectRoot.appending(path: "Tests").path
        var files: [String: String] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init()
        where path.hasSuffix("Tests.swift") {
            let name = URL(filePath: path).deletingPathExtension().lastPathComponent
            files[name] = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
        }
        return files
    }

    @Test("every row has a kind, a command, a message, a designed exit code and a test that exists")
    func isTrue() throws {
        let rows = try Self.rows()
        let files = try Self.testFiles()
        let codes = Set(FailureKind.allCases.map { "\($0.rawValue)" } + ["0"])
        #expect(rows.count >= 60)
        for row in rows {
            guard row.cells.count == 5 else {
                Issue.record("line \(row.line) has \(row.cells.count) cells, five are needed")
                continue
            }
            #expect(row.cells.allSatisfy { !$0.isEmpty }, "line \(row.line) has an empty cell")
            let given = row.cells[3].components(separatedBy: ", ")
            #expect(given.allSatisfy(codes.contains), "line \(row.line): exit code \(row.cells[3])")
            // `FileOfTests`: title of the test
            let parts = row.cells[4].split(separator: "`: ", maxSplits: 1)
            let file = parts.first.map { String($0.drop { $0 == "`" }) } ?? ""
            let title = parts.count == 2 ? String(parts[1]) : ""
            let contents = try #require(
                files[file], "line \(row.line): there is no \(file).swift among the tests")
            #expect(
                contents.contains("\"\(title)\""),
                "line \(row.line): \(file).swift has no test called '\(title)'")
        }
    }
}
