// Vocabularies learned from captions.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Learned vocabularies")
struct VocabularyLearningTests {
    private let captions = [
        "a player in a white shirt with number 5", "a player in a white shirt with number 23",
        "a goalkeeper in a yellow shirt", "a player in a blue shirt, number 7, running",
        "Ein Spieler im weißen Trikot", "a player in a white shirt with number 5",
    ]

    private func tokenizer(_ count: Int) throws -> Tokenizer {
        Tokenizer(try VocabularyFile.learned(from: captions, tokenCount: count).vocabulary())
    }

    @Test("the most frequent pair comes first; of several, the one of the smallest tokens")
    func ordersMerges() {
        let file = VocabularyFile.learned(from: ["abc abc", "ab", "xy xy"], tokenCount: 600)
        // Three pairs come twice; the b that ends "ab" is another symbol than that of "abc". What
        // a merge makes has a larger number than any byte.
        #expect(lines(of: file) == ["a b", "x y</w>", "ab c</w>"])
    }

    @Test("a pair that comes once is not merged, and texts without words give no merge")
    func leavesRarePairs() throws {
        #expect(lines(of: .learned(from: ["abc"], tokenCount: 600)).isEmpty)
        let empty = VocabularyFile.learned(from: [""], tokenCount: 600)
        #expect(try empty.vocabulary().tokenCount == 514)
    }

    @Test("a learned file is read back with as many tokens as it has merges")
    func readsBack() throws {
        let folder = try TemporaryFolder()
        for count in [514, 515, 530, 2_048] {
            let file = VocabularyFile.learned(from: captions, tokenCount: count)
            let path = folder.file("merges.txt")
            try Data(file.bytes).write(to: URL(filePath: path))
            let read = try VocabularyFile(path: path).vocabulary()
            #expect(read.tokenCount == lines(of: file).count + 514)
            #expect(read.tokenCount <= count)
            #expect(try read == file.vocabulary())
        }
    }

    @Test("the same captions give the same bytes, in whatever order they come")
    func isDeterministic() {
        let first = VocabularyFile.learned(from: captions, tokenCount: 560)
        #expect(VocabularyFile.learned(from: captions, tokenCount: 560) == first)
        #expect(VocabularyFile.learned(from: captions.reversed(), tokenCount: 560) == first)
    }

    @Test("merges shorten captions, more of them more")
    func shortensCaptions() throws {
        let lengths = try [514, 524, 530, 1_024].map { count in
            try tokenizer(count).tokenize(captions).reduce(0) { $0 + $1.wholeCount }
        }
        #expect(zip(lengths, lengths.dropFirst()).allSatisfy { $0 > $1 })
        let words = try tokenizer(1_024).tokenize("a player in a white shirt with number 5")
        #expect(words.tokens.count == 11)  // nine words, start and end
    }

    @Test(
        "every text can be written in it and read back: known or not, in any script",
        arguments: ["a player with number 99", "зелёная форма 日本", "naïve 👩🏽‍🚀 ☃", "q#~\\^"])
    func encodesEverything(text: String) throws {
        let file = VocabularyFile.learned(from: captions, tokenCount: 600)
        let vocabulary = try file.vocabulary()
        let found = Tokenizer(vocabulary).tokenize(text)
        let names = try Vocabulary.numbers(
            in: file.bytes, file: file.path, mergeCount: vocabulary.mergeCount)
        let nameOfToken = Dictionary(uniqueKeysWithValues: names.map { (Int32($1), $0) })
        let written = found.tokens.dropFirst().dropLast().map { nameOfToken[$0] ?? "?" }.joined()
        let byteOfName = Dictionary(
            uniqueKeysWithValues: zip(Vocabulary.byteNames, Vocabulary.bytesInOrder).map {
                (String(decoding: $0, as: UTF8.self), $1)
            })
        let bytes = written.replacing("</w>", with: "").unicodeScalars.compactMap {
            byteOfName[String($0)]
        }
        let expected = TextCleaning.cleaned(text).filter { $0 != UInt8(ascii: " ") }
        #expect(bytes == expected)
    }

    @Test("numbers are written by their digits, so numbers never seen have tokens of their own")
    func composesNumbers() throws {
        let tokenizer = try tokenizer(1_024)
        let seen = tokenizer.tokenize("number 23").tokens
        let unseen = tokenizer.tokenize("number 32").tokens
        #expect(Set(seen) == Set(unseen) && seen != unseen)
    }

    @Test("marks of start and end in a caption are not learned from")
    func ignoresMarks() {
        let marks = [String](repeating: "<|endoftext|> <|startoftext|>", count: 5)
        #expect(lines(of: .learned(from: marks, tokenCount: 600)).isEmpty)
    }

    private func lines(of file: VocabularyFile) -> [String] {
        String(decoding: file.bytes, as: UTF8.self).split(separator: "\n").dropFirst()
            .map(String.init)
    }
}
