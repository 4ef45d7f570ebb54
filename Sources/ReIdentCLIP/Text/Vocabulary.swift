// The vocabulary of CLIP's byte-pair encoding: the list of pairs of symbols that are merged, in the
// order of their ranks. Everything else follows from it.
//
// Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units, 2016;
// numbering as in openai/CLIP@d05afc4, clip/simple_tokenizer.py.
//
// SPDX-License-Identifier: MIT

import ReIdentFiles

/// A byte-pair vocabulary, numbered as CLIP's.
///
/// The numbers: 256 bytes inside a word, 256 bytes at the end of a word, one for every merge, the
/// start and the end of a text. Its file has a merge a line, two symbols separated by a space,
/// below a line with `#version`; printable bytes stand for themselves, the others for U+0100 and
/// on, and `</w>` for the end of a word.
public struct Vocabulary: Sendable {
    /// How many merges CLIP's own vocabulary has; its file holds more, which are not used.
    static let mergesOfCLIP = Tokenizer.tokenCountOfCLIP - fixedTokens
    /// Tokens that every vocabulary has: the bytes, and start and end of a text.
    static let fixedTokens = 514

    /// What a merge makes, and how early it is done.
    struct Merge: Sendable {
        let rank: Int32
        let token: Int32
    }

    /// How many merges there are.
    public let mergeCount: Int
    /// The merges by their two tokens, see `key(_:_:)`.
    let merges: [UInt64: Merge]

    /// How many tokens there are.
    public var tokenCount: Int { mergeCount + Self.fixedTokens }
    /// The token in front of every text.
    public var startToken: Int32 { Int32(tokenCount - 2) }
    /// The token behind every text; the largest of all.
    public var endToken: Int32 { Int32(tokenCount - 1) }

    /// Reads the merges of a file.
    ///
    /// - Parameters:
    ///   - bytes: The file, packed by gzip or not.
    ///   - file: Its name for messages.
    ///   - mergeCount: How many merges are wanted, from the first on; nil takes CLIP's number, or
    ///     all if there are fewer.
    /// - Throws: `PackageError.invalidVocabulary`, or `.file` if it cannot be unpacked.
    public init(_ bytes: [UInt8], file: String, mergeCount: Int? = nil) throws(PackageError) {
        var reader = MergeReader(try Self.unpacked(bytes, file: file), file: file)
        try reader.read(atMost: mergeCount ?? Self.mergesOfCLIP)
        if let mergeCount, reader.merges.count < mergeCount {
            throw .invalidVocabulary(
                file: file,
                problem: "it has \(reader.merges.count) merges, but the model's \(mergeCount + 514)"
                    + " tokens need \(mergeCount)")
        }
        self.mergeCount = reader.merges.count
        merges = reader.merges
    }

    /// The number of every token of a file, as tokens are written there.
    static func numbers(
        in bytes: [UInt8], file: String, mergeCount: Int
    ) throws(PackageError) -> [String: Int] {
        var reader = MergeReader(try unpacked(bytes, file: file), file: file)
        try reader.read(atMost: max(0, mergeCount))
        var numbers = Dictionary(
            reader.tokens.map { (String(decoding: $0, as: UTF8.self), Int($1)) },
            uniquingKeysWith: { first, _ in first })
        numbers["<|startoftext|>"] = reader.merges.count + fixedTokens - 2
        numbers["<|endoftext|>"] = reader.merges.count + fixedTokens - 1
        return numbers
    }

    /// How two tokens are looked up among the merges.
    static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The token of a byte inside a word; 256 more at the end of one.
    static let tokenOfByte: [Int32] = {
        var tokens = [Int32](repeating: 0, count: 256)
        for (token, byte) in bytesInOrder.enumerated() { tokens[Int(byte)] = Int32(token) }
        return tokens
    }()

    /// Printable bytes first, then the others: the order that CLIP numbers them in.
    static let bytesInOrder: [UInt8] = {
        let printable = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        return (printable + (0...0xFF).filter { !printable.contains($0) }).map(UInt8.init)
    }()

    /// How the bytes are written in a file, by their tokens: inside a word, then at its end.
    static let byteNames: [[UInt8]] = {
        let inside = bytesInOrder.enumerated().map { token, byte in
            // Bytes that cannot be printed are written as U+0100, U+0101 and so on.
            let printable = token < 188 ? UInt32(byte) : 0x100 + UInt32(token - 188)
            return Array(String(Unicode.Scalar(printable) ?? " ").utf8)
        }
        return inside + inside.map { $0 + Array("</w>".utf8) }
    }()

    /// What a file holds, unpacked if it is a gzip file.
    static func unpacked(_ bytes: [UInt8], file: String) throws(PackageError) -> [UInt8] {
        guard GzipFile.isRecognized(bytes) else { return bytes }
        do {
            return try GzipFile.contents(of: bytes, path: file)
        } catch {
            throw .file(error)
        }
    }
}

extension Vocabulary: Equatable {
    public static func == (left: Vocabulary, right: Vocabulary) -> Bool {
        left.mergeCount == right.mergeCount
            && left.merges.allSatisfy { right.merges[$0]?.token == $1.token }
    }
}

/// Reads a file of merges line by line.
private struct MergeReader {
    private let bytes: [UInt8]
    private let file: String
    private(set) var tokens: [ArraySlice<UInt8>: Int32] = [:]
    private(set) var merges: [UInt64: Vocabulary.Merge] = [:]
    private var line = 0

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        for (token, name) in Vocabulary.byteNames.enumerated() { tokens[name[...]] = Int32(token) }
    }

    mutating func read(atMost limit: Int) throws(PackageError) {
        merges.reserveCapacity(limit)
        for text in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            line += 1
            let text = text.last == 0x0D ? text.dropLast() : text
            if line == 1, isHeader(text) { continue }
            if text.isEmpty {
                // Only the end of the file may be empty.
                guard bytes[text.endIndex...].allSatisfy({ $0 == 0x0A || $0 == 0x0D }) else {
                    throw invalid("is empty, expected two symbols")
                }
                break
            }
            guard merges.count < limit else { break }
            try add(text)
        }
        guard !merges.isEmpty || bytes.contains(0x0A) else {
            throw .invalidVocabulary(file: file, problem: "it holds no merges")
        }
    }

    private func isHeader(_ text: ArraySlice<UInt8>) -> Bool {
        String(decoding: text, as: UTF8.self).contains("#version")
    }

    private mutating func add(_ text: ArraySlice<UInt8>) throws(PackageError) {
        let parts = text.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw invalid("is '\(shown(text))', expected two symbols separated by a space")
        }
        guard let left = tokens[parts[0]], let right = tokens[parts[1]] else {
            let unknown = tokens[parts[0]] == nil ? parts[0] : parts[1]
            throw invalid("merges '\(shown(unknown))', which no earlier line makes")
        }
        let rank = merges.count
        let merge = Vocabulary.Merge(rank: Int32(rank), token: Int32(512 + rank))
        guard merges.updateValue(merge, forKey: Vocabulary.key(left, right)) == nil,
            tokens.updateValue(merge.token, forKey: ArraySlice(Array(parts[0] + parts[1]))) == nil
        else { throw invalid("makes '\(shown(text))' a second time") }
    }

    private func shown(_ text: ArraySlice<UInt8>) -> String {
        let whole = String(decoding: text.prefix(80), as: UTF8.self)
        return String(whole.unicodeScalars.map { $0.value < 0x20 ? "?" : Character($0) })
            + (text.count > 80 ? "…" : "")
    }

    private func invalid(_ problem: String) -> PackageError {
        .invalidVocabulary(file: file, problem: "line \(line) \(problem)")
    }
}
