// Paths and files that are unusual: pipes, devices, loops, odd names. None may hang or surprise.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentEngine
import ReIdentFiles
import ReIdentTestSupport
import Testing

@Suite("Unusual files")
struct UnusualFileTests {
    @Test("a pipe or a device is refused wherever a file is named, and nothing waits for it")
    func pipes() throws {
        let place = try Workplace()
        let (model, image) = (try place.model(), try place.image("a.png", seed: 1))
        let out = place.file("out")
        for name in ["pipe.jpg", "pipe.json", "pipe.csv", "pipe.zip", "pipe.safetensors"] {
            _ = try place.pipe(name)
        }
        let commands: [(named: String, [String])] = [
            ("pipe.jpg", ["embed", place.file("pipe.jpg"), "--model", model, "--out", out]),
            ("/dev/zero", ["embed", "/dev/zero", "--model", model, "--out", out]),
            ("pipe.json", ["embed", image, "--model", place.file("pipe.json"), "--out", out]),
            (
                "pipe.json",
                [
                    "models", "create", "--arch", place.file("pipe.json"), "--seed", "1", "--out",
                    out,
                ]
            ),
            (
                "pipe.safetensors",
                [
                    "models", "import", place.file("pipe.safetensors"), "--arch", "ViT-B-32",
                    "--out", out,
                ]
            ),
            ("pipe.zip", ["evaluate", place.file("pipe.zip"), "--model", model]),
            ("pipe.csv", ["score", place.file("pipe.csv")]),
            ("pipe.safetensors", ["score", place.file("pipe.safetensors")]),
        ]
        for (name, arguments) in commands {
            let run = try BuiltProgram.run(arguments, environment: withoutEngine)
            expectFailure(run, code: 66, saying: [name])
        }
    }

    @Test("a package whose file is a pipe or a folder is refused, and nothing waits")
    func packageOfPipes() throws {
        let place = try Workplace()
        for (file, isPipe) in [
            ("config.json", true), ("config.json", false), ("model.safetensors", true),
            ("model.safetensors", false),
        ] {
            let model = try place.model("model-\(file)-\(isPipe)")
            try FileManager.default.removeItem(atPath: "\(model)/\(file)")
            if isPipe {
                _ = try place.pipe("model-\(file)-\(isPipe)/\(file)")
            } else {
                try FileManager.default.createDirectory(
                    atPath: "\(model)/\(file)", withIntermediateDirectories: false)
            }
            expectFailure(try reident("models", "inspect", model), code: 66, saying: [file])
        }
    }

    @Test("a path longer than the system takes is a sentence")
    func endlessPath() throws {
        let place = try Workplace()
        let long = place.file(String(repeating: "folder/", count: 1000) + "a.png")
        let name = place.file(String(repeating: "n", count: 300) + ".png")
        for path in [long, name] {
            expectFailure(
                try reident("embed", path, "--model", place.model(), "--out", place.file("o")),
                code: 66, saying: ["name too long"])
        }
    }

    @Test(
        "folders named like images are walked; loops, broken links and pipes in them are skipped",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason))
    func oddFolder() throws {
        let place = try Workplace()
        try place.image("in/folder.jpg/good.png", seed: 1)
        _ = try place.pipe("in/pipe.png")
        for (name, target) in [("loop.png", ".."), ("self.png", "self.png"), ("gone.png", "gone")] {
            try FileManager.default.createSymbolicLink(
                atPath: place.file("in/folder.jpg/\(name)"), withDestinationPath: target)
        }
        let run = try reident(
            "embed", place.file("in"), "--model", place.model(), "--out",
            place.file("o.safetensors"), "--json")
        #expect(run.status == 0, "\(run.errors)")
        let object = try run.object()
        #expect(object["embeddings"] as? Int == 1)
        #expect(object["skipped_files"] as? Int == 4)
    }

    @Test(
        "a PNG under a JPEG's name is read as what it is",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason))
    func otherEnding() throws {
        let place = try Workplace()
        let image = try place.image("in/a.png", seed: 1)
        try FileManager.default.copyItem(atPath: image, toPath: place.file("in/b.jpg"))
        let run = try reident(
            "embed", place.file("in"), "--model", place.model(), "--out",
            place.file("o.safetensors"))
        #expect(run.status == 0, "\(run.errors)")
        let values = try SafetensorsFile(path: place.file("o.safetensors")).floats("embeddings")
        // Products may sum the rows of a batch in different orders.
        for (one, other) in zip(values.prefix(32), values.suffix(32)) {
            #expect(abs(one - other) <= Tolerance.unitEmbedding)
        }
    }

    @Test(
        "spaces, quotes, line ends, a leading dash and any script may be in a name",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason))
    func names() throws {
        let place = try Workplace()
        let model = try place.model("-mo del é")
        let names = [
            "-dash.png", " space .png", "\"quoted\" 'name'.png", "line\nend.png", "球員 é\u{301}.png",
            "%d $HOME *.png",
        ]
        for name in names { try place.image("-in/\(name)", seed: 1) }
        let deep = "-in/" + String(repeating: String(repeating: "d", count: 200) + "/", count: 10)
        try place.image(deep + "deep.png", seed: 1)
        let run = try reident(
            "embed", "--model=-mo del é", "--out=-o ut.safetensors", "--json", "--", "-in",
            in: place.path)
        #expect(run.status == 0, "\(run.errors)")
        let file = try SafetensorsFile(path: place.file("-o ut.safetensors"))
        let paths = try JSONDecoder().decode(
            [String].self, from: Data(#require(file.metadata["paths"]).utf8))
        #expect(Set(paths) == Set(names.map { "-in/\($0)" } + [deep + "deep.png"]))
        #expect(FileManager.default.fileExists(atPath: model))
    }
}
