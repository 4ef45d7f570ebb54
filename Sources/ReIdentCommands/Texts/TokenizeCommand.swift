// `reident tokenize`: the tokens that a model sees of a text.
//
// SPDX-License-Identifier: MIT

import ArgumentParser
import ReIdentCLIP

/// Shows the tokens of texts.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Shows the tokens that CLIP makes of texts.",
        discussion: """
            The same as openai/CLIP's tokenizer gives: with a start and an end token, without \
            padding. A text that is too long for the model is cut, its end token kept, and that is \
            said. The vocabulary is CLIP's, which `make setup` fetches, unless a package or a \
            file is named. Texts that begin with a dash follow `--`.
            """)

    @Argument(help: "Texts; each in quotes.")
    var texts: [String]

    @Option(help: "A model package, whose vocabulary and context length count.")
    var model: String?

    @Option(help: "A file of merges: merges.txt, or CLIP's bpe_simple_vocab_16e6.txt.gz.")
    var vocabulary: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if model != nil, vocabulary != nil {
            throw ValidationError("--model has a vocabulary of its own; leave out --vocabulary.")
        }
    }

    func run() throws {
        try TextArguments.require(texts)
        let tokenizer = try tokenizer()
        let results = zip(texts, tokenizer.tokenize(texts)).map { text, tokens in
            TextArguments.warn(of: tokens, text: text, output: output)
            return Result(text: text, ids: tokens.tokens)
        }
        try output.print(results, text: results.map(\.line).joined(separator: "\n"))
    }

    private func tokenizer() throws -> Tokenizer {
        if let model { return try ModelPackage.open(model).tokenizer() }
        if let vocabulary {
            return Tokenizer(try VocabularyFile(path: vocabulary).vocabulary())
        }
        guard let file = VocabularyFile.ofSetup() else { throw PackageError.vocabularyNotFound }
        return Tokenizer(try file.vocabulary(tokenCount: Tokenizer.tokenCountOfCLIP))
    }

    /// One text and its tokens.
    private struct Result: Encodable {
        let text: String
        let ids: [Int32]

        var line: String { ids.map(String.init).joined(separator: " ") }
    }
}
