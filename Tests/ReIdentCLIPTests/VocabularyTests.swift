// Files of vocabularies: their forms, where they are found, and what is wrong with bad ones.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Vocabulary")
struct VocabularyTests {
    private let small = TokenizerTests.small

    private func write(
        _ text: String, _ name: String, in folder: TemporaryFolder
    ) throws -> String {
        let path = folder.file(name)
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    /// A folder with a small model whose text side knows as many tokens as the small vocabulary.
    private func model(in folder: TemporaryFolder) throws -> (weights: String, Architecture) {
        var architecture = try Fixtures.architecture("huggingface")
        var configuration = architecture.configuration
        configuration.text?.vocabularySize = 674
        architecture = Architecture(name: "small", configuration: configuration)
        let package = try ModelPackage.create(
            architecture, seed: 3, at: folder.file("source"))
        let weights = folder.file("weights.safetensors")
        try FileManager.default.copyItem(
            atPath: "\(package.path)/model.safetensors", toPath: weights)
        return (weights, architecture)
    }

    @Test("tokens are bytes, bytes at the end of a word, merges, start and end")
    func numbering() throws {
        let vocabulary = try VocabularyFile(path: small).vocabulary()
        #expect(vocabulary.mergeCount == 160)
        #expect(vocabulary.tokenCount == 674)
        #expect(vocabulary.startToken == 672)
        #expect(vocabulary.endToken == 673)
        let tokenizer = Tokenizer(vocabulary)
        #expect(tokenizer.tokenize("!").tokens == [672, 256, 673])
        #expect(tokenizer.tokenize("er").tokens == [672, 512, 673])  // the first merge
    }

    @Test("a vocabulary is cut to the tokens a model knows, and refused if it has too few")
    func size() throws {
        let file = try VocabularyFile(path: small)
        #expect(try file.vocabulary(tokenCount: 600).mergeCount == 86)
        for (count, part) in [(675, "need 161"), (400, "at least 514"), (49_408, "need 48894")] {
            let error = failure { _ = try file.vocabulary(tokenCount: count) }
            #expect(error?.kind == .badData)
            #expect(error?.description.contains(small) == true)
            #expect(error?.description.contains(part) == true)
        }
    }

    @Test(
        "a file that is no vocabulary is refused with its line",
        arguments: [
            ("#version: 0.2\na b c\n", "line 2 is 'a b c'"),
            ("a b\nab\n", "line 2 is 'ab'"), ("a b\n\nb c\n", "line 2 is empty"),
            ("a b\na b\n", "line 2 makes 'a b' a second time"),
            ("a bc\n", "line 1 merges 'bc', which no earlier line makes"),
            ("é\u{301} b\n", "which no earlier line makes"), ("", "holds no merges"),
            ("\u{1}\u{0}\u{2} x\n", "which no earlier line makes"),
        ])
    func badFiles(contents: String, part: String) throws {
        let folder = try TemporaryFolder()
        let path = try write(contents, "merges.txt", in: folder)
        let error = failure { _ = try VocabularyFile(path: path).vocabulary() }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
        #expect(error?.description.contains(path) == true)
    }

    @Test("merges.txt beside weights is copied into the package, and makes its tokens")
    func besideWeights() throws {
        let folder = try TemporaryFolder()
        let (weights, architecture) = try model(in: folder)
        try FileManager.default.copyItem(atPath: small, toPath: folder.file("merges.txt"))
        let package = try CheckpointImport(source: weights, architecture: architecture)
            .write(to: folder.file("package"))
        let tokenizer = try package.tokenizer()
        #expect(tokenizer.contextLength == 10)
        #expect(try tokenizer.vocabulary == VocabularyFile(path: small).vocabulary())
        #expect(
            try Data(contentsOf: URL(filePath: "\(package.path)/merges.txt"))
                == Data(contentsOf: URL(filePath: small)))
    }

    @Test("tokenizer.json beside weights gives the same package as merges.txt", arguments: [0, 1])
    func tokenizerFile(form: Int) throws {
        let folder = try TemporaryFolder()
        let (weights, architecture) = try model(in: folder)
        let text = try String(contentsOfFile: small, encoding: .utf8)
        let lines = text.split(separator: "\n").dropFirst().map(String.init)
        let numbers = try Vocabulary.numbers(
            in: Array(text.utf8), file: small, mergeCount: lines.count)
        let merges: [Any] =
            form == 0 ? lines : lines.map { $0.split(separator: " ").map(String.init) }
        let json = try JSONSerialization.data(
            withJSONObject: ["model": ["type": "BPE", "vocab": numbers, "merges": merges]])
        try json.write(to: URL(filePath: folder.file("tokenizer.json")))
        let package = try CheckpointImport(source: weights, architecture: architecture)
            .write(to: folder.file("package"))
        #expect(
            try package.tokenizer().vocabulary == VocabularyFile(path: small).vocabulary())
    }

    @Test("files beside weights that number tokens otherwise are refused, and a named file wins")
    func otherNumbers() throws {
        let folder = try TemporaryFolder()
        let (weights, architecture) = try model(in: folder)
        try FileManager.default.copyItem(atPath: small, toPath: folder.file("merges.txt"))
        let text = try String(contentsOfFile: small, encoding: .utf8)
        var numbers = try Vocabulary.numbers(
            in: Array(text.utf8), file: small, mergeCount: 160)
        numbers["er</w>"] = 7
        try JSONSerialization.data(withJSONObject: numbers)
            .write(to: URL(filePath: folder.file("vocab.json")))
        let error = failure {
            _ = try CheckpointImport(source: weights, architecture: architecture)
        }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("'er</w>' has the number 7, expected 512") == true)
        let named = try CheckpointImport(
            source: weights, architecture: architecture, vocabulary: small)
        #expect(named.vocabulary?.path == small)
        let foreign = try write(
            "{\"model\": {\"type\": \"Unigram\"}}", "tokenizer.json", in: folder)
        try FileManager.default.removeItem(atPath: folder.file("merges.txt"))
        let second = failure {
            _ = try CheckpointImport(source: weights, architecture: architecture)
        }
        #expect(second?.description.contains(foreign) == true)
    }

    @Test("a package without a vocabulary, or without a text side, says so when texts are needed")
    func missing() throws {
        let folder = try TemporaryFolder()
        let (weights, architecture) = try model(in: folder)
        let package = try CheckpointImport(source: weights, architecture: architecture)
            .write(to: folder.file("package"))
        let error = failure { _ = try package.tokenizer() }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("no vocabulary") == true)
        let imageSide = try CheckpointImport(
            source: Fixtures.path("torch/reid.pth"), architecture: Fixtures.architecture("gelu")
        ).write(to: folder.file("image-side"))
        let second = failure { _ = try imageSide.tokenizer() }
        #expect(second?.kind == .badData)
        #expect(second?.description.contains("no text encoder") == true)
    }
}
