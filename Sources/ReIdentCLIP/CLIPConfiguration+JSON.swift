// open_clip's JSON form of a model configuration, read and written. Two shapes are accepted: bare,
// as in open_clip's model_configs, and under "model_cfg", as in open_clip_config.json on the hub.
// Keys after mlfoundations/open_clip, src/open_clip/model.py.
//
// SPDX-License-Identifier: MIT

public import Foundation
import ReIdentFiles

extension CLIPConfiguration {
    /// Reads open_clip's JSON form.
    ///
    /// Options that would change the computation and are not supported are refused by name.
    /// - Parameters:
    ///   - json: The file's bytes.
    ///   - file: The file's name for messages.
    /// - Throws: `PackageError.invalidConfiguration` and `.unsupportedOption`.
    public init(json: Data, file: String) throws(PackageError) {
        try self.init(JSONValue(json: json, file: file), file: file)
    }

    init(_ value: JSONValue, file: String) throws(PackageError) {
        var outer = try ConfigurationSection(value, file: file, path: "")
        var model = outer
        if let nested = outer.take("model_cfg") {
            model = try ConfigurationSection(nested, file: file, path: "model_cfg")
        }
        embeddingDimension = try model.takeSize("embed_dim", fallback: nil)
        activation = try model.takeFlag("quick_gelu", fallback: false) ? .quickGELU : .gelu
        initialLogitScale = try model.takeNumber(
            "init_logit_scale", fallback: Self.standardLogitScale, in: -10...10)
        guard let visionValue = model.take("vision_cfg") else {
            throw .invalidConfiguration(
                file: file, problem: "'vision_cfg' is missing", expected: "an object")
        }
        let prefix = model.path.isEmpty ? "" : "model_cfg."
        vision = try VisionConfiguration(
            ConfigurationSection(visionValue, file: file, path: "\(prefix)vision_cfg"))
        if vision.isImageNet {
            guard activation == .gelu else {
                throw .unsupportedOption(file: file, key: "quick_gelu", value: "true")
            }
            guard embeddingDimension == vision.imageNetDimension else {
                throw .invalidConfiguration(
                    file: file, problem: "'embed_dim' is \(embeddingDimension)",
                    expected: "the width of the features, \(vision.imageNetDimension)")
            }
        }
        text = nil
        if let textValue = model.take("text_cfg") {
            text = try TextConfiguration(
                ConfigurationSection(textValue, file: file, path: "\(prefix)text_cfg"))
        }
        model.ignore(["custom_text", "reident", "preprocess_cfg", "name", "description", "comment"])
        try model.requireNeutral([
            "init_logit_bias", "nonscalar_logit_scale", "multimodal_cfg", "audio_cfg",
        ])
        try model.finish()
    }

    /// The configuration in open_clip's JSON form.
    var jsonMembers: [String: JSONValue] {
        var members: [String: JSONValue] = ["embed_dim": .integer(embeddingDimension)]
        if activation == .quickGELU { members["quick_gelu"] = .boolean(true) }
        if initialLogitScale != Self.standardLogitScale {
            members["init_logit_scale"] = .number(initialLogitScale)
        }
        members["vision_cfg"] = .object(vision.jsonMembers)
        if let text {
            members["text_cfg"] = .object([
                "context_length": .integer(text.contextLength),
                "vocab_size": .integer(text.vocabularySize), "width": .integer(text.width),
                "heads": .integer(text.heads), "layers": .integer(text.layers),
                "mlp_ratio": .number(text.mlpRatio),
            ])
        }
        return members
    }
}

extension JSONValue {
    /// Reads a file.
    init(file: String) throws(PackageError) {
        let bytes: [UInt8]
        do {
            bytes = try ByteSource.file(file).read()
        } catch {
            throw .file(error)
        }
        try self.init(json: Data(bytes), file: file)
    }

    /// Parses a file's bytes.
    init(json: Data, file: String) throws(PackageError) {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: json)
        } catch {
            throw .invalidConfiguration(
                file: file, problem: "it cannot be read as JSON", expected: "a JSON object")
        }
    }
}

extension VisionTransformerConfiguration {
    init(_ given: ConfigurationSection) throws(PackageError) {
        var section = given
        let defaults = VisionTransformerConfiguration()
        imageSize = try section.takeSquare("image_size", fallback: defaults.imageSize)
        patchSize = try section.takeSquare("patch_size", fallback: defaults.patchSize)
        layers = try section.takeSize("layers", fallback: defaults.layers, atMost: 1000)
        width = try section.takeSize("width", fallback: defaults.width)
        headWidth = try section.takeSize("head_width", fallback: defaults.headWidth)
        mlpRatio = try section.takeNumber("mlp_ratio", fallback: 4, in: 0.001...1000)
        family = .clip
        try validate(file: section.file, path: section.path)

        // Training-time options and shapes of an output that is not used here.
        section.ignore(["patch_dropout", "output_tokens", "image_seq_len"])
        // These matter only with a timm model or an attention pool, which are refused below.
        section.ignore([
            "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop",
            "timm_drop_path", "timm_model_kwargs", "attn_pooler_queries", "attn_pooler_heads",
        ])
        // A layer norm of the class token is the same before and after the token is picked.
        section.ignore(["final_ln_after_pool"])
        try section.requireNeutral(["pool_type"], orOneOf: [.string("tok")])
        try section.requireNeutral(["pos_embed_type"], orOneOf: [.string("learnable")])
        try section.requireNeutral(["block_type"], orOneOf: [.string("default")])
        try section.requireNeutral(["attentional_pool", "no_ln_pre"])
        try section.requireNeutral(ConfigurationSection.blockOptions)
        try section.finish()
    }

    /// Checks what the sizes must satisfy together.
    func validate(file: String, path: String = "vision_cfg") throws(PackageError) {
        guard imageSize % patchSize == 0 else {
            throw .invalidConfiguration(
                file: file, problem: "'\(path).image_size' is \(imageSize)",
                expected: "a multiple of the patch size, \(patchSize)")
        }
        guard width % headWidth == 0 else {
            throw .invalidConfiguration(
                file: file, problem: "'\(path).width' is \(width)",
                expected: "a multiple of the head width, \(headWidth)")
        }
        guard mlpWidth >= 1 else {
            throw .invalidConfiguration(
                file: file, problem: "'\(path).mlp_ratio' is \(mlpRatio)",
                expected: "at least 1 / width")
        }
    }
}

extension TextConfiguration {
    fileprivate init(_ given: ConfigurationSection) throws(PackageError) {
        var section = given
        let defaults = TextConfiguration()
        contextLength = try section.takeSize("context_length", fallback: defaults.contextLength)
        vocabularySize = try section.takeSize(
            "vocab_size", fallback: defaults.vocabularySize, atMost: 1 << 24)
        width = try section.takeSize("width", fallback: defaults.width)
        heads = try section.takeSize("heads", fallback: defaults.heads)
        layers = try section.takeSize("layers", fallback: defaults.layers, atMost: 1000)
        mlpRatio = try section.takeNumber("mlp_ratio", fallback: 4, in: 0.001...1000)
        guard width % heads == 0 else {
            throw .invalidConfiguration(
                file: section.file, problem: "'\(section.path).width' is \(width)",
                expected: "a multiple of the heads, \(heads)")
        }

        section.ignore(["output_tokens", "pad_id", "bos_id", "eos_id", "variable_text"])
        // These matter only with a text tower of another kind, which is refused below.
        section.ignore([
            "hf_model_pretrained", "hf_proj_type", "hf_pooler_type", "hf_model_config",
            "tokenizer_type", "tiktoken_name", "final_ln_after_pool",
        ])
        try section.requireNeutral(["text_arch"], orOneOf: [.string("clip")])
        try section.requireNeutral(["pool_type"], orOneOf: [.string("argmax")])
        try section.requireNeutral(["proj_type"], orOneOf: [.string("linear")])
        try section.requireNeutral(["block_type"], orOneOf: [.string("default")])
        try section.requireNeutral([
            "hf_model_name", "hf_tokenizer_name", "tokenizer_mode", "tokenizer_kwargs",
            "embed_cls", "no_causal_mask", "proj_bias", "use_pad_mask", "correct_cls_mask",
        ])
        try section.requireNeutral(ConfigurationSection.blockOptions)
        try section.finish()
    }
}

extension ConfigurationSection {
    /// Options of open_clip's transformer blocks, each of which changes the function.
    fileprivate static let blockOptions = [
        "ls_init_value", "act_kwargs", "norm_kwargs", "qk_norm", "scaled_cosine_attn",
        "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc",
    ]

    /// Takes a side given as one number or as two equal ones.
    mutating func takeSquare(_ key: String, fallback: Int) throws(PackageError) -> Int {
        let before = self
        if case .array(let sides)? = take(key) {
            guard sides.count == 2, sides[0] == sides[1], case .integer(let side) = sides[0],
                (1...VisionTransformerConfiguration.largestImageSize).contains(side)
            else {
                throw invalid(
                    key, .array(sides), expected: "one number; only square sizes are supported")
            }
            return side
        }
        self = before
        return try takeSize(
            key, fallback: fallback, atMost: VisionTransformerConfiguration.largestImageSize)
    }
}
