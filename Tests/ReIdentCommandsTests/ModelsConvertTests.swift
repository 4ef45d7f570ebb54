// `models convert`: number formats, image sizes, and what is left out. None of it needs the engine.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentFiles
import ReIdentImages
import ReIdentTestSupport
import Testing

@Suite("Models, converted")
struct ModelsConvertTests {
    @Test("converted to half precision, a package has half the bytes and says the same of itself")
    func convert() throws {
        let place = try Workplace()
        let model = try place.textModel()
        let sentences = "the number {number}\nno number\n"
        try place.write(sentences, to: "text-model/number-prompts.txt")
        let run = try reident(
            "models", "convert", model, "--weights", "fp16", "--out", place.file("half"), "--json",
            environment: withoutEngine)
        #expect(run.status == 0, "\(run.errors)")
        func bytes(_ name: String) throws -> Int {
            try Data(contentsOf: URL(filePath: place.file("\(name)/model.safetensors"))).count
        }
        #expect(try bytes("half") * 10 < bytes("text-model") * 7)
        let (before, after) = (
            try ModelPackage.open(model), try ModelPackage.open(place.file("half"))
        )
        #expect(after.configuration == before.configuration)
        #expect(after.settings.provenance == before.settings.provenance)
        #expect(try after.numberPrompts().fileText == sentences)
        #expect(try after.tokenizer().vocabulary.tokenCount == 517)
        #expect(after.settings.weightsDigest != before.settings.weightsDigest)
        let seen = try reident("models", "inspect", place.file("half"))
        #expect(seen.status == 0, "\(seen.errors)")
        // There and back: each number is the nearest of half precision.
        let back = try after.convert(to: .float32, at: place.file("back"))
        let name = "visual.conv1.weight"
        let (old, new) = (try before.weights.floats(name), try back.weights.floats(name))
        #expect(zip(old, new).allSatisfy { Float(halfBits: $0.halfBits) == $1 })
        #expect(old != new)
    }

    @Test("what a package was trained on can be left out, and only that")
    func forgetTrained() throws {
        let place = try Workplace()
        let model = try place.model()
        let picture = PictureFingerprint(horizontal: .max, vertical: 7)
        let before = try ModelPackage.open(model).updating {
            $0.trainedCrops = [TrainedCrops([picture], total: 1)]
            $0.trainedIdentities = (try? HashedIdentities(["9"])).map { [$0] } ?? []
        }
        let seen = try reident("models", "inspect", model, "--json")
        #expect(try seen.object()["trained_crops"] as? Int == 1)
        let run = try reident(
            "models", "convert", model, "--forget-trained", "--out", place.file("free"))
        #expect(run.status == 0, "\(run.errors)")
        let after = try ModelPackage.open(place.file("free"))
        #expect(before.settings.wasTrained(on: "9") && !before.settings.trainedCrops.isEmpty)
        #expect(!after.settings.wasTrained(on: "9") && after.settings.trainedCrops.isEmpty)
        #expect(after.settings.weightsDigest == before.settings.weightsDigest)
    }

    @Test("for another image size, positions are resampled and all else stays")
    func resize() throws {
        let place = try Workplace()
        let resNet = try place.write(
            """
            {"embed_dim": 16, "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8,
             "head_width": 8}}
            """, to: "resnet.json")
        let made = try reident(
            "models", "create", "--arch", resNet, "--seed", "1", "--out", place.file("small"))
        #expect(made.status == 0, "\(made.errors)")
        for (model, tensor, cells) in [
            (place.file("small"), "visual.attnpool.positional_embedding", 3),
            (try place.model(), "visual.positional_embedding", 6),
        ] as [(String, String, Int)] {
            let out = place.file("resized-\(cells)")
            let run = try reident(
                "models", "convert", model, "--image-size", "96", "--out", out,
                environment: withoutEngine)
            #expect(run.status == 0, "\(run.errors)")
            let (before, after) = (try ModelPackage.open(model), try ModelPackage.open(out))
            #expect(after.configuration.imageSize == 96)
            for (name, entry) in before.weights.tensors where name != tensor {
                #expect(after.weights.tensors[name]?.shape == entry.shape)
                let (old, new) = (
                    try before.weights.bytes(of: name), try after.weights.bytes(of: name)
                )
                #expect(old.withUnsafeBytes { Array($0) } == new.withUnsafeBytes { Array($0) })
            }
            let (old, new) = (
                try before.weights.floats(tensor), try after.weights.floats(tensor)
            )
            let shape = try #require(after.weights.tensors[tensor]?.shape)
            #expect(shape.first == 1 + cells * cells)
            let width = try #require(shape.last)
            #expect(new[..<width] == old[..<width])
            // Resampling keeps the mean of the grid where it is even, and never leaves its range by
            // more than a cubic kernel overshoots.
            let (low, high) = (try #require(old.min()), try #require(old.max()))
            #expect(new.allSatisfy { $0 >= low - (high - low) && $0 <= high + (high - low) })
        }
        let refused = try reident(
            "models", "convert", place.file("small"), "--image-size", "100", "--out",
            place.file("odd"))
        expectFailure(refused, code: 64, saying: ["100", "multiple of 32"])
        let nothing = try reident(
            "models", "convert", place.file("small"), "--out", place.file("same"))
        expectFailure(nothing, code: 64, saying: ["--image-size"])
    }

    @Test("a weight out of half precision's range is refused, and nothing is left behind")
    func outOfRange() throws {
        let place = try Workplace()
        let package = try ModelPackage.open(place.model())
        let tensors = try package.weights.names.map { name in
            let shape = try #require(package.weights.tensors[name]).shape
            var values = try package.weights.floats(name)
            if name == "visual.conv1.weight" { values[3] = 70_000 }
            return SafetensorsWriter.Tensor(name: name, shape: shape, values: values)
        }
        try ModelPackage.write(
            to: place.file("large"), configuration: package.configuration,
            settings: package.settings, tensors: tensors)
        let refused = try reident(
            "models", "convert", place.file("large"), "--weights", "fp16", "--out",
            place.file("half"))
        expectFailure(refused, code: 65, saying: ["visual.conv1.weight", "70000", "bf16"])
        #expect(!FileManager.default.fileExists(atPath: place.file("half")))
        let taken = try reident(
            "models", "convert", place.file("large"), "--weights", "bf16", "--out",
            place.file("brain"))
        #expect(taken.status == 0, "\(taken.errors)")
    }
}
