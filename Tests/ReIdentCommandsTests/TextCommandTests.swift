// `tokenize`, `embed-text` and `search --text`, and what they say of bad input.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFiles
import ReIdentTestSupport
import Testing

@Suite("Texts on the command line")
struct TextCommandTests {
    private struct Tokens: Decodable, Equatable {
        let text: String
        let ids: [Int]
    }

    private func tokens(_ run: ProgramResult) throws -> [Tokens] {
        try JSONDecoder().decode([Tokens].self, from: Data(run.output.utf8))
    }

    @Test("tokenize prints the tokens of every text, start and end included, without the engine")
    func tokenize() throws {
        let place = try Workplace()
        let file = try place.write(Workplace.merges, to: "merges.txt")
        let run = try reident(
            "tokenize", "ABC", "", "--vocabulary", file, "--json", environment: withoutEngine)
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            try tokens(run) == [
                Tokens(text: "ABC", ids: [515, 513, 516]), Tokens(text: "", ids: [515, 516]),
            ])
        let plain = try reident("tokenize", "--vocabulary", file, "--", "-abc")
        #expect(plain.output == "515 268 513 516\n")
        #expect(plain.errors.isEmpty)
    }

    @Test("tokenize takes vocabulary and context from a package, and says what it cuts off")
    func cut() throws {
        let place = try Workplace()
        let run = try reident(
            "tokenize", "1234567890", "123456", "--model", place.textModel(), "--json")
        #expect(run.status == 0, "\(run.errors)")
        let found = try tokens(run)
        #expect(found[0].ids.count == 8)
        #expect(found[0].ids.last == 516)
        #expect(found[1].ids.count == 8)
        #expect(run.errors.contains("'1234567890' has 12 tokens"))
        #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test("a file that is no vocabulary, and none at all, are refused")
    func badVocabulary() throws {
        let place = try Workplace()
        let binary = try place.write([0, 255, 3, 10, 200, 10], to: "binary.txt")
        expectFailure(
            try reident("tokenize", "a", "--vocabulary", binary), code: 65,
            saying: [binary, "line 1", "expected two symbols"])
        let cut = try place.write([0x1F, 0x8B, 8, 0, 0], to: "cut.gz")
        expectFailure(
            try reident("tokenize", "a", "--vocabulary", cut), code: 65,
            saying: [cut, "ends before its contents do"])
        expectFailure(
            try reident("tokenize", "a", "--vocabulary", place.file("none")), code: 66,
            saying: [place.file("none")])
        expectFailure(
            try reident("tokenize", "a", "--vocabulary", binary, "--model", "M"), code: 64,
            saying: ["--vocabulary"])
    }

    @Test("tokenize without any vocabulary says how to get one, with exit code 69")
    func noVocabulary() throws {
        // Where nothing was set up: neither beside the program nor where it runs.
        let place = try Workplace()
        let program = place.file("reident")
        try FileManager.default.copyItem(atPath: BuiltProgram.path, toPath: program)
        let run = try BuiltProgram.run(
            ["tokenize", "a", "--json"], program: program, in: place.path)
        expectFailure(
            run, code: 69,
            saying: ["CLIP's vocabulary is not here", "make setup", "--vocabulary", "--model"])
        let named = try BuiltProgram.run(
            ["tokenize", "abc", "--vocabulary", place.write(Workplace.merges, to: "merges.txt")],
            program: program, in: place.path)
        #expect(named.status == 0, "\(named.errors)")
    }

    @Test("bytes that are no text are refused with their place")
    func binaryText() throws {
        let place = try Workplace()
        let file = try place.write(Workplace.merges, to: "merges.txt")
        let model = try place.textModel()
        // Swift's Process gives arguments in UTF-8 only, so a shell makes the bytes.
        for (command, argument) in [
            ("tokenize \"$(printf 'a\\377b')\" --vocabulary \(file)", "Argument 2"),
            ("embed-text a \"$(printf '\\200')\" --model \(model) --out out.f", "Argument 3"),
            ("search --text \"$(printf '\\303')\" --gallery . --model \(model)", "Argument 3"),
        ] {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", "'\(BuiltProgram.path)' \(command)"]
            process.currentDirectoryURL = URL(filePath: place.path)
            let errors = Pipe()
            process.standardError = errors
            try process.run()
            let said = String(
                decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 65, "\(said)")
            #expect(said.contains("reident: \(argument) is not in UTF-8"), "\(said)")
        }
    }

    @Test("a package without a text side, or without a vocabulary, is refused in a sentence")
    func noTextSide() throws {
        let place = try Workplace()
        let gallery = try place.players("players", count: 1)
        for (model, part) in [
            (try place.model(), "has no text encoder"),
            (try place.textModel(vocabulary: nil), "no vocabulary"),
        ] {
            for arguments in [
                ["tokenize", "a", "--model", model],
                ["embed-text", "a", "--model", model, "--out", place.file("o.safetensors")],
                ["search", "--text", "a", "--gallery", gallery, "--model", model],
            ] {
                expectFailure(try BuiltProgram.run(arguments), code: 65, saying: [model, part])
            }
        }
        #expect(try !place.names().contains("o.safetensors"))
    }

    @Test("a search without a query, with an empty text, or with both kinds is refused")
    func emptyQuery() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let gallery = try place.players("players", count: 1)
        let rest = ["--gallery", gallery, "--model", model]
        for text in ["", "  ", "\t\u{FEFF}"] {
            expectFailure(
                try BuiltProgram.run(["search", "--text", text] + rest), code: 64,
                saying: ["empty", "player in a white shirt"])
        }
        for arguments in [["search"], ["search", gallery, "--text", "a"]] {
            expectFailure(
                try BuiltProgram.run(arguments + rest), code: 64, saying: ["--text"])
        }
    }

    @Test("a package's vocabulary that does not fit its text side fails inspection and use")
    func damagedVocabulary() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let sound = try reident("models", "inspect", model, "--json")
        #expect(try sound.object()["sound"] as? Bool == true)
        #expect(try sound.object()["vocabulary"] as? String == "merges.txt")
        try place.write("#version: 0.2\na b\n", to: "text-model/merges.txt")
        let run = try reident("models", "inspect", model, "--json")
        #expect(run.status == 65)
        #expect(try run.object()["sound"] as? Bool == false)
        #expect(run.errors.contains("it has 1 merges, but the model's 517 tokens need 3"))
        expectFailure(
            try reident("tokenize", "a", "--model", model), code: 65, saying: ["merges.txt"])
    }

    @Test("models import copies a named vocabulary, and says where a text side has none")
    func importing() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let vocabulary = place.file("merges.txt")
        try FileManager.default.createDirectory(
            atPath: place.file("weights"), withIntermediateDirectories: true)
        let weights = place.file("weights/model.safetensors")
        try FileManager.default.copyItem(atPath: "\(model)/model.safetensors", toPath: weights)
        let arch = place.file("texts.json")
        let plain = try reident(
            "models", "import", weights, "--arch", arch, "--out", place.file("plain"), "--json")
        #expect(plain.status == 0, "\(plain.errors)")
        #expect(plain.errors.contains("--vocabulary"))
        #expect(try plain.object()["vocabulary"] is NSNull)
        let named = try reident(
            "models", "import", weights, "--arch", arch, "--vocabulary", vocabulary, "--out",
            place.file("named"), "--json")
        #expect(named.status == 0, "\(named.errors)")
        #expect(try named.object()["vocabulary"] as? String == "merges.txt")
        expectFailure(
            try reident(
                "models", "import", weights, "--arch", arch, "--vocabulary", arch, "--out",
                place.file("bad")), code: 65, saying: [arch, "line 1"])
        #expect(try !place.names().contains("bad"))
    }
}

@Suite(
    "Texts and images together", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct TextSearchTests {
    private struct Found: Decodable {
        struct Match: Decodable {
            let path: String
            let similarity: Float
        }

        let query: String
        let matches: [Match]
    }

    /// The rows of an embedding file.
    private func rows(_ path: String) throws -> [[Float]] {
        let file = try SafetensorsFile(path: path)
        let entry = try #require(file.tensors["embeddings"])
        let values = try file.withBytes(of: "embeddings") { bytes in
            Array(bytes.bindMemory(to: Float.self))
        }
        let width = entry.shape[1]
        return (0..<entry.shape[0]).map { Array(values[$0 * width..<($0 + 1) * width]) }
    }

    private func dot(_ left: [Float], _ right: [Float]) -> Float {
        zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
    }

    @Test("embed-text writes a unit vector for each text, and says what made them")
    func embedText() throws {
        let place = try Workplace()
        let out = place.file("texts.safetensors")
        let run = try reident(
            "embed-text", "abc", "", "re abc 1234567", "--model", place.textModel(), "--out", out,
            "--json")
        #expect(run.status == 0, "\(run.errors)")
        let report = try run.object()
        #expect(report["embeddings"] as? Int == 3)
        #expect(report["dimension"] as? Int == 16)
        #expect(report["cut_texts"] as? [Int] == [2])
        let found = try rows(out)
        #expect(found.allSatisfy { abs(dot($0, $0) - 1) < Tolerance.unitLength })
        #expect(abs(dot(found[0], found[1])) < 0.999)
        let file = try SafetensorsFile(path: out)
        #expect(file.metadata["texts"] == "[\"abc\",\"\",\"re abc 1234567\"]")
        #expect(file.metadata["vocabulary"]?.count == 64)
        #expect(file.metadata["precision"] == "fp32")
        let again = try reident(
            "embed-text", "abc", "--model", place.textModel(), "--out", out)
        expectFailure(again, code: 73, saying: [out])
    }

    @Test("search --text ranks a folder by projected embeddings, whatever the package's are")
    func search() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let gallery = try place.players("players", count: 2)
        let run = try reident(
            "search", "--text", "abc", "--text", "re 5", "--gallery", gallery, "--model", model,
            "-k", "6", "--sheet", place.file("sheet.png"), "--json")
        #expect(run.status == 0, "\(run.errors)")
        let found = try JSONDecoder().decode([Found].self, from: Data(run.output.utf8))
        #expect(found.map(\.query) == ["abc", "re 5"])
        #expect(try place.names().contains("sheet.png"))
        // The same from the commands that embed: images of a projected package, and texts.
        let projected = place.file("projected")
        #expect(
            try reident(
                "models", "import", "\(model)/model.safetensors", "--arch",
                place.file("texts.json"), "--keep-projection", "--vocabulary",
                place.file("merges.txt"), "--out", projected
            ).status == 0)
        let images = place.file("images.safetensors")
        #expect(
            try reident("embed", gallery, "--model", projected, "--out", images).status == 0)
        let texts = place.file("texts.safetensors")
        #expect(
            try reident("embed-text", "abc", "re 5", "--model", model, "--out", texts).status == 0)
        let paths = try JSONDecoder().decode(
            [String].self,
            from: Data(try #require(SafetensorsFile(path: images).metadata["paths"]).utf8))
        let vectors = Dictionary(uniqueKeysWithValues: zip(paths, try rows(images)))
        for (result, text) in zip(found, try rows(texts)) {
            #expect(result.matches.count == 6)
            #expect(
                result.matches.map(\.similarity)
                    == result.matches.map(\.similarity).sorted(by: >))
            for match in result.matches {
                let expected = dot(try #require(vectors[match.path]), text)
                #expect(abs(match.similarity - expected) < Tolerance.unitEmbedding)
            }
        }
    }

    @Test("search --text takes an index of projected embeddings, and refuses one of features")
    func index() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let gallery = try place.players("players", count: 2)
        let features = place.file("features.index")
        #expect(
            try reident("index", "build", gallery, "--model", model, "--out", features).status == 0)
        expectFailure(
            try reident("search", "--text", "abc", "--gallery", features, "--model", model),
            code: 65, saying: [features, "--keep-projection"])
        let projected = place.file("projected")
        #expect(
            try reident(
                "models", "import", "\(model)/model.safetensors", "--arch",
                place.file("texts.json"), "--keep-projection", "--vocabulary",
                place.file("merges.txt"), "--out", projected
            ).status == 0)
        let index = place.file("projected.index")
        #expect(
            try reident("index", "build", gallery, "--model", projected, "--out", index).status
                == 0)
        for package in [model, projected] {
            let run = try reident(
                "search", "--text", "abc", "--gallery", index, "--model", package, "--json")
            #expect(run.status == 0, "\(run.errors)")
            let found = try JSONDecoder().decode([Found].self, from: Data(run.output.utf8))
            #expect(found[0].matches.count == 6)
        }
    }
}
