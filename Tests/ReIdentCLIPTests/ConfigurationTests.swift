// Configurations: open_clip's own ones are read as they are, and what would change the
// computation is refused by name.
//
// SPDX-License-Identifier: MIT

import Foundation
import ReIdentFoundation
import ReIdentTestSupport
import Testing

@testable import ReIdentCLIP

@Suite("Configuration")
struct ConfigurationTests {
    private func read(_ text: String) throws -> CLIPConfiguration {
        try CLIPConfiguration(json: Data(text.utf8), file: "model.json")
    }

    private func model(vision: String = "", text: String = "", top: String = "") -> String {
        """
        {"embed_dim": 512, \(top) "vision_cfg": {"layers": 12, "width": 768 \(vision)},
         "text_cfg": {"width": 512, "heads": 8 \(text)}}
        """
    }

    @Test(
        "every known architecture of CLIP is open_clip's of that name",
        arguments: Architecture.known.filter { !$0.configuration.vision.isImageNet })
    func knownArchitectureIsOpenClips(architecture: Architecture) throws {
        let transformer =
            try Fixtures.json("architectures.json").members[architecture.name]?.members["config"]
        let resNet = try Fixtures.json("resnets.json").members[architecture.name]
        let entry = try #require(transformer ?? resNet)
        #expect(try CLIPConfiguration(entry, file: architecture.name) == architecture.configuration)
    }

    @Test("every plain configuration of open_clip can be read")
    func openClipsConfigurationsAreRead() throws {
        let table = try Fixtures.json("architectures.json").members
        #expect(table.count > 20)
        for (name, entry) in table {
            let configuration = try #require(entry.members["config"])
            #expect(throws: Never.self, "\(name)") {
                try CLIPConfiguration(configuration, file: name)
            }
        }
    }

    @Test("what the file leaves out has open_clip's defaults")
    func defaultsAreOpenClips() throws {
        let configuration = try read(#"{"embed_dim": 8, "vision_cfg": {}, "text_cfg": {}}"#)
        #expect(configuration.vision == .transformer(VisionTransformerConfiguration()))
        #expect(configuration.text == TextConfiguration())
        #expect(configuration.activation == .gelu)
    }

    @Test("a text side may be missing")
    func textIsOptional() throws {
        #expect(try read(#"{"embed_dim": 8, "vision_cfg": {}}"#).text == nil)
    }

    @Test("a configuration under model_cfg is the same as a bare one")
    func nestedFormIsRead() throws {
        let nested = #"{"model_cfg": \#(model()), "preprocess_cfg": {"mean": [0, 0, 0]}}"#
        #expect(try read(nested) == read(model()))
    }

    @Test("a square given as two sides is one side")
    func squareSides() throws {
        let two = try read(model(vision: #", "image_size": [224, 224], "patch_size": [16, 16]"#))
        #expect(try two == read(model()))
    }

    @Test(
        "an option that changes the computation is refused by name",
        arguments: [
            (#", "ls_init_value": 0.1"#, "", "vision_cfg.ls_init_value"),
            (#", "pool_type": "avg""#, "", "vision_cfg.pool_type"),
            (#", "no_ln_pre": true"#, "", "vision_cfg.no_ln_pre"),
            (#", "qk_norm": true"#, "", "vision_cfg.qk_norm"),
            (#", "norm_kwargs": {"eps": 1e-6}"#, "", "vision_cfg.norm_kwargs"),
            (#", "attentional_pool": true"#, "", "vision_cfg.attentional_pool"),
            (#", "pos_embed_type": "sin_cos_2d""#, "", "vision_cfg.pos_embed_type"),
            (#", "timm_model_name": "vit_base""#, "", "vision_cfg.timm_model_name"),
            (#", "something_new": 3"#, "", "vision_cfg.something_new"),
            ("", #", "hf_model_name": "roberta-base""#, "text_cfg.hf_model_name"),
            ("", #", "pool_type": "last""#, "text_cfg.pool_type"),
            ("", #", "no_causal_mask": true"#, "text_cfg.no_causal_mask"),
            ("", #", "proj_bias": true"#, "text_cfg.proj_bias"),
        ])
    func unsupportedOptionsAreRefused(vision: String, text: String, key: String) throws {
        let error = failure { _ = try read(model(vision: vision, text: text)) }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("'\(key)'") == true)
    }

    @Test(
        "an option at its neutral value, or without effect here, is accepted",
        arguments: [
            #", "ls_init_value": null"#, #", "qk_norm": false"#, #", "pool_type": "tok""#,
            #", "norm_kwargs": {}"#, #", "patch_dropout": 0.5"#, #", "output_tokens": true"#,
            #", "timm_pool": "avg""#, #", "final_ln_after_pool": true"#,
        ])
    func neutralOptionsAreAccepted(vision: String) throws {
        #expect(try read(model(vision: vision)) == read(model()))
    }

    @Test(
        "sizes that do not fit together are refused",
        arguments: [
            (#", "image_size": 225"#, "vision_cfg.image_size"),
            (#", "image_size": [224, 112]"#, "vision_cfg.image_size"),
            (#", "head_width": 100"#, "vision_cfg.width"),
            (#", "patch_size": 0"#, "vision_cfg.patch_size"),
            (#", "image_size": "large""#, "vision_cfg.image_size"),
            (#", "mlp_ratio": -1"#, "vision_cfg.mlp_ratio"),
        ])
    func unsuitableSizesAreRefused(vision: String, key: String) {
        let error = failure { _ = try read(model(vision: vision)) }
        #expect(error?.kind == .badData)
        #expect(error?.description.contains("'\(key)'") == true)
    }

    @Test(
        "a file that is no configuration is bad data",
        arguments: ["", "[]", "{", "null", #"{"embed_dim": 8}"#, #"{"vision_cfg": {}}"#])
    func otherFilesAreRefused(text: String) {
        #expect(failure { _ = try read(text) }?.kind == .badData)
    }

    @Test("a written configuration reads back the same", arguments: Architecture.known)
    func writtenFormReadsBack(architecture: Architecture) throws {
        let value = JSONValue.object(architecture.configuration.jsonMembers)
        let encoded = try JSONEncoder().encode(value)
        #expect(
            try CLIPConfiguration(json: encoded, file: "x") == architecture.configuration)
    }

    @Test("a mistyped architecture is a usage error that names the alike", arguments: ["vit_b_16"])
    func mistypedArchitecture(name: String) {
        let error = failure { _ = try Architecture.resolve(name) }
        #expect(error?.kind == .usage)
        #expect(error?.description.contains("ViT-B-16-quickgelu") == true)
    }

    @Test("a configuration file that is missing is input not found")
    func missingConfigurationFile() throws {
        let folder = try TemporaryFolder()
        let error = failure { _ = try Architecture.resolve(folder.file("none.json")) }
        #expect(error?.kind == .inputNotFound)
    }
}
