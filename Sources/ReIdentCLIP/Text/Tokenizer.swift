// Texts to tokens, the same as openai/CLIP's tokenizer gives: cleaned, cut into words, each word's
// bytes merged by the vocabulary, between a start and an end token, cut to the model's context.
//
// openai/CLIP@d05afc4, clip/simple_tokenizer.py and clip/clip.py; checked against it in
// TokenizerTests.
//
// SPDX-License-Identifier: MIT

import Synchronization

/// The tokens of one text.
public struct TokenizedText: Sendable, Equatable {
    /// Start token, tokens of the text, end token; without padding.
    public let tokens: [Int32]
    /// How many there would be if the text had not been cut to the context.
    public let wholeCount: Int

    /// Whether the text was too long; its last token is the end token all the same.
    public var isCut: Bool { wholeCount > tokens.count }
}

/// Turns texts into the tokens a text encoder takes.
///
/// It may be used from any thread; uses at the same time wait for one another, as they share what
/// is remembered of words.
public final class Tokenizer: Sendable {
    /// The context length of CLIP's own models, in tokens.
    public static let contextLengthOfCLIP = 77

    /// How many tokens CLIP's own models know.
    public static let tokenCountOfCLIP = 49_408

    /// The vocabulary.
    public let vocabulary: Vocabulary
    /// The most tokens of a text, start and end included.
    public let contextLength: Int

    private let cache = Mutex(WordCache())

    /// A tokenizer of a vocabulary.
    ///
    /// - Parameters:
    ///   - vocabulary: The merges.
    ///   - contextLength: The most tokens of a text, at least 1.
    public init(_ vocabulary: Vocabulary, contextLength: Int = contextLengthOfCLIP) {
        precondition(contextLength >= 1, "a context without tokens")
        self.vocabulary = vocabulary
        self.contextLength = contextLength
    }

    /// The tokens of one text; an empty one has a start and an end.
    public func tokenize(_ text: String) -> TokenizedText {
        cache.withLock { tokenize(text, &$0) }
    }

    /// The tokens of texts, in their order.
    public func tokenize(_ texts: [String]) -> [TokenizedText] {
        cache.withLock { cache in texts.map { tokenize($0, &cache) } }
    }

    private func tokenize(_ text: String, _ cache: inout WordCache) -> TokenizedText {
        var tokens = [vocabulary.startToken]
        tokens.reserveCapacity(contextLength)
        TextCleaning.cleaned(text).withUnsafeBufferPointer { bytes in
            var splitter = WordSplitter(bytes)
            while let range = splitter.next() {
                cache.append(
                    UnsafeBufferPointer(rebasing: bytes[range]), to: &tokens, encode: encoded)
            }
        }
        tokens.append(vocabulary.endToken)
        let wholeCount = tokens.count
        if wholeCount > contextLength {
            tokens.removeLast(wholeCount - contextLength)
            tokens[contextLength - 1] = vocabulary.endToken
        }
        return TokenizedText(tokens: tokens, wholeCount: wholeCount)
    }

    /// The tokens of one word.
    ///
    /// Again and again the pair of neighbours with the lowest rank is merged, wherever it stands.
    private func encoded(_ word: UnsafeBufferPointer<UInt8>) -> [Int32] {
        if word.elementsEqual("<|startoftext|>".utf8) { return [vocabulary.startToken] }
        if word.elementsEqual("<|endoftext|>".utf8) { return [vocabulary.endToken] }
        var symbols = word.map { Vocabulary.tokenOfByte[Int($0)] }
        symbols[symbols.count - 1] += 256
        while symbols.count > 1, let (pair, merge) = firstMerge(in: symbols) {
            var kept = 0
            var place = 0
            while place < symbols.count {
                let isPair =
                    place + 1 < symbols.count
                    && Vocabulary.key(symbols[place], symbols[place + 1]) == pair
                symbols[kept] = isPair ? merge.token : symbols[place]
                kept += 1
                place += isPair ? 2 : 1
            }
            symbols.removeLast(symbols.count - kept)
        }
        return symbols
    }

    private func firstMerge(in symbols: [Int32]) -> (pair: UInt64, merge: Vocabulary.Merge)? {
        var best: (pair: UInt64, merge: Vocabulary.Merge)?
        for place in 1..<symbols.count {
            let pair = Vocabulary.key(symbols[place - 1], symbols[place])
            guard let merge = vocabulary.merges[pair], merge.rank < best?.merge.rank ?? .max else {
                continue
            }
            best = (pair, merge)
        }
        return best
    }
}
