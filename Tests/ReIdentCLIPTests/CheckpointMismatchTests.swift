// Weights that do not fit: everything wrong is said at once, in a sentence, and nothing is written.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFiles
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Checkpoint mismatch")
struct CheckpointMismatchTests {
    private func mismatch(_ source: String, _ architecture: Architecture) -> CheckpointMismatch? {
        do {
            _ = try CheckpointImport(source: source, architecture: architecture)
            return nil
        } catch {
            guard case .mismatch(let mismatch) = error else { return nil }
            return mismatch
        }
    }

    @Test("names every missing, unexpected and misshapen tensor at once")
    func namesEverything() throws {
        let folder = try TemporaryFolder()
        let source = folder.file("w.safetensors")
        try Fixtures.copy(
            "gelu/weights.safetensors", to: source,
            renaming: { name in
                switch name {
                case "visual.ln_pre.bias", "ln_final.weight", "visual.ln_post.weight": nil
                default: name.replacingOccurrences(of: ".mlp.c_fc.bias", with: ".mlp.other")
                }
            },
            adding: [
                .init(name: "visual.ln_post.weight", shape: [4], values: [1, 1, 1, 1])
            ])
        let found = try #require(mismatch(source, try Fixtures.architecture("gelu")))
        #expect(
            found.missing == [
                "ln_final.weight", "transformer.resblocks.0.mlp.c_fc.bias",
                "visual.ln_pre.bias", "visual.transformer.resblocks.0.mlp.c_fc.bias",
                "visual.transformer.resblocks.1.mlp.c_fc.bias",
            ])
        #expect(
            found.unexpected == [
                "transformer.resblocks.0.mlp.other", "visual.transformer.resblocks.0.mlp.other",
                "visual.transformer.resblocks.1.mlp.other",
            ])
        #expect(
            found.wrongShapes == [
                .init(tensor: "visual.ln_post.weight", expected: [32], found: [4])
            ])
        #expect(
            found.description == """
                \(source): the tensors do not fit config: 5 missing ('ln_final.weight', \
                'transformer.resblocks.0.mlp.c_fc.bias', 'visual.ln_pre.bias', \
                'visual.transformer.resblocks.{0-1}.mlp.c_fc.bias'); 3 unexpected \
                ('transformer.resblocks.0.mlp.other', \
                'visual.transformer.resblocks.{0-1}.mlp.other'); 1 misshapen \
                ('visual.ln_post.weight' is [4], needs [32]). \
                Use the configuration that was saved with these weights.
                """)
    }

    @Test("names tensors as the file does, in Hugging Face's form too")
    func namesAsTheFileDoes() throws {
        let folder = try TemporaryFolder()
        let source = folder.file("w.safetensors")
        try Fixtures.copy("huggingface/transformers/model.safetensors", to: source) { name in
            name.hasSuffix("vision_model.encoder.layers.1.self_attn.k_proj.bias") ? nil : name
        }
        let found = try #require(mismatch(source, try Fixtures.architecture("huggingface")))
        #expect(found.missing == ["vision_model.encoder.layers.1.self_attn.k_proj.bias"])
    }

    @Test("half a text side is a mismatch, not a package without one")
    func halfATextSide() throws {
        let folder = try TemporaryFolder()
        let source = folder.file("w.safetensors")
        try Fixtures.copy("gelu/weights.safetensors", to: source) { name in
            name == "text_projection" ? nil : name
        }
        #expect(
            mismatch(source, try Fixtures.architecture("gelu"))?.missing == ["text_projection"])
    }

    @Test("says which known architecture the weights fit")
    func saysWhatFits() throws {
        let folder = try TemporaryFolder()
        let source = folder.file("w.safetensors")
        // Only shapes count here: a file of zeros, most of it holes that take no room on disk.
        let right = try #require(Architecture.named("ViT-B-32"))
        try writeHoles(right.withoutText, to: source)
        let wrong = try #require(Architecture.named("ViT-L-14"))
        let found = try #require(mismatch(source, wrong))
        #expect(
            found.advice
                == "They would fit --arch ViT-B-32 or ViT-B-32-quickgelu, "
                + "which differ in activation."
        )
        #expect(found.kind == .badData)
        #expect(found.wrongShapes.contains { $0.tensor == "visual.class_embedding" })
    }

    @Test("a position embedding of another image size leads to --image-size")
    func anotherImageSize() throws {
        let folder = try TemporaryFolder()
        let architecture = try Fixtures.architecture("gelu").with(imageSize: 84)
        try Fixtures.copy("gelu/weights.safetensors", to: folder.file("w.safetensors"))
        let found = try #require(mismatch(folder.file("w.safetensors"), architecture))
        #expect(found.advice?.contains("--image-size 84") == true)
        #expect(found.advice?.contains("56 pixels") == true)
    }

    @Test(
        "a contradicting activation beside the weights is refused",
        arguments: [
            "huggingface/transformers/model.safetensors", "huggingface/weights.safetensors",
        ])
    func contradictingActivation(source: String) throws {
        let right = try Fixtures.architecture("huggingface")
        var configuration = right.configuration
        configuration.activation = .gelu
        let wrong = Architecture(name: "ViT-of-mine", configuration: configuration)
        let error = failure {
            _ = try CheckpointImport(source: Fixtures.path(source), architecture: wrong)
        }
        #expect(error?.kind == .badData)
        #expect(
            error?.description.contains("the activation is QuickGELU, but ViT-of-mine has GELU")
                == true)
    }

    @Test("a contradicted activation leads to the architecture that has it")
    func adviceForTheActivation() throws {
        let folder = try TemporaryFolder()
        let architecture = try #require(Architecture.named("ViT-B-32"))
        try writeHoles(architecture.withoutText, to: folder.file("w.safetensors"))
        // Hugging Face's defaults are those of OpenAI's ViT-B/32, QuickGELU included.
        try #"{"model_type": "clip"}"#.write(
            toFile: folder.file("config.json"), atomically: true, encoding: .utf8)
        let error = failure {
            _ = try CheckpointImport(
                source: folder.file("w.safetensors"), architecture: architecture)
        }
        #expect(error?.description.hasSuffix("Pass --arch ViT-B-32-quickgelu.") == true)
    }

    @Test("another number of heads beside the weights is refused, which no shape would show")
    func contradictingHeads() throws {
        var configuration = try Fixtures.architecture("huggingface").configuration
        guard case .transformer(var sizes) = configuration.vision else { return }
        sizes.headWidth = 16
        configuration.vision = .transformer(sizes)
        let wrong = Architecture(name: "wide", configuration: configuration)
        let error = failure {
            _ = try CheckpointImport(
                source: Fixtures.path("huggingface/transformers/model.safetensors"),
                architecture: wrong)
        }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("number of attention heads is 4") == true)
    }

    @Test("two tensors that would get one name are both reported, none is dropped")
    func collidingNames() throws {
        let folder = try TemporaryFolder()
        let source = folder.file("w.safetensors")
        try Fixtures.copy(
            "gelu/weights.safetensors", to: source,
            renaming: { $0.hasPrefix("visual.") || $0 == "logit_scale" ? $0 : "text.\($0)" },
            adding: [
                .init(
                    name: "ln_final.bias", shape: [16], values: [Float](repeating: 0, count: 16))
            ])
        let found = try #require(mismatch(source, try Fixtures.architecture("gelu")))
        #expect(found.unexpected.contains("text.ln_final.bias"))
        #expect(found.missing.contains("ln_final.weight"))
    }

    @Test(
        "a damaged file beside the weights is refused, since it might contradict",
        arguments: ["config.json", "open_clip_config.json", "preprocessor_config.json"])
    func damagedCompanion(name: String) throws {
        let folder = try TemporaryFolder()
        try Fixtures.copy("gelu/weights.safetensors", to: folder.file("w.safetensors"))
        try "{\"quick_gelu\": tr".write(
            toFile: folder.file(name), atomically: true, encoding: .utf8)
        let error = failure {
            _ = try CheckpointImport(
                source: folder.file("w.safetensors"), architecture: Fixtures.architecture("gelu"))
        }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains(name) == true)
    }

    @Test("a config.json of something else beside the weights is passed over")
    func foreignCompanion() throws {
        let folder = try TemporaryFolder()
        try Fixtures.copy("gelu/weights.safetensors", to: folder.file("w.safetensors"))
        try #"{"model_type": "bert", "hidden_act": "relu"}"#.write(
            toFile: folder.file("config.json"), atomically: true, encoding: .utf8)
        let checkpoint = try CheckpointImport(
            source: folder.file("w.safetensors"), architecture: Fixtures.architecture("gelu"))
        #expect(checkpoint.configuration.activation == .gelu)
    }

    @Test("a file that cannot be one is refused with its kind, and nothing is written")
    func otherFiles() throws {
        let folder = try TemporaryFolder()
        let architecture = try Fixtures.architecture("gelu")
        let whole = try Data(
            contentsOf: URL(filePath: Fixtures.path("gelu/weights.safetensors")))
        try whole.prefix(whole.count / 2).write(to: URL(filePath: folder.file("half.safetensors")))
        var lying = whole
        lying[3] = 0x7F
        try lying.write(to: URL(filePath: folder.file("lying.safetensors")))
        try Data("weights".utf8).write(to: URL(filePath: folder.file("model.pt")))
        try SafetensorsWriter.write(
            to: folder.file("other.safetensors"),
            tensors: [.init(name: "layer.weight", shape: [1], values: [1])])
        let kinds: [(String, FailureKind)] = [
            ("half.safetensors", .badData), ("lying.safetensors", .badData),
            ("other.safetensors", .badData), ("model.pt", .badData),
            ("none.safetensors", .inputNotFound), ("none.pt", .inputNotFound),
            ("", .inputNotFound),
        ]
        for (name, kind) in kinds {
            let error = failure {
                try CheckpointImport(source: folder.file(name), architecture: architecture)
                    .write(to: folder.file("package"))
            }
            #expect(error?.kind == kind, "\(name): \(error?.description ?? "no error")")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(
            left == ["half.safetensors", "lying.safetensors", "model.pt", "other.safetensors"])
    }

    /// A file with every tensor of an architecture, all zeros, by seeking instead of writing.
    private func writeHoles(_ architecture: Architecture, to path: String) throws {
        var offset = 0
        var members: [String] = []
        for entry in WeightTable(architecture.configuration).entries {
            let end = offset + entry.count * 4
            members.append(
                "\"\(entry.name)\":{\"dtype\":\"F32\",\"shape\":\(entry.shape),"
                    + "\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        let header = Data("{\(members.joined(separator: ","))}".utf8)
        var contents = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
        contents.append(header)
        try contents.write(to: URL(filePath: path))
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.truncate(atOffset: UInt64(contents.count + offset))
        try handle.close()
    }
}
