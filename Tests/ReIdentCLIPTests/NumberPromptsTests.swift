// The file of sentences that numbers are read with.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@Suite("Number prompts")
struct NumberPromptsTests {
    private func prompts(_ text: String) throws -> NumberPrompts {
        let folder = try TemporaryFolder()
        try Data(text.utf8).write(to: URL(filePath: folder.file("prompts.txt")))
        return try NumberPrompts(path: folder.file("prompts.txt"))
    }

    @Test("lines with a placeholder are templates, lines without describe no number")
    func reads() throws {
        let read = try prompts("# mine\n\n  shirt {number} \r\nno shirt\n{number}")
        #expect(read.templates == ["shirt {number}", "{number}"])
        #expect(read.withoutNumber == ["no shirt"])
        #expect(read.classes.count == 102)
        #expect(Array(read.classes.prefix(2)) == [["shirt 0", "0"], ["shirt 1", "1"]])
        #expect(Array(read.classes.suffix(2)) == [["shirt 00", "00"], ["no shirt"]])
    }

    @Test("a mark of UTF-8 in front is no part of the first line")
    func readsMarked() throws {
        let read = try prompts("\u{FEFF}# {mine}\r\n{number}\r\nnone\r\n")
        #expect(read.templates == ["{number}"] && read.withoutNumber == ["none"])
    }

    @Test("what was written is read again")
    func roundTrip() throws {
        let read = try prompts(NumberPrompts.standard.fileText)
        #expect(read == .standard)
        let digest = try read.digest(lookingAt: "auto")
        #expect(try NumberPrompts.standard.digest(lookingAt: "auto") == digest)
        #expect(try read.digest(lookingAt: "whole") != digest)
        #expect(try prompts("{number}\nx").digest(lookingAt: "auto") != digest)
    }

    @Test(
        "a kind of sentence that is missing, or a misspelt placeholder, is said",
        arguments: [
            ("a shirt\n", "no line holds {number}"), ("# {number}\na\n", "no line holds"),
            ("a {number}\n", "none describes a crop without"),
            ("a {number}\nb\nc {nubmer}\n", "line 3 has braces"), ("a {number}\n\0\n", "no text"),
            ("a {number}\u{301}\nb {number}\nc\n", "line 1 has braces"),
        ])
    func refuses(text: String, problem: String) throws {
        #expect {
            _ = try prompts(text)
        } throws: { error in
            let error = error as? PackageError
            return error?.kind == .badData && "\(error!)".contains(problem)
        }
    }
}
