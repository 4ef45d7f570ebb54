// Readers of what the text side needs: packed files, vocabularies, and texts themselves.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentFiles

extension FuzzTarget {
    /// A file packed by gzip.
    static let gzip = FuzzTarget(
        name: "gzip",
        read: { bytes in
            let contents = try GzipFile.contents(of: bytes, path: "input", limit: 1 << 20)
            precondition(contents.count <= 1 << 20)
        },
        seeds: { [packedByGzip] })

    /// A file of merges, packed or not, and a tokenizer of it.
    static let vocabulary = FuzzTarget(
        name: "vocabulary",
        read: { bytes in
            let vocabulary = try Vocabulary(bytes, file: "input")
            let tokens = Tokenizer(vocabulary).tokenize("abc cab 23 <|endoftext|>").tokens
            precondition(tokens.last == vocabulary.endToken)
            precondition(tokens.allSatisfy { (0..<vocabulary.tokenCount).contains(Int($0)) })
        },
        seeds: { [Array(merges.utf8), Array("a b\nab c</w>\n".utf8), packedByGzip] })

    /// Any text: the same tokens each time, all within the vocabulary, never beyond the context.
    static let texts = FuzzTarget(
        name: "texts",
        read: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let vocabulary = try Vocabulary(Array(merges.utf8), file: "merges")
            let tokenizer = Tokenizer(vocabulary, contextLength: 12)
            let found = tokenizer.tokenize(text)
            precondition(found == tokenizer.tokenize(text))
            precondition(found.tokens.count == min(found.wholeCount, 12))
            precondition(found.tokens.last == vocabulary.endToken)
            precondition(found.tokens.allSatisfy { (0..<vocabulary.tokenCount).contains(Int($0)) })
        },
        seeds: {
            [
                "a player, number 23", "caf\u{65}\u{301} &amp;eacute; &#x41; &notit;",
                "<|startoftext|><|endoftext|>'s'LL \u{1B}[31m", "\u{FB01}\u{FF21}\u{3A3} \u{17F}",
            ].map { Array($0.utf8) }
        })
}

private let merges = "#version: 0.2\na b\nab c</w>\nr e\nre d</w>\n2 3</w>\n"

/// `gzip` of "a b\n".
private let packedByGzip: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x4B, 0x54,
    0x48, 0xE2, 0x02, 0x00, 0xA1, 0xE9, 0x8D, 0x2D, 0x04, 0x00, 0x00, 0x00,
]
