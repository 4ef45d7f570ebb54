// The steps of the tokenizer one by one, each held to what it promises, and files that people write
// for the text side.
//
// SPDX-License-Identifier: MIT

import Foundation
@testable import ReIdentCLIP

extension FuzzTarget {
    /// HTML's references: a text without ampersand stays, and none grows.
    static let entities = FuzzTarget(
        name: "entities",
        read: { bytes in
            let text = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
            for found in [HTMLEntities.unescaped(text), HTMLEntities.unescapedWhole(text)] {
                precondition(found.count <= text.count)
                precondition(text.contains("&") || found == text)
            }
        },
        seeds: {
            utf8([
                "&amp;amp; &eacute &EACUTE; &notit; &#65;&#x1F600;&#x110000;&#0;&#150; &;&&#",
                "&CounterClockwiseContourIntegral; &nGt; &NotEqualTilde; &SZLIG; &#1a; &#xfdd0;",
            ])
        })

    /// What is left of a text: valid UTF-8 in small letters, cut into words without a gap.
    static let cleaning = FuzzTarget(
        name: "cleaning",
        read: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let cleaned = TextCleaning.cleaned(text)
            precondition(cleaned == TextCleaning.cleaned(text))
            precondition(String(validating: cleaned, as: UTF8.self) != nil)
            precondition(cleaned.allSatisfy { !(0x41...0x5A).contains($0) })
            precondition(cleaned.count <= 64 * bytes.count)
            cleaned.withUnsafeBufferPointer { cleaned in
                var splitter = WordSplitter(cleaned)
                var end = 0
                while let word = splitter.next() {
                    precondition(!word.isEmpty && word.lowerBound >= end)
                    precondition(isSpace(cleaned[end..<word.lowerBound]))
                    end = word.upperBound
                }
                precondition(isSpace(cleaned[end...]))
            }
        },
        seeds: {
            utf8([
                "A \u{FB03}\u{FF21}\u{1F1} \u{2018}x\u{2019}\u{85}\u{2028}\r\n\u{1B}[1;31mred",
                "\u{3A3}\u{3A3}' \u{130}\u{1E9E} it\u{17F}'\u{17F} <|endoftext|> 1\u{661}\u{B2}",
                "<b>&lt;b&gt;\nLine &amp;lt; \u{FFFB}\u{206A}e\u{301}\u{1D160}",
            ])
        })

    /// Merges of a file, then a text behind the first zero: words have the tokens that come of
    /// merging by the definition, pair by pair.
    static let merging = FuzzTarget(
        name: "merging",
        read: { bytes in
            let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return }
            let vocabulary = try Vocabulary(Array(parts[0]), file: "input")
            let tokenizer = Tokenizer(vocabulary, contextLength: 1 << 20)
            let text = String(decoding: parts[1].prefix(2_048), as: UTF8.self)
            let found = tokenizer.tokenize(text).tokens
            precondition(found == definition(of: text, vocabulary))
            precondition(found == tokenizer.tokenize(text).tokens)
        },
        seeds: {
            [
                "#version: 0.2\na b\nab c</w>\nab ab\n\0abababc aab abc <|startoftext|>",
                "a a\naa a</w>\naa aa\n\0aaaaaaaaa aaa a", "\0caf\u{E9} 23",
            ].map { Array($0.utf8) }
        })

    /// Captions, one a line: the vocabulary learned from them is a file that is read again.
    static let learning = FuzzTarget(
        name: "learning",
        read: { bytes in
            let captions = String(decoding: bytes.prefix(2_048), as: UTF8.self)
                .split(separator: "\n").map(String.init)
            let file = VocabularyFile.learned(from: captions, tokenCount: 560)
            let vocabulary = try file.vocabulary()
            precondition(vocabulary.tokenCount <= 560)
            let tokenizer = Tokenizer(vocabulary)
            precondition(tokenizer.tokenize(captions).allSatisfy { $0.tokens.count >= 2 })
        },
        seeds: {
            utf8(["a red shirt\na red cap\nnumber 23\n", "ababab abab\n\u{E9}\u{E9} \u{E9}"])
        })

    /// Files beside weights as Hugging Face puts them: merges.txt and vocab.json, separated by a
    /// zero, or tokenizer.json alone.
    static let numbering = FuzzTarget(
        name: "numbering",
        read: { bytes in
            let folder = try Scratch.shared.folder("hub")
            for name in ["merges.txt", "vocab.json", "tokenizer.json"] {
                unlink("\(folder)/\(name)")
            }
            let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 {
                _ = try Scratch.shared.write(Array(parts[0]), to: "hub/merges.txt")
                _ = try Scratch.shared.write(Array(parts[1]), to: "hub/vocab.json")
            } else {
                _ = try Scratch.shared.write(bytes, to: "hub/tokenizer.json")
            }
            let found = try VocabularyFile.find(
                named: nil, besideWeights: "\(folder)/model.safetensors", tokenCount: 515)
            let vocabulary = try found?.vocabulary(tokenCount: 515)
            precondition(vocabulary?.mergeCount == 1)
        },
        seeds: { numberedFiles })

    /// Sentences that numbers are read with: each class has them; what is written is read again.
    static let prompts = FuzzTarget(
        name: "prompts",
        read: { bytes in
            let path = try Scratch.shared.write(bytes, to: "prompts.txt")
            let read = try NumberPrompts(path: path)
            precondition(read.classes.count == 102)
            precondition(read.classes.allSatisfy { !$0.isEmpty && $0.allSatisfy { !$0.isEmpty } })
            let placeholder = Array("{number}".utf8)
            for sentence in read.classes.joined() {
                precondition(Array(sentence.utf8).firstRange(of: placeholder) == nil)
            }
            let file = try Scratch.shared.write(Array(read.fileText.utf8), to: "again.txt")
            let again = try NumberPrompts(path: file)
            precondition(again == read)
        },
        seeds: {
            utf8([
                NumberPrompts.standard.fileText,
                "\u{FEFF}# mine\r\n\r\n {number} \u{85}\u{2028}no shirt\n#\u{301}{number}{number}",
            ])
        })
}

/// Whether a part of a cleaned text is white space only.
private func isSpace(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    String(decoding: bytes, as: UTF8.self).unicodeScalars.allSatisfy(\.properties.isWhitespace)
}

/// The tokens of a text, found without any of the tokenizer's short cuts: of all merges of a word
/// the earliest is carried out once, on the left, until there is none.
private func definition(of text: String, _ vocabulary: Vocabulary) -> [Int32] {
    var tokens = [vocabulary.startToken]
    TextCleaning.cleaned(text).withUnsafeBufferPointer { bytes in
        var splitter = WordSplitter(bytes)
        while let word = splitter.next() {
            switch String(decoding: bytes[word], as: UTF8.self) {
            case "<|startoftext|>": tokens.append(vocabulary.startToken)
            case "<|endoftext|>": tokens.append(vocabulary.endToken)
            default: tokens += merged(Array(bytes[word]), vocabulary)
            }
        }
    }
    return tokens + [vocabulary.endToken]
}

private func merged(_ word: [UInt8], _ vocabulary: Vocabulary) -> [Int32] {
    var symbols = word.map { Vocabulary.tokenOfByte[Int($0)] }
    symbols[symbols.count - 1] += 256
    while true {
        let candidates = symbols.indices.dropLast().compactMap { place in
            vocabulary.merges[Vocabulary.key(symbols[place], symbols[place + 1])].map {
                (place: place, merge: $0)
            }
        }
        // The first of the earliest: `min` keeps the one that comes first.
        guard let next = candidates.min(by: { $0.merge.rank < $1.merge.rank }) else {
            return symbols
        }
        symbols.replaceSubrange(next.place...next.place + 1, with: [next.merge.token])
    }
}

/// The smallest files that number all tokens: the bytes, one merge, start and end.
private let numberedFiles: [[UInt8]] = {
    let merges = "#version: 0.2\na b\n"
    guard
        let numbers = try? Vocabulary.numbers(
            in: Array(merges.utf8), file: "seed", mergeCount: 1),
        let vocab = try? JSONSerialization.data(withJSONObject: numbers),
        let tokenizer = try? JSONSerialization.data(
            withJSONObject: ["model": ["type": "BPE", "merges": ["a b"], "vocab": numbers]])
    else { return [] }
    return [Array(merges.utf8) + [0] + vocab, Array(tokenizer)]
}()
