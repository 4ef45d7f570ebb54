// `embed`: the file it writes, and what becomes of bad input.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentFiles
import ReIdentTestSupport
import Testing

@Suite("Embed", .enabled(if: Engine.isAvailable, EngineRequirement.reason))
struct EmbedTests {
    @Test("writes a unit vector for each image in order, and says how it was made; always the same")
    func file() throws {
        let place = try Workplace()
        let model = try place.model()
        try place.image("images/b.png", seed: 1)
        try place.image("images/a/deep.jpg", seed: 2)
        try place.write("no image", to: "images/notes.txt")
        let single = try place.image("single.png", seed: 3)
        var files: [[UInt8]] = []
        for name in ["first.safetensors", "second.safetensors"] {
            let run = try reident(
                "embed", single, place.file("images"), "--model", model, "--out", place.file(name),
                "--batch-size", "2", "--json")
            #expect(run.status == 0, "\(run.errors)")
            let object = try run.object()
            #expect(object["embeddings"] as? Int == 3)
            #expect(object["dimension"] as? Int == 32)
            #expect(object["skipped_files"] as? Int == 1)
            #expect((object["bad_images"] as? [Any])?.isEmpty == true)
            #expect(object["out"] as? String == place.file(name))
            files.append(try Array(Data(contentsOf: URL(filePath: place.file(name)))))
        }
        #expect(files[0] == files[1])

        let written = try SafetensorsFile(path: place.file("first.safetensors"))
        #expect(written.names == ["embeddings"])
        #expect(written.tensors["embeddings"]?.shape == [3, 32])
        let values = try written.floats("embeddings")
        for row in 0..<3 {
            let length = values[row * 32..<(row + 1) * 32].reduce(0) { $0 + $1 * $1 }
            #expect(abs(length - 1) < Tolerance.unitLength)
        }
        let paths = try JSONDecoder().decode(
            [String].self, from: Data(#require(written.metadata["paths"]).utf8))
        #expect(
            paths == [single, place.file("images/a/deep.jpg"), place.file("images/b.png")])
        #expect(written.metadata["precision"] == "fp32")
        #expect(written.metadata["preprocess"] == "letterbox")
        #expect(written.metadata["tokens"] == "all")
        #expect(try written.metadata["model"] == ModelPackage.open(model).fingerprint())
    }

    @Test("int8 is refused for an encoder that is no transformer")
    func int8OfResNet() throws {
        let place = try Workplace()
        let arguments = [
            "embed", try place.image("a.png", seed: 1), "--model",
            SharedData.projectRoot.appending(path: "Models/reident-tiny").path, "--out",
            place.file("out.safetensors"), "--precision", "int8",
        ]
        expectFailure(
            try BuiltProgram.run(arguments), code: 64, saying: ["int8", "--precision bf16"])
        #expect(!FileManager.default.fileExists(atPath: place.file("out.safetensors")))
    }

    @Test("int8 embeds nearly what fp32 embeds, and the file says so")
    func int8() throws {
        let place = try Workplace()
        let (image, model) = (try place.image("a.png", seed: 1), try place.model())
        func vector(_ precision: String) throws -> [Float] {
            let path = place.file(precision)
            let run = try BuiltProgram.run([
                "embed", image, "--model", model, "--out", path, "--precision", precision,
            ])
            #expect(run.status == 0, "\(run.errors)")
            let file = try SafetensorsFile(path: path)
            #expect(file.metadata["precision"] == precision)
            return try file.floats("embeddings")
        }
        let cosine = zip(try vector("fp32"), try vector("int8")).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(cosine >= Tolerance.int8Cosine && cosine < 1.0001)
    }

    @Test("an override of the package's preprocessing warns, changes the vectors and is recorded")
    func override() throws {
        let place = try Workplace()
        let (model, image) = (try place.model(), try place.image("a.png", seed: 1))
        let plain = try reident(
            "embed", image, "--model", model, "--out", place.file("plain.safetensors"))
        #expect(!plain.errors.contains("warning"))
        let run = try reident(
            "embed", image, "--model", model, "--out", place.file("stretched.safetensors"),
            "--preprocess", "stretch")
        #expect(run.status == 0)
        #expect(run.errors.contains("warning: --preprocess stretch overrides"))
        let (first, second) = (
            try SafetensorsFile(path: place.file("plain.safetensors")),
            try SafetensorsFile(path: place.file("stretched.safetensors"))
        )
        #expect(second.metadata["preprocess"] == "stretch")
        #expect(try first.floats("embeddings") != second.floats("embeddings"))
    }

    @Test("a bad image ends the work, named; nothing is left behind", arguments: BadImage.allCases)
    func badImage(kind: BadImage) throws {
        let place = try Workplace()
        let model = try place.model()
        try place.image("images/a.png", seed: 1)
        let bad = try kind.write(to: place)
        let before = try place.names()
        let run = try reident(
            "embed", place.file("images"), "--model", model, "--out", place.file("o.safetensors"))
        expectFailure(run, code: 65, saying: [bad, kind.sentence])
        #expect(try place.names() == before)
    }

    @Test("--skip-bad leaves bad images out and lists them; without a good one it fails")
    func skipsBad() throws {
        let place = try Workplace()
        let model = try place.model()
        let good = try place.image("images/z.png", seed: 1)
        var bad: [String] = []
        for kind in BadImage.allCases { bad.append(try kind.write(to: place)) }
        let run = try reident(
            "embed", place.file("images"), "--model", model, "--out", place.file("o.safetensors"),
            "--skip-bad", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        #expect(object["embeddings"] as? Int == 1)
        let listed = try #require(object["bad_images"] as? [[String: String]])
        #expect(Set(listed.compactMap { $0["path"] }) == Set(bad))
        #expect(listed.allSatisfy { $0["reason"]?.isEmpty == false })

        try FileManager.default.removeItem(atPath: good)
        let none = try reident(
            "embed", place.file("images"), "--model", model, "--out", place.file("p.safetensors"),
            "--skip-bad")
        expectFailure(none, code: 65, saying: ["None of the \(bad.count) images"])
    }

    @Test("paths that begin with a dash follow --")
    func dashes() throws {
        let place = try Workplace()
        let model = try place.model()
        try place.image("-dash.png", seed: 1)
        let run = try reident(
            "embed", "--model", model, "--out", "o.safetensors", "--json", "--", "-dash.png",
            in: place.path)
        #expect(run.status == 0, "\(run.errors)")
        #expect(FileManager.default.fileExists(atPath: place.file("o.safetensors")))
    }

    @Test(
        "a device that is none or not here is exit code 69", arguments: ["gpu", "cuda:99", "cpu:x"])
    func device(name: String) throws {
        let place = try Workplace()
        let run = try reident(
            "embed", place.image("a.png", seed: 1), "--model", place.model(), "--out",
            place.file("o.safetensors"), "--device", name)
        expectFailure(run, code: 69, saying: [name])
    }
}

@Suite("Embed, before the engine is needed")
struct EmbedRefusalTests {
    @Test("a missing engine is exit code 69 in a sentence")
    func missingEngine() throws {
        let place = try Workplace()
        let run = try reident(
            "embed", place.image("a.png", seed: 1), "--model", place.model(), "--out",
            place.file("o.safetensors"), environment: withoutEngine)
        expectFailure(run, code: 69, saying: ["make setup", "REIDENT_ENGINE"])
    }

    @Test("input that is not there is exit code 66")
    func missingInput() throws {
        let place = try Workplace()
        let (model, image) = (try place.model(), try place.image("a.png", seed: 1))
        for (path, package) in [(place.file("none"), model), (image, place.file("none"))] {
            let run = try reident(
                "embed", path, "--model", package, "--out", place.file("o.safetensors"),
                environment: withoutEngine)
            expectFailure(run, code: 66, saying: [place.file("none")])
        }
    }

    @Test("a folder without images, and a package that is none, are bad data")
    func badInput() throws {
        let place = try Workplace()
        let (model, image) = (try place.model(), try place.image("a.png", seed: 1))
        try place.write("text", to: "empty/notes.txt")
        for (path, package, word) in [
            (place.file("empty"), model, "no image"), (image, place.file("empty"), "package"),
        ] {
            let run = try reident(
                "embed", path, "--model", package, "--out", place.file("o.safetensors"),
                environment: withoutEngine)
            expectFailure(run, code: 65, saying: [place.file("empty"), word])
        }
    }

    @Test("an output that exists or has no folder is exit code 73, before the engine is looked for")
    func outputs() throws {
        let place = try Workplace()
        let (model, image) = (try place.model(), try place.image("a.png", seed: 1))
        let existing = try place.write("old", to: "old.safetensors")
        for out in [existing, place.file("none/o.safetensors"), model] {
            let run = try reident(
                "embed", image, "--model", model, "--out", out, environment: withoutEngine)
            expectFailure(run, code: 73, saying: [out])
        }
        #expect(try String(contentsOfFile: existing, encoding: .utf8) == "old")
    }
}
