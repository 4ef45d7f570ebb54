// Learns a byte-pair vocabulary from captions: again and again the pair of neighbours that comes
// most often becomes one symbol. Small vocabularies for small models, in the file form of CLIP's.
//
// Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units, 2016.
// Words are those that the tokenizer reads, so digits stay apart and compose.
//
// SPDX-License-Identifier: MIT

extension VocabularyFile {
    /// The fewest tokens a vocabulary can have: the bytes, and start and end of a text.
    public static let smallestTokenCount = Vocabulary.fixedTokens

    /// Learns merges from texts.
    ///
    /// The pair that comes most often is merged first; of several as often, the one whose left
    /// token, then whose right token, has the smallest number. So the same texts, in any order,
    /// give the same bytes. A pair that comes once only is not merged.
    ///
    /// - Parameters:
    ///   - texts: Captions, repeated as often as they count.
    ///   - tokenCount: The most tokens, at least `smallestTokenCount`.
    /// - Returns: At most `tokenCount` - 514 merges; fewer where no pair comes twice any more.
    public static func learned(
        from texts: some Sequence<String>, tokenCount: Int
    ) -> VocabularyFile {
        precondition(tokenCount >= smallestTokenCount, "a vocabulary without room for the bytes")
        var learner = VocabularyLearner(texts)
        return VocabularyFile(
            merges: learner.merges(atMost: tokenCount - smallestTokenCount),
            path: "the learned vocabulary")
    }
}

/// Counts pairs of neighbouring symbols in words, and merges them.
private struct VocabularyLearner {
    private struct Word {
        var symbols: [Int32]
        let count: Int
    }

    private var words: [Word] = []
    /// How often a pair of neighbours comes, see `Vocabulary.key(_:_:)`.
    private var counts: [UInt64: Int] = [:]
    /// The words that a pair came in when it was counted; it may be gone from some.
    private var places: [UInt64: Set<Int>] = [:]
    /// How tokens are written in the file, by their numbers.
    private var names = Vocabulary.byteNames
    private var knownNames: Set<[UInt8]>
    /// Pairs that would make a name that is there already; a file must not name a token twice.
    private var refused: Set<UInt64> = []

    init(_ texts: some Sequence<String>) {
        knownNames = Set(names)
        // A caption's words are looked up once, however often it comes.
        var captions: [String: Int] = [:]
        for text in texts { captions[text, default: 0] += 1 }
        var wordCounts: [[UInt8]: Int] = [:]
        for (caption, count) in captions {
            TextCleaning.cleaned(caption).withUnsafeBufferPointer { bytes in
                var splitter = WordSplitter(bytes)
                while let range = splitter.next() {
                    wordCounts[Array(bytes[range]), default: 0] += count
                }
            }
        }
        // The marks of start and end have tokens of their own.
        wordCounts[Array("<|startoftext|>".utf8)] = nil
        wordCounts[Array("<|endoftext|>".utf8)] = nil
        for (bytes, count) in wordCounts {
            var symbols = bytes.map { Vocabulary.tokenOfByte[Int($0)] }
            symbols[symbols.count - 1] += 256
            words.append(Word(symbols: symbols, count: count))
        }
        for index in words.indices { countPairs(of: index, sign: 1) }
    }

    /// The merges in their order, as they are written in a file.
    mutating func merges(atMost limit: Int) -> [String] {
        var lines: [String] = []
        while lines.count < limit, let pair = mostFrequent() {
            let (left, right) = (Int(pair >> 32), Int(pair & 0xFFFF_FFFF))
            let stem = names[left]
            let name = stem + names[right]
            guard knownNames.insert(name).inserted else {
                refused.insert(pair)
                continue
            }
            lines.append(
                String(decoding: stem, as: UTF8.self) + " "
                    + String(decoding: names[right], as: UTF8.self))
            merge(pair, into: Int32(names.count))
            names.append(name)
        }
        return lines
    }

    private func mostFrequent() -> UInt64? {
        var best: (pair: UInt64, count: Int)?
        for (pair, count) in counts where count > 1 && !refused.contains(pair) {
            if let best, (count, best.pair) <= (best.count, pair) { continue }
            best = (pair, count)
        }
        return best?.pair
    }

    private mutating func merge(_ pair: UInt64, into token: Int32) {
        for index in places[pair] ?? [] {
            countPairs(of: index, sign: -1)
            words[index].symbols = Self.merged(words[index].symbols, pair, token)
            countPairs(of: index, sign: 1)
        }
        places[pair] = nil
    }

    private mutating func countPairs(of index: Int, sign: Int) {
        let word = words[index]
        for place in word.symbols.indices.dropFirst() {
            let pair = Vocabulary.key(word.symbols[place - 1], word.symbols[place])
            let count = (counts[pair] ?? 0) + sign * word.count
            counts[pair] = count == 0 ? nil : count
            if sign > 0 { places[pair, default: []].insert(index) }
        }
    }

    private static func merged(_ symbols: [Int32], _ pair: UInt64, _ token: Int32) -> [Int32] {
        var result: [Int32] = []
        var place = 0
        while place < symbols.count {
            let isPair =
                place + 1 < symbols.count
                && Vocabulary.key(symbols[place], symbols[place + 1]) == pair
            result.append(isPair ? token : symbols[place])
            place += isPair ? 2 : 1
        }
        return result
    }
}
