// `models import`, `create` and `inspect`: what they write, and what they refuse. None of them
// needs the engine.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentFiles
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Models")
struct ModelsTests {
    @Test("a created model inspects as sound, and its seed decides its weights")
    func create() throws {
        let place = try Workplace()
        let arch = try place.architecture()
        var digests: [String] = []
        for (seed, name) in [("7", "a"), ("7", "b"), ("8", "c")] {
            let made = try reident(
                "models", "create", "--arch", arch, "--seed", seed, "--out", place.file(name),
                "--json", environment: withoutEngine)
            #expect(made.status == 0, "\(made.errors)")
            #expect(try made.object()["path"] as? String == place.file(name))
            let seen = try reident("models", "inspect", place.file(name), "--json")
            #expect(seen.status == 0, "\(seen.errors)")
            let object = try seen.object()
            #expect(object["sound"] as? Bool == true)
            #expect(object["architecture"] as? String == "tiny")
            #expect(object["embedding"] as? String == "features")
            #expect(object["dimension"] as? Int == 32)
            let checks = try #require(object["checks"] as? [[String: Any]])
            #expect(checks.count == 3)
            #expect(checks.allSatisfy { $0["passed"] as? Bool == true })
            digests.append(try #require(object["weights_sha256"] as? String))
        }
        #expect(digests[0] == digests[1])
        #expect(digests[0] != digests[2])
    }

    @Test("a new model is made for the preprocessing asked for")
    func preprocessing() throws {
        let place = try Workplace()
        let arch = try place.architecture()
        for (name, wanted) in [(nil, Preprocessing.letterbox), ("stretch", .stretch)] {
            let run = try BuiltProgram.run(
                ["models", "create", "--arch", arch, "--seed", "1", "--out", place.file("p")]
                    + (name.map { ["--preprocess", $0, "--force"] } ?? []))
            #expect(run.status == 0, "\(run.errors)")
            #expect(try ModelPackage.open(place.file("p")).settings.preprocessing == wanted)
        }
    }

    @Test("a new ResNet's blocks add nothing, or as much as is asked for")
    func residualGain() throws {
        let place = try Workplace()
        let resNet = try place.write(
            """
            {"embed_dim": 16, "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8,
             "head_width": 8}}
            """, to: "resnet.json")
        for (name, options) in [("a", []), ("b", ["--residual-gain", "0.5"])]
            as [(String, [String])]
        {
            let run = try BuiltProgram.run(
                ["models", "create", "--arch", resNet, "--seed", "1", "--out", place.file(name)]
                    + options)
            #expect(run.status == 0, "\(run.errors)")
        }
        let packages = try ["a", "b"].map { try ModelPackage.open(place.file($0)) }
        for tensor in packages[0].weights.names where tensor.hasSuffix("weight") {
            let values = try packages.map { try $0.weights.floats(tensor) }
            if tensor.hasPrefix("visual.layer"), tensor.hasSuffix("bn3.weight") {
                #expect(values[0].allSatisfy { $0 == 0 } && values[1].allSatisfy { $0 == 0.5 })
            } else {
                #expect(values[0] == values[1], "\(tensor)")
            }
        }
        for (arch, gain) in [(resNet, "-1"), (try place.architecture(), "1")] {
            let refused = try reident(
                "models", "create", "--arch", arch, "--seed", "1", "--out", place.file("c"),
                "--residual-gain", gain)
            expectFailure(refused, code: 64, saying: ["--residual-gain"])
        }
    }

    @Test("an output may be called by one letter")
    func shortName() throws {
        let place = try Workplace()
        let run = try reident(
            "models", "create", "--arch", place.architecture(), "--seed", "1", "--out", "m",
            environment: withoutEngine, in: place.path)
        #expect(run.status == 0, "\(run.errors)")
        let copied = try reident(
            "models", "import", "m/model.safetensors", "--arch", "tiny.json", "--out", "n/",
            environment: withoutEngine, in: place.path)
        #expect(copied.status == 0, "\(copied.errors)")
        #expect(try place.names() == ["m", "n", "tiny.json"])
    }

    @Test(
        "an imported checkpoint keeps its weights; --keep-projection selects the projected output")
    func roundTrip() throws {
        let place = try Workplace()
        let source = try place.model() + "/model.safetensors"
        let arch = try place.architecture()
        for (flags, embedding, dimension) in [
            ([], "features", 32), (["--keep-projection"], "projected", 16),
        ] {
            let arguments = [
                "models", "import", source, "--arch", arch, "--out", place.file(embedding),
                "--json",
            ]
            let run = try BuiltProgram.run(arguments + flags, environment: withoutEngine)
            #expect(run.status == 0, "\(run.errors)")
            let object = try run.object()
            #expect(object["embedding"] as? String == embedding)
            #expect(object["dimension"] as? Int == dimension)
            let original = try ModelPackage.open(place.file("model"))
            #expect(object["weights_sha256"] as? String == original.settings.weightsDigest)
        }
    }

    @Test("inspect prints what it found and fails when the weights are not as written")
    func damagedWeights() throws {
        let place = try Workplace()
        let weights = try place.model() + "/model.safetensors"
        var bytes = try Array(Data(contentsOf: URL(filePath: weights)))
        bytes[bytes.count - 2] ^= 0x10
        try Data(bytes).write(to: URL(filePath: weights))
        let run = try reident("models", "inspect", place.file("model"), "--json")
        #expect(run.status == 65)
        #expect(try run.object()["sound"] as? Bool == false)
        #expect(run.errors.contains("SHA-256"))
    }

    @Test("refuses weights of another architecture, naming everything that does not fit")
    func otherArchitecture() throws {
        let place = try Workplace()
        let source = try place.model() + "/model.safetensors"
        let run = try reident(
            "models", "import", source, "--arch", "ViT-B-32", "--out", place.file("out"))
        expectFailure(
            run, code: 65,
            saying: ["missing", "visual.conv1.weight", "visual.transformer.resblocks.{2-11}"])
        #expect(!FileManager.default.fileExists(atPath: place.file("out")))
    }

    @Test("names an architecture that does not exist, and those alike")
    func unknownArchitecture() throws {
        let place = try Workplace()
        let run = try reident(
            "models", "create", "--arch", "vit-b16", "--seed", "1", "--out", place.file("out"))
        expectFailure(run, code: 64, saying: ["vit-b16", "ViT-B-16"])
    }

    @Test("refuses a malicious pickle by the name it asks for, and runs nothing")
    func maliciousPickle() throws {
        let place = try Workplace()
        let canary = place.file("canary")
        let pickle = "cos\nsystem\n(S'touch \(canary)'\ntR."
        var zip = StoredZip()
        zip.add("archive/data.pkl", Array(pickle.utf8))
        let sources = [
            try place.write(pickle, to: "plain.pth"), try place.write(zip.bytes, to: "zip.pt"),
        ]
        for source in sources {
            let run = try reident(
                "models", "import", source, "--arch", "ViT-B-32", "--out", place.file("out"))
            expectFailure(run, code: 65, saying: [source, "'os.system'"])
        }
        #expect(!FileManager.default.fileExists(atPath: canary))
        #expect(!FileManager.default.fileExists(atPath: place.file("out")))
    }

    @Test("refuses what is no checkpoint and a missing one")
    func unsuitableSources() throws {
        let place = try Workplace()
        let pickle = try place.write("anything", to: "weights.pt")
        for (source, code) in [(pickle, 65), (place.file("none.safetensors"), 66)]
            as [(
                String, Int32
            )]
        {
            let run = try reident(
                "models", "import", source, "--arch", "ViT-B-32", "--out", place.file("out"))
            expectFailure(run, code: code, saying: [source])
        }
    }

    @Test(
        "refuses a file of weights that lies, and writes nothing",
        arguments: WeightsDamage.allCases)
    func lyingFile(damage: WeightsDamage) throws {
        let place = try Workplace()
        let weights = try place.model() + "/model.safetensors"
        let bytes = try Array(Data(contentsOf: URL(filePath: weights)))
        let source = try place.write(damage.applied(to: bytes), to: "source.safetensors")
        let before = try place.names()
        let run = try reident(
            "models", "import", source, "--arch", place.architecture(), "--out", place.file("out"))
        expectFailure(run, code: 65, saying: ["source.safetensors"])
        #expect(try place.names() == (before + ["tiny.json"]).uniqued.sorted())
    }

    @Test("refuses a package whose weights are cut off, wherever it is used")
    func truncatedPackage() throws {
        let place = try Workplace()
        let weights = try place.model() + "/model.safetensors"
        let bytes = try Array(Data(contentsOf: URL(filePath: weights)))
        try Data(bytes.dropLast(100)).write(to: URL(filePath: weights))
        let image = try place.image("a.png", seed: 1)
        expectFailure(
            try reident("models", "inspect", place.file("model")), code: 65,
            saying: ["model.safetensors"])
        expectFailure(
            try reident(
                "embed", image, "--model", place.file("model"), "--out", place.file("o.safetensors")
            ),
            code: 65, saying: ["model.safetensors"])
    }

    @Test("an existing package, a missing parent and a file in the way are refused before work")
    func outputs() throws {
        let place = try Workplace()
        let model = try place.model()
        let arch = try place.architecture()
        for (out, words) in [
            (model, "--force"), (place.file("none/out"), "does not exist"), (arch, "--force"),
        ] {
            let run = try reident(
                "models", "create", "--arch", arch, "--seed", "1", "--out", out)
            expectFailure(run, code: 73, saying: [out, words])
        }
        let forced = try reident(
            "models", "create", "--arch", arch, "--seed", "2", "--out", model, "--force")
        #expect(forced.status == 0)
        #expect(try ModelPackage.open(model).settings.provenance.seed == 2)
    }

    @Test("--force does not remove a folder that is no package")
    func protectsOtherFolders() throws {
        let place = try Workplace()
        try place.write("precious", to: "home/letter.txt")
        let run = try reident(
            "models", "create", "--arch", place.architecture(), "--seed", "1", "--out",
            place.file("home"), "--force")
        expectFailure(run, code: 73, saying: ["letter.txt"])
        #expect(try place.names(in: "home") == ["letter.txt"])
    }
}

/// A way in which a safetensors file can be wrong.
enum WeightsDamage: String, CaseIterable, Sendable {
    case empty, cutHeader, cutData, headerTooLong, offsetsBeyondEnd, unknownType, overlap

    func applied(to bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .empty: []
        case .cutHeader: Array(bytes.prefix(40))
        case .cutData: bytes.dropLast(64)
        case .headerTooLong:
            withUnsafeBytes(of: UInt64.max.littleEndian, Array.init)
                + bytes.dropFirst(8)
        case .offsetsBeyondEnd:
            Self.replacing("\"data_offsets\":[0,", "\"data_offsets\":[9,", bytes)
        case .unknownType: Self.replacing("\"F32\"", "\"F99\"", bytes)
        case .overlap: Self.replacing("\"F32\"", "\"F16\"", bytes)
        }
    }

    /// Replaces the first occurrence of a text by another of the same length.
    private static func replacing(_ old: String, _ new: String, _ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let (old, new) = (Array(old.utf8), Array(new.utf8))
        if let range = bytes.firstRange(of: old) { bytes.replaceSubrange(range, with: new) }
        return bytes
    }
}

extension [String] {
    fileprivate var uniqued: [String] { Array(Set(self)) }
}
