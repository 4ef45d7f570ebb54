// Comma-separated values: quotes, line endings, numbers, and faults with their line.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@Suite("Comma-separated values")
struct CSVTests {
    private func table(_ text: String) throws -> CSVTable {
        try Array(text.utf8).withUnsafeBytes { try CSVTable(bytes: $0, path: "t.csv") }
    }

    @Test("quotes, CRLF, the UTF-8 mark and empty lines are understood")
    func readsRecords() throws {
        let read = try table(
            "\u{FEFF}path, caption\r\n\r\na.png,\"one, \"\"two\"\"\nthree\"\r\n\"\",\nb,c")
        #expect(read.header == ["path", "caption"])
        #expect(
            read.rows.map(\.fields) == [["a.png", "one, \"two\"\nthree"], ["", ""], ["b", "c"]])
        #expect(read.rows.map(\.line) == [3, 5, 6])
    }

    @Test(
        "what is written is read back", arguments: ["plain", "a,b", "q\"q", "l\nl", " s ", "", "é"])
    func roundTrip(field: String) throws {
        let read = try table(CSVTable.line(["x"]) + CSVTable.line([field]))
        #expect(read.rows.map(\.fields) == [[field]])
    }

    @Test(
        "faults name their line",
        arguments: [
            ("", "is empty"), ("a,b\n1,2\n3\n", "line 3: has 1 fields"),
            ("a,b\n1,2,3\n", "line 2: has 3 fields"), ("a\n\"x\n\n", "line 2: a quote"),
            ("a\n\"x\"y\n", "line 2: text follows"), ("a,a\n", "line 1: the column 'a'"),
        ])
    func namesLine(text: String, fault: String) {
        expectFailure(.badData, saying: "t.csv", fault) { _ = try table(text) }
    }

    @Test("text that is not UTF-8 is refused with its line")
    func refusesOtherEncodings() {
        let bytes: [UInt8] = Array("a\nb\n".utf8) + [0xE9, 0x0A]
        expectFailure(.badData, saying: "line 3", "UTF-8") {
            _ = try bytes.withUnsafeBytes { try CSVTable(bytes: $0, path: "t.csv") }
        }
    }

    @Test("missing and unknown columns are named")
    func checksColumns() throws {
        let read = try table("path,identity,colour\n")
        expectFailure(.badData, saying: "'split' is missing") {
            try read.requireColumns(["path", "split"], optional: ["identity", "colour"])
        }
        expectFailure(.badData, saying: "'colour' is unknown") {
            try read.requireColumns(["path"], optional: ["identity"])
        }
        try read.requireColumns(["identity", "path"], optional: ["colour"])
    }

    @Test("numbers are the nearest doubles, as strtod's")
    func readsNumbers() throws {
        var generator = SeededGenerator(seed: 4)
        var texts = ["0", "-0.0", "1e-5", "123456789012345", "12345678901234567890", ".5", "5."]
        for digits in 0..<400 {
            let value = generator.uniform() * 4 - 2
            texts.append(String(format: "%.\(digits % 18)f", value))
            texts.append("\(value)")
        }
        let text = Array(texts.joined(separator: ",").utf8)
        try text.withUnsafeBytes { bytes in
            var scanner = CSVScanner(bytes: bytes, path: "n.csv")
            var fields: [CSVScanner.Field] = []
            let isThere = try scanner.next(into: &fields)
            #expect(isThere)
            #expect(fields.map(scanner.number) == texts.map { strtod($0, nil) })
        }
    }

    @Test("what is no number is none", arguments: ["", "-", ".", "1.2.3", "x", "1x", "--1", "1 2"])
    func refusesNonNumbers(text: String) throws {
        try Array("\(text),".utf8).withUnsafeBytes { bytes in
            var scanner = CSVScanner(bytes: bytes, path: "n.csv")
            var fields: [CSVScanner.Field] = []
            let isThere = try scanner.next(into: &fields)
            #expect(isThere)
            #expect(scanner.number(fields[0]) == nil)
        }
    }
}
