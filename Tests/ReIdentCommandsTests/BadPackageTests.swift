// Weights and configurations that are wrong in ways no accident of copying explains.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentCLIP
import ReIdentEngine
import ReIdentFiles
import ReIdentTestSupport
import Testing

@Suite("Bad packages")
struct BadPackageTests {
    @Test(
        "a configuration that makes no sense is refused by the key's name",
        arguments: [
            (#""layers": 2"#, #""layers": -2"#, "vision_cfg.layers"),
            (#""layers": 2"#, #""layers": 1.5"#, "vision_cfg.layers"),
            (#""layers": 2"#, #""layers": 1e400"#, "JSON"),
            (#""width": 32"#, #""width": 1000000000"#, "vision_cfg.width"),
            (#""width": 32"#, #""width": 0"#, "vision_cfg.width"),
            (#""image_size": 32"#, #""image_size": 33"#, "vision_cfg.image_size"),
            (#""image_size": 32"#, #""image_size": [32, 64]"#, "vision_cfg.image_size"),
            (#""patch_size": 16"#, #""patch_size": 64"#, "vision_cfg.image_size"),
            (#""head_width": 16"#, #""head_width": 5"#, "vision_cfg.width"),
            (#""embed_dim": 16"#, #""embed_dim": "sixteen""#, "embed_dim"),
            (#""embed_dim": 16"#, #""embed_dim": 16, "quick_gelu": 3"#, "quick_gelu"),
            (#""vision_cfg": {"#, #""vision_cfg": [], "other": {"#, "vision_cfg"),
            ("{", "", "JSON"), ("16", "16,,", "JSON"),
            (
                "16", String(repeating: "[", count: 400) + String(repeating: "]", count: 400),
                "embed_dim"
            ),
            ("16", String(repeating: "[", count: 9000), "JSON"),
        ])
    func nonsense(old: String, new: String, key: String) throws {
        let place = try Workplace()
        let text = Workplace.configuration
        let changed = try text.replacingCharacters(
            in: #require(text.range(of: old)), with: new)
        let arch = try place.write(changed, to: "nonsense.json")
        expectFailure(
            try reident(
                "models", "create", "--arch", arch, "--seed", "1", "--out", place.file("out")),
            code: 65, saying: ["nonsense.json", key])
        // The same inside a package.
        let config = try place.model() + "/config.json"
        let written = try String(contentsOfFile: config, encoding: .utf8)
        guard let range = written.range(of: old) else { return }
        try place.write(written.replacingCharacters(in: range, with: new), to: "model/config.json")
        expectFailure(
            try reident("models", "inspect", place.file("model")), code: 65,
            saying: ["config.json"])
    }

    @Test("sizes that are each allowed but too much together are refused before memory is taken")
    func tooLarge() throws {
        let place = try Workplace()
        let arch = try place.write(
            """
            {"embed_dim": 1048576, "vision_cfg": {"image_size": 16384, "layers": 1000,
             "width": 1048576, "patch_size": 1, "head_width": 64}}
            """, to: "huge.json")
        expectFailure(
            try reident(
                "models", "create", "--arch", arch, "--seed", "1", "--out", place.file("out")),
            code: 65, saying: ["huge", "Correct its sizes"])
        #expect(try place.names() == ["huge.json"])
    }

    @Test("weights with a tensor too many are refused by its name")
    func extraTensor() throws {
        let place = try Workplace()
        let source = try place.rewritten(place.model() + "/model.safetensors") { tensors in
            tensors + [.init(name: "visual.extra.weight", shape: [1], values: [1])]
        }
        expectFailure(
            try reident(
                "models", "import", source, "--arch", place.architecture(), "--out",
                place.file("out")),
            code: 65, saying: ["changed.safetensors", "1 unexpected", "visual.extra.weight"])
        try FileManager.default.removeItem(atPath: place.file("model/model.safetensors"))
        try FileManager.default.moveItem(
            atPath: source, toPath: place.file("model/model.safetensors"))
        expectFailure(
            try reident("models", "inspect", place.file("model")), code: 65,
            saying: ["visual.extra.weight"])
    }

    @Test(
        "names and shapes that nothing can be computed with are refused like any other",
        arguments: [
            ("visual.positional_embedding", "visual.positional_embedding", []),
            ("visual.positional_embedding", "visual.positional_embedding", [Int.max, 0]),
            ("visual.proj", "visual.9223372036854775807.x", [32, 16]),
            ("visual.proj", "visual.-9223372036854775808.x", [32, 16]),
        ])
    func extremes(tensor: String, name: String, shape: [Int]) throws {
        let place = try Workplace()
        let source = try place.rewritten(place.model() + "/model.safetensors") { tensors in
            let changed = SafetensorsWriter.Tensor(
                name: name, elementType: .uint8, shape: shape
            ) { sink in
                let count = shape.reduce(1, *)
                try [UInt8](repeating: 0, count: count).withUnsafeBytes { try sink($0) }
            }
            // A name alike, so that both are told in one.
            let alike =
                name == tensor
                ? [] : [SafetensorsWriter.Tensor(name: "visual.1.x", shape: [0], values: [])]
            return tensors.filter { $0.name != tensor } + [changed] + alike
        }
        expectFailure(
            try reident(
                "models", "import", source, "--arch", place.architecture(), "--out",
                place.file("out")),
            code: 65, saying: ["changed.safetensors", name == tensor ? name : "visual.{"])
    }

    @Test("a configuration beside the weights with more heads than width is refused")
    func moreHeadsThanWidth() throws {
        let place = try Workplace()
        let source = try place.model() + "/model.safetensors"
        try place.write(
            """
            {"model_type": "clip", "vision_config": {"hidden_size": 32, "num_attention_heads": 64}}
            """, to: "model/config.json")
        expectFailure(
            try reident(
                "models", "import", source, "--arch", place.architecture(), "--out",
                place.file("out")),
            code: 65, saying: ["config.json", "vision_config.hidden_size", "64"])
    }

    @Test("weights stored in whole numbers are refused by the tensor's name")
    func wholeNumbers() throws {
        let place = try Workplace()
        let source = try place.rewritten(place.model() + "/model.safetensors") { tensors in
            tensors.map { tensor in
                guard tensor.name == "visual.ln_pre.bias" else { return tensor }
                return .init(
                    name: tensor.name, shape: tensor.shape,
                    integers: [Int64](repeating: 0, count: 32))
            }
        }
        expectFailure(
            try reident(
                "models", "import", source, "--arch", place.architecture(), "--out",
                place.file("out")),
            code: 65, saying: ["visual.ln_pre.bias", "I64", "Convert"])
    }

    @Test("weights that are no numbers are found by inspecting, which names the tensor")
    func notANumber() throws {
        let place = try Workplace()
        let run = try reident("models", "inspect", place.modelWithoutNumbers())
        #expect(run.status == 65)
        #expect(run.errors.contains("SHA-256"), "\(run.errors)")
        #expect(run.output.contains("visual.ln_post.weight"), "\(run.output)")
    }

    @Test(
        "a model whose weights are no numbers embeds nothing and says what to do",
        .enabled(if: Engine.isAvailable, EngineRequirement.reason))
    func embedsNothing() throws {
        let place = try Workplace()
        let model = try place.modelWithoutNumbers()
        let image = try place.image("a.png", seed: 1)
        let before = try place.names()
        expectFailure(
            try reident(
                "embed", image, "--model", model, "--out", place.file("o.safetensors")),
            code: 65, saying: ["a.png", "not a finite number", "models inspect"])
        #expect(try place.names() == before)
    }
}

extension Workplace {
    /// A copy of a file of weights with other tensors, as `changed.safetensors`.
    func rewritten(
        _ path: String, _ change: ([SafetensorsWriter.Tensor]) -> [SafetensorsWriter.Tensor]
    ) throws -> String {
        let weights = try SafetensorsFile(path: path)
        let tensors = try weights.names.map { name in
            SafetensorsWriter.Tensor(
                name: name, shape: try #require(weights.tensors[name]).shape,
                values: try weights.floats(name))
        }
        try SafetensorsWriter.write(
            to: file("changed.safetensors"), tensors: change(tensors), force: true)
        return file("changed.safetensors")
    }

    /// A package with one weight that is not a number.
    func modelWithoutNumbers() throws -> String {
        let weights = try model() + "/model.safetensors"
        let changed = try rewritten(weights) { tensors in
            tensors.map { tensor in
                guard tensor.name == "visual.ln_post.weight" else { return tensor }
                return .init(
                    name: tensor.name, shape: tensor.shape,
                    values: [Float](repeating: .nan, count: 32))
            }
        }
        try FileManager.default.removeItem(atPath: weights)
        try FileManager.default.moveItem(atPath: changed, toPath: weights)
        return file("model")
    }
}
