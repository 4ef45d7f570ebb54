// Where a package's vocabulary comes from: a named file, the files Hugging Face puts beside
// weights, or CLIP's own, which `make setup` fetches.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles

/// A file of merges that belongs to a model, or is to belong to one.
public struct VocabularyFile: Sendable, Equatable {
    /// Name of CLIP's own vocabulary.
    public static let nameOfCLIP = "bpe_simple_vocab_16e6.txt.gz"
    /// Names of the vocabulary in a package: packed by gzip, or not.
    static let packageNames = ["merges.txt.gz", "merges.txt"]

    /// Where it was found.
    public let path: String
    /// Its contents, as they are.
    let bytes: [UInt8]

    /// Name it gets in a package.
    var packageName: String { Self.packageNames[GzipFile.isRecognized(bytes) ? 0 : 1] }

    /// Reads a file; nothing about its contents is checked yet.
    ///
    /// - Throws: `PackageError.file` if it does not exist or cannot be read.
    public init(path: String) throws(PackageError) {
        do {
            try InputPath.requireFile(path)
            bytes = try ByteSource.file(path).read()
        } catch {
            throw .file(error)
        }
        self.path = path
    }

    /// Merges that were learned or taken out of another file.
    ///
    /// - Parameters:
    ///   - merges: Pairs of symbols in the order of their ranks, as they are written in the file.
    ///   - path: Where they come from, for messages.
    public init(merges: [String], path: String) {
        self.path = path
        bytes = Array((["#version: 0.2"] + merges).joined(separator: "\n").utf8) + [0x0A]
    }

    /// The vocabulary in the file.
    ///
    /// - Parameter tokenCount: How many tokens the model knows; nil takes CLIP's number, or all
    ///   the file has if these are fewer.
    /// - Returns: As many merges as the tokens need.
    /// - Throws: `PackageError.invalidVocabulary` if the file is none or has too few merges.
    public func vocabulary(tokenCount: Int? = nil) throws(PackageError) -> Vocabulary {
        if let tokenCount, tokenCount < Vocabulary.fixedTokens {
            throw .invalidVocabulary(
                file: path,
                problem: "the model knows \(tokenCount) tokens, and a byte-pair vocabulary has at "
                    + "least \(Vocabulary.fixedTokens)")
        }
        return try Vocabulary(
            bytes, file: path, mergeCount: tokenCount.map { $0 - Vocabulary.fixedTokens })
    }

    /// SHA-256 of the merges, unpacked; lower-case hexadecimal.
    ///
    /// - Throws: `PackageError.file` if they cannot be unpacked.
    public func digest() throws(PackageError) -> String {
        let merges = try Vocabulary.unpacked(bytes, file: path)
        do {
            return try MessageDigest.sha256.hexadecimal(of: merges)
        } catch {
            throw .file(error)
        }
    }

    // MARK: Finding one

    /// The vocabulary for weights: the named file, one that lies beside them, or CLIP's own.
    ///
    /// - Parameters:
    ///   - name: A file that was asked for.
    ///   - weights: The file of weights.
    ///   - tokenCount: How many tokens the text encoder knows.
    /// - Returns: A file that fits; nil if none was asked for and none is here.
    /// - Throws: `PackageError` if the named file, or one beside the weights, does not fit.
    static func find(
        named name: String?, besideWeights weights: String, tokenCount: Int
    ) throws(PackageError) -> VocabularyFile? {
        let folder = URL(filePath: weights).deletingLastPathComponent().path
        var found: VocabularyFile?
        if let name {
            found = try VocabularyFile(path: name)
        } else {
            found = try besideHuggingFace(folder)
            if found == nil { found = try existing("\(folder)/\(nameOfCLIP)") }
        }
        if let found {
            _ = try found.vocabulary(tokenCount: tokenCount)
            return found
        }
        guard tokenCount == Tokenizer.tokenCountOfCLIP else { return nil }
        return ofSetup()
    }

    /// The vocabulary of CLIP that `make setup` has put into `.deps/vocabulary`; nil without it.
    ///
    /// It is looked for in the folders above the executable and the working folder, as the engine
    /// is.
    public static func ofSetup() -> VocabularyFile? {
        let executable = Bundle.main.executablePath ?? CommandLine.arguments.first ?? ""
        let beside = URL(filePath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
        for start in [beside, URL(filePath: FileManager.default.currentDirectoryPath)] {
            var folder = start
            while folder.path != "/" {
                let path = folder.appending(path: ".deps/vocabulary/\(nameOfCLIP)").path
                if let file = try? existing(path) { return file }
                folder.deleteLastPathComponent()
            }
        }
        return nil
    }

    /// A file that need not exist.
    static func existing(_ path: String) throws(PackageError) -> VocabularyFile? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try VocabularyFile(path: path)
    }

    /// merges.txt or tokenizer.json in a folder, held against the numbers of vocab.json.
    private static func besideHuggingFace(
        _ folder: String
    ) throws(PackageError) -> VocabularyFile? {
        if let file = try existing("\(folder)/merges.txt") {
            let numbers = "\(folder)/vocab.json"
            if FileManager.default.fileExists(atPath: numbers) {
                try file.requireNumbers(of: try JSONValue(file: numbers), in: numbers)
            }
            return file
        }
        let path = "\(folder)/tokenizer.json"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let model = try JSONValue(file: path).member("model")
        guard case .string("BPE")? = model?.member("type"),
            case .array(let entries)? = model?.member("merges"),
            let numbers = model?.member("vocab")
        else {
            throw .invalidVocabulary(
                file: path, problem: "it describes no byte-pair encoding as CLIP's is")
        }
        let merges = entries.compactMap { entry -> String? in
            switch entry {
            case .string(let line): line
            case .array(let pair):
                pair.compactMap { if case .string(let symbol) = $0 { symbol } else { nil } }
                    .joined(separator: " ")
            default: nil
            }
        }
        let file = VocabularyFile(merges: merges, path: path)
        try file.requireNumbers(of: numbers, in: path)
        return file
    }

    /// Refuses tokens that are numbered in another way than by the order of the merges.
    private func requireNumbers(of value: JSONValue, in file: String) throws(PackageError) {
        guard case .object(let members) = value else {
            throw .invalidVocabulary(file: file, problem: "it does not number tokens")
        }
        let expected = try Vocabulary.numbers(
            in: bytes, file: path, mergeCount: members.count - Vocabulary.fixedTokens)
        for (token, number) in members {
            guard case .integer(let found) = number, found == expected[token] else {
                let wanted = expected[token].map { "\($0) by the order of merges" }
                throw .invalidVocabulary(
                    file: file,
                    problem: "'\(token.prefix(40))' has the number \(number.shown), expected "
                        + (wanted ?? "no such token"))
            }
        }
    }
}

extension ModelPackage {
    /// The file of the package's vocabulary, nil if it has none.
    ///
    /// - Throws: `PackageError.file` if it cannot be read.
    public func vocabularyFile() throws(PackageError) -> VocabularyFile? {
        for name in VocabularyFile.packageNames {
            if let file = try VocabularyFile.existing("\(path)/\(name)") { return file }
        }
        return nil
    }

    /// What makes tokens of texts for this package's text encoder.
    ///
    /// - Returns: A tokenizer with the encoder's context length.
    /// - Throws: `PackageError`: `noTextSide`, `vocabularyMissing`, or `invalidVocabulary` if the
    ///   file does not fit the encoder.
    public func tokenizer() throws(PackageError) -> Tokenizer {
        guard let text = configuration.text else { throw .noTextSide(package: path) }
        guard let file = try vocabularyFile() else { throw .vocabularyMissing(package: path) }
        return Tokenizer(
            try file.vocabulary(tokenCount: text.vocabularySize),
            contextLength: text.contextLength)
    }
}
