// Texts on their way into the text encoder.
//
// SPDX-License-Identifier: MIT

/// The tokens of N texts, brought to the length of the longest.
public struct TokenBatch: Sendable, Equatable {
    /// Token numbers `[N, T]`, row by row; behind a text's end there are zeros.
    public let tokens: [Int64]
    /// Number N of texts.
    public let count: Int
    /// Number T of tokens of the longest.
    public let length: Int
    /// For each text, the place of its end token: the largest number in it, the first of several.
    public let ends: [Int]

    /// Joins the tokens of texts, each at least one token long.
    ///
    /// No text sees the zeros behind its end, nor anything else that follows: T needs to be no
    /// more than the longest text.
    public init(_ texts: [[Int32]]) {
        precondition(texts.allSatisfy { !$0.isEmpty }, "a text without tokens")
        count = texts.count
        let length = texts.map(\.count).max() ?? 0
        self.length = length
        tokens = texts.flatMap { text in
            text.map(Int64.init) + [Int64](repeating: 0, count: length - text.count)
        }
        ends = texts.map { text in text.firstIndex(of: text.max() ?? 0) ?? 0 }
    }

    /// Joins texts as a tokenizer gives them.
    public init(_ texts: [TokenizedText]) {
        self.init(texts.map(\.tokens))
    }
}
