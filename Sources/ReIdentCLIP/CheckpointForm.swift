// How the tensors of a package are found in a checkpoint: by open_clip's or timm's names, which
// packages keep, or by those of Hugging Face's CLIPModel, where queries, keys and values lie apart
// and projections transposed.
// Names after huggingface/transformers, models/clip/modeling_clip.py, mlfoundations/open_clip and
// huggingface/pytorch-image-models.
//
// SPDX-License-Identifier: MIT

/// The naming of a checkpoint's tensors.
public enum CheckpointForm: String, Sendable, Codable, CaseIterable {
    /// A state dict of open_clip.
    case openCLIP = "open_clip"
    /// A TorchScript archive of OpenAI's CLIP; always QuickGELU.
    case openAI = "openai"
    /// A Hugging Face `CLIPModel` or `CLIPVisionModel`, with or without projection.
    case huggingFace = "hugging_face"
    /// A state dict of timm: an encoder of ImageNet.
    case timm

    /// The name people use for it.
    public var title: String {
        switch self {
        case .openCLIP: "open_clip state dict"
        case .openAI: "OpenAI archive"
        case .huggingFace: "Hugging Face CLIPModel"
        case .timm: "timm state dict"
        }
    }
}

/// How one tensor of a package is made from tensors of a checkpoint.
struct TensorRecipe: Equatable {
    /// What is done with the parts.
    enum Assembly: Equatable {
        /// The only part is taken as it is.
        case copied
        /// The parts are joined along their first axis.
        case joined
        /// The only part, [D, E], is transposed to [E, D].
        case transposed
    }

    /// One tensor of the checkpoint.
    struct Part: Equatable {
        let name: String
        let shape: [Int]
    }

    let entry: WeightTable.Entry
    let parts: [Part]
    let assembly: Assembly
}

extension CheckpointForm {
    /// The form of a checkpoint with the given names, and what they are called in that form.
    ///
    /// Prefixes that wrappers put before every name are taken off: `module.` (data-parallel
    /// training), `model.` (clip_reid), `_orig_mod.` (torch.compile), `text.` (open_clip's models
    /// with their own text tower), and the missing `vision_model.` of a bare vision model is put
    /// there.
    /// - Returns: nil if the names are of no known form; `names` maps the form's names to the
    ///   checkpoint's.
    static func detect(_ stored: [String]) -> (form: CheckpointForm, names: [String: String])? {
        func named(_ rename: (String) -> String) -> [String: String] {
            let names = Dictionary(
                stored.map { (rename($0), $0) }, uniquingKeysWith: { first, _ in first })
            guard names.count < stored.count else { return names }
            // Two tensors would share a name and one be lost: the file's own names show both.
            return Dictionary(stored.map { ($0, $0) }, uniquingKeysWith: { first, _ in first })
        }
        let drop = wrapping(of: stored)
        let bare = stored.map { $0.dropFirst(drop) }
        if bare.contains(where: { $0.hasPrefix("visual.") }) {
            let ownTextTower = bare.contains("text.token_embedding.weight")
            return (
                .openCLIP,
                named { name in
                    let name = name.dropFirst(drop)
                    let isText = ownTextTower && name.hasPrefix("text.")
                    return String(name.dropFirst(isText ? "text.".count : 0))
                }
            )
        }
        if bare.contains(where: { $0.hasPrefix("vision_model.") }) {
            return (.huggingFace, named { String($0.dropFirst(drop)) })
        }
        if bare.contains("patch_embed.proj.weight") || bare.contains("stem.0.weight") {
            return (.timm, named { String($0.dropFirst(drop)) })
        }
        if bare.contains("pre_layrnorm.weight") {
            return (.huggingFace, named { "vision_model.\($0.dropFirst(drop))" })
        }
        return nil
    }

    /// How many characters wrappers put before every name.
    private static func wrapping(of names: [String]) -> Int {
        var length = 0
        while !names.isEmpty,
            let wrapper = ["module.", "model.", "_orig_mod."].first(where: { wrapper in
                names.allSatisfy { $0.dropFirst(length).hasPrefix(wrapper) }
            })
        { length += wrapper.count }
        return length
    }

    /// Whether a tensor takes no part in an embedding and may be dropped: one that only repeats
    /// what the configuration says, and the classifier of ImageNet.
    func isKnownBuffer(_ name: String) -> Bool {
        switch self {
        case .openCLIP, .openAI:
            // The first three are in OpenAI's archives, the mask there (in each block) and in
            // early state dicts.
            ["input_resolution", "context_length", "vocab_size", "attn_mask"].contains(name)
                || name.hasSuffix(".attn_mask")
        case .huggingFace:
            name.hasSuffix(".embeddings.position_ids")
        case .timm:
            // The classifier, which the paper's baselines leave out.
            name.hasPrefix("head.") && !name.hasPrefix("head.norm.")
                || name.hasPrefix("pre_logits.")
        }
    }

    /// How a tensor of the package is made from a checkpoint of this form.
    func recipe(for entry: WeightTable.Entry) -> TensorRecipe {
        switch self {
        case .openCLIP, .openAI, .timm:
            TensorRecipe(
                entry: entry, parts: [.init(name: entry.name, shape: entry.shape)],
                assembly: .copied)
        case .huggingFace:
            huggingFaceRecipe(for: entry)
        }
    }

    private func huggingFaceRecipe(for entry: WeightTable.Entry) -> TensorRecipe {
        if let name = Self.transposedProjections[entry.name] {
            return TensorRecipe(
                entry: entry, parts: [.init(name: name, shape: entry.shape.reversed())],
                assembly: .transposed)
        }
        if let name = Self.plainNames[entry.name] {
            return TensorRecipe(
                entry: entry, parts: [.init(name: name, shape: entry.shape)], assembly: .copied)
        }
        // visual.transformer.resblocks.N.rest or transformer.resblocks.N.rest
        let tower = entry.name.hasPrefix("visual.") ? "vision_model" : "text_model"
        let components = entry.name.split(separator: ".")
        guard let marker = components.firstIndex(of: "resblocks"), marker + 2 < components.count
        else {
            return TensorRecipe(
                entry: entry, parts: [.init(name: entry.name, shape: entry.shape)],
                assembly: .copied)
        }
        let block = "\(tower).encoder.layers.\(components[marker + 1])"
        let rest = components[(marker + 2)...].joined(separator: ".")
        if rest.hasPrefix("attn.in_proj_") {
            let kind = rest.dropFirst("attn.in_proj_".count)
            let shape = [entry.shape[0] / 3] + entry.shape.dropFirst()
            return TensorRecipe(
                entry: entry,
                parts: ["q", "k", "v"].map {
                    .init(name: "\(block).self_attn.\($0)_proj.\(kind)", shape: shape)
                },
                assembly: .joined)
        }
        let name = Self.blockNames.reduce(rest) { name, pair in
            name.hasPrefix(pair.ours) ? pair.theirs + name.dropFirst(pair.ours.count) : name
        }
        return TensorRecipe(
            entry: entry, parts: [.init(name: "\(block).\(name)", shape: entry.shape)],
            assembly: .copied)
    }

    private static let transposedProjections = [
        "visual.proj": "visual_projection.weight",
        "text_projection": "text_projection.weight",
    ]

    private static let plainNames = [
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        // The misspelt name is theirs.
        "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
        "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
        "visual.ln_post.weight": "vision_model.post_layernorm.weight",
        "visual.ln_post.bias": "vision_model.post_layernorm.bias",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
        "ln_final.weight": "text_model.final_layer_norm.weight",
        "ln_final.bias": "text_model.final_layer_norm.bias",
        "logit_scale": "logit_scale",
    ]

    private static let blockNames: [(ours: String, theirs: String)] = [
        ("ln_1.", "layer_norm1."), ("ln_2.", "layer_norm2."), ("mlp.c_fc.", "mlp.fc1."),
        ("mlp.c_proj.", "mlp.fc2."), ("attn.out_proj.", "self_attn.out_proj."),
    ]
}
