// The tokenizer against openai/CLIP's: on its own vocabulary with given texts, and on a small one
// with stored ones (Tools/fixtures/tokenizer.py).
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

/// A text and the tokens the reference makes of it.
private struct TokenizerCase: Decodable {
    let text: String
    let tokens: [Int32]

    static func stored(_ path: String) throws -> [TokenizerCase] {
        try JSONDecoder().decode([Self].self, from: Data(contentsOf: URL(filePath: path)))
    }
}

@Suite("Tokenizer")
struct TokenizerTests {
    static let small = Fixtures.path("tokenizer/merges.txt")

    private func tokenizer(_ path: String, contextLength: Int = 77) throws -> Tokenizer {
        Tokenizer(try VocabularyFile(path: path).vocabulary(), contextLength: contextLength)
    }

    @Test(
        "every text has the tokens that CLIP's own tokenizer gives it",
        .enabled(
            if: SharedData.has("golden-tokenizer") && SharedData.has("openai-clip"),
            SharedData.reason))
    func golden() throws {
        struct Golden: Decodable {
            struct Case: Decodable {
                let text: String
                let ids: [Int32]
                let count: Int
                let fits77: Bool
            }
            let sot: Int32
            let eot: Int32
            let context: Int
            let cases: [Case]
        }
        let path = SharedData.path("golden-tokenizer/clip_bpe_cases.json")
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: URL(filePath: path)))
        let name = "openai-clip/clip/\(VocabularyFile.nameOfCLIP)"
        let tokenizer = try tokenizer(SharedData.path(name), contextLength: golden.context)
        #expect(golden.cases.count >= 30)
        for expected in golden.cases {
            let found = tokenizer.tokenize(expected.text)
            let whole = [golden.sot] + expected.ids + [golden.eot]
            #expect(found.wholeCount == expected.count, "\(expected.text)")
            #expect(found.isCut != expected.fits77)
            let cut = Array(whole.prefix(golden.context - 1)) + [golden.eot]
            #expect(found.tokens == (expected.fits77 ? whole : cut), "\(expected.text)")
        }
    }

    @Test("troublesome texts have the tokens that open_clip gives them on a small vocabulary")
    func stored() throws {
        let tokenizer = try tokenizer(Self.small, contextLength: 1000)
        let cases = try TokenizerCase.stored(Fixtures.path("tokenizer/cases.json"))
        #expect(cases.count >= 200)
        for expected in cases {
            #expect(
                tokenizer.tokenize(expected.text).tokens == expected.tokens,
                "\(expected.text.debugDescription)")
        }
    }

    @Test(
        "further texts, of a file that Tools/fixtures/tokenizer.py wrote, have open_clip's tokens",
        .enabled(
            if: ProcessInfo.processInfo.environment["REIDENT_TOKENIZER_CASES"] != nil,
            "needs REIDENT_TOKENIZER_CASES, a file of cases, and REIDENT_TOKENIZER_VOCABULARY"))
    func further() throws {
        let environment = ProcessInfo.processInfo.environment
        let cases = try TokenizerCase.stored(#require(environment["REIDENT_TOKENIZER_CASES"]))
        let tokenizer = try tokenizer(
            environment["REIDENT_TOKENIZER_VOCABULARY"] ?? Self.small, contextLength: 100_000)
        let found = tokenizer.tokenize(cases.map(\.text)).map(\.tokens)
        let wrong = zip(cases, found).filter { $0.tokens != $1 }
        for (expected, tokens) in wrong.prefix(20) {
            Issue.record("\(expected.text.debugDescription): \(tokens), not \(expected.tokens)")
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(cases.count)")
    }

    @Test("a text beyond the context is cut, keeps its end token and says how long it was")
    func cut() throws {
        let whole = try tokenizer(Self.small, contextLength: 77).tokenize("a player in white")
        let short = try tokenizer(Self.small, contextLength: 4).tokenize("a player in white")
        #expect(!whole.isCut)
        #expect(short.isCut)
        #expect(short.wholeCount == whole.tokens.count)
        #expect(short.tokens == Array(whole.tokens[..<3]) + [whole.tokens.last])
        let exact = try tokenizer(Self.small, contextLength: whole.tokens.count)
        #expect(exact.tokenize("a player in white") == whole)
        let one = try tokenizer(Self.small, contextLength: 1).tokenize("a player")
        #expect(one.tokens == [whole.tokens.last])
    }

    @Test("an empty text, white space and control characters are a start and an end")
    func empty() throws {
        let tokenizer = try tokenizer(Self.small)
        let vocabulary = tokenizer.vocabulary
        for text in ["", "  \n", "\0\u{1}\u{7F}", "\u{FEFF}"] {
            #expect(
                tokenizer.tokenize(text).tokens == [vocabulary.startToken, vocabulary.endToken])
        }
    }

    @Test("bytes that are no text, and words without end, have tokens within the vocabulary")
    func anything() throws {
        let tokenizer = try tokenizer(Self.small, contextLength: 100_000)
        let noise = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        for text in [
            String(decoding: noise, as: UTF8.self), String(repeating: "playershirt", count: 2000),
            String(repeating: "&amp;", count: 2000), "&" + String(repeating: "amp;", count: 200),
            "&#" + String(repeating: "9", count: 5000) + ";",
        ] {
            let tokens = tokenizer.tokenize(text).tokens
            let last = Int32(tokenizer.vocabulary.tokenCount - 1)
            #expect(tokens.count > 2)
            #expect(tokens.allSatisfy { (0...last).contains($0) })
        }
    }

    @Test("texts have the same tokens together, alone, and again")
    func cached() throws {
        let texts = try TokenizerCase.stored(Fixtures.path("tokenizer/cases.json")).map(\.text)
        let together = try tokenizer(Self.small).tokenize(texts)
        let used = try tokenizer(Self.small)
        for (text, expected) in zip(texts, together) {
            #expect(used.tokenize(text) == expected)
            #expect(used.tokenize(text) == expected)
        }
    }
}
