// Reads Hugging Face's config.json of a CLIPModel or CLIPVisionModel into a configuration.
// Keys and defaults after huggingface/transformers, models/clip/configuration_clip.py.
//
// SPDX-License-Identifier: MIT

extension CLIPConfiguration {
    /// The configuration a Hugging Face config.json describes.
    ///
    /// What the file leaves out has the defaults of Hugging Face's classes: their activation is
    /// QuickGELU.
    /// - Returns: nil if the file is not one of a CLIP model.
    init?(huggingFace value: JSONValue, file: String) throws(PackageError) {
        guard case .object(let members) = value, case .string(let kind)? = members["model_type"]
        else { return nil }
        let hasBoth: Bool
        switch kind {
        case "clip": hasBoth = true
        case "clip_vision_model": hasBoth = false
        default: return nil
        }
        var vision: ConfigurationSection
        var projection = 512
        var textSection: ConfigurationSection?
        if hasBoth {
            var outer = try ConfigurationSection(value, file: file, path: "")
            projection = try outer.takeSize("projection_dim", fallback: 512)
            vision = try ConfigurationSection(
                outer.take("vision_config") ?? .object([:]), file: file, path: "vision_config")
            textSection = try ConfigurationSection(
                outer.take("text_config") ?? .object([:]), file: file, path: "text_config")
        } else {
            vision = try ConfigurationSection(value, file: file, path: "")
            projection = try vision.takeSize("projection_dim", fallback: 512)
        }
        let activation = try vision.takeActivation()
        let tower = try Tower(&vision, defaults: (width: 768, heads: 12))
        let sizes = VisionTransformerConfiguration(
            imageSize: try vision.takeSize("image_size", fallback: 224),
            patchSize: try vision.takeSize("patch_size", fallback: 32), layers: tower.layers,
            width: tower.width, headWidth: tower.width / tower.heads, mlpRatio: tower.mlpRatio)
        var text: TextConfiguration?
        if var section = textSection {
            let textActivation = try section.takeActivation()
            guard textActivation == activation else {
                throw .invalidConfiguration(
                    file: file,
                    problem: "'text_config.hidden_act' is \"\(textActivation.rawValue)\"",
                    expected: "\"\(activation.rawValue)\" as in 'vision_config'")
            }
            let tower = try Tower(&section, defaults: (width: 512, heads: 8))
            text = TextConfiguration(
                contextLength: try section.takeSize("max_position_embeddings", fallback: 77),
                vocabularySize: try section.takeSize(
                    "vocab_size", fallback: 49408, atMost: 1 << 24),
                width: tower.width, heads: tower.heads, layers: tower.layers,
                mlpRatio: tower.mlpRatio)
        }
        self.init(
            embeddingDimension: projection, activation: activation, vision: .transformer(sizes),
            text: text)
    }

    /// What both of Hugging Face's towers have.
    private struct Tower {
        let width: Int
        let heads: Int
        let layers: Int
        let mlpRatio: Double

        init(
            _ section: inout ConfigurationSection, defaults: (width: Int, heads: Int)
        ) throws(PackageError) {
            width = try section.takeSize("hidden_size", fallback: defaults.width)
            heads = try section.takeSize("num_attention_heads", fallback: defaults.heads)
            guard width.isMultiple(of: heads) else {
                throw .invalidConfiguration(
                    file: section.file, problem: "'\(section.path).hidden_size' is \(width)",
                    expected: "a multiple of the heads, \(heads)")
            }
            layers = try section.takeSize("num_hidden_layers", fallback: 12, atMost: 1000)
            let inner = try section.takeSize("intermediate_size", fallback: 4 * defaults.width)
            mlpRatio = Double(inner) / Double(width)
            try section.requireNeutral(["layer_norm_eps"], orOneOf: [.number(1e-5)])
        }
    }

    /// One setting in which two configurations differ.
    struct Difference: Equatable {
        let setting: String
        let found: String
        let expected: String
    }

    /// Where this configuration differs from the one a model is to be built by.
    ///
    /// - Parameters:
    ///   - expected: The configuration a model is to be built by.
    ///   - ignoringImageSize: Whether the image size may differ.
    /// - Returns: The settings that differ, the activation first.
    func differences(
        from expected: CLIPConfiguration, ignoringImageSize: Bool
    ) -> [Difference] {
        var result: [Difference] = []
        func compare(_ setting: String, _ found: Int, _ expected: Int) {
            guard found != expected else { return }
            result.append(
                Difference(setting: setting, found: "\(found)", expected: "\(expected)"))
        }
        func compareLists(_ setting: String, _ found: [Int], _ expected: [Int]) {
            guard found != expected else { return }
            result.append(
                Difference(setting: setting, found: "\(found)", expected: "\(expected)"))
        }
        if activation != expected.activation {
            result.append(
                Difference(
                    setting: "the activation", found: activation.title,
                    expected: expected.activation.title))
        }
        if !ignoringImageSize {
            compare("the image size", imageSize, expected.imageSize)
        }
        switch (vision, expected.vision) {
        case (.transformer(let found), .transformer(let expected)):
            compare("the patch size", found.patchSize, expected.patchSize)
            compare("the width", found.width, expected.width)
            compare("the number of blocks", found.layers, expected.layers)
            compare("the number of attention heads", found.heads, expected.heads)
            compare("the perceptron's width", found.mlpWidth, expected.mlpWidth)
        case (.resNet(let found), .resNet(let expected)):
            compare("the width", found.width, expected.width)
            compare("the number of the pool's heads", found.heads, expected.heads)
            compareLists("the number of blocks", found.layers, expected.layers)
        case (.convNeXt(let found), .convNeXt(let expected)):
            compareLists("the number of blocks", found.layers, expected.layers)
            compareLists("the widths", found.widths, expected.widths)
        default:
            result.append(
                Difference(
                    setting: "the image encoder", found: vision.title,
                    expected: expected.vision.title))
        }
        if let found = text, let expected = expected.text {
            compare("the text's number of attention heads", found.heads, expected.heads)
        }
        return result
    }
}

extension ConfigurationSection {
    fileprivate mutating func takeActivation() throws(PackageError) -> Activation {
        guard let name = try takeText("hidden_act") else { return .quickGELU }
        guard let activation = Activation(rawValue: name) else {
            throw .unsupportedOption(
                file: file, key: path.isEmpty ? "hidden_act" : "\(path).hidden_act",
                value: "\"\(name)\"")
        }
        return activation
    }
}
