// The image encoders of configuration files: `layers` is a number for a vision transformer and four
// numbers for CLIP's ResNet, as open_clip has it; `timm_model` is this package's own key for the
// encoders of timm and says which kind of them the sizes belong to.
//
// SPDX-License-Identifier: MIT

extension VisionConfiguration {
    /// The kinds of encoders of timm that are known, as `timm_model` names them.
    private enum TimmModel: String, CaseIterable {
        case visionTransformer = "vision_transformer"
        case convNeXt = "convnext"
    }

    init(_ given: ConfigurationSection) throws(PackageError) {
        var section = given
        if let name = section.take("timm_model_name") {
            throw .unsupportedOption(
                file: section.file, key: "\(section.path).timm_model_name", value: name.shown)
        }
        if let kind = try section.takeText("timm_model") {
            switch TimmModel(rawValue: kind) {
            case .visionTransformer:
                var sizes = try VisionTransformerConfiguration(section)
                sizes.family = .timm
                self = .transformer(sizes)
            case .convNeXt: self = .convNeXt(try ConvNeXtConfiguration(section))
            case nil:
                throw .invalidConfiguration(
                    file: section.file, problem: "'\(section.path).timm_model' is \"\(kind)\"",
                    expected: TimmModel.allCases.map { "\"\($0.rawValue)\"" }
                        .joined(separator: " or "))
            }
            return
        }
        var copy = section
        if let layers = copy.take("layers"), case .array = layers {
            self = .resNet(try ModifiedResNetConfiguration(section))
        } else {
            self = .transformer(try VisionTransformerConfiguration(section))
        }
    }

    /// The sizes in open_clip's form.
    var jsonMembers: [String: JSONValue] {
        func list(_ numbers: [Int]) -> JSONValue { .array(numbers.map { .integer($0) }) }
        switch self {
        case .transformer(let sizes):
            var members: [String: JSONValue] = [
                "image_size": .integer(sizes.imageSize), "patch_size": .integer(sizes.patchSize),
                "layers": .integer(sizes.layers), "width": .integer(sizes.width),
                "head_width": .integer(sizes.headWidth), "mlp_ratio": .number(sizes.mlpRatio),
            ]
            if sizes.family == .timm {
                members["timm_model"] = .string(TimmModel.visionTransformer.rawValue)
            }
            return members
        case .resNet(let sizes):
            return [
                "image_size": .integer(sizes.imageSize), "layers": list(sizes.layers),
                "width": .integer(sizes.width), "head_width": .integer(sizes.headWidth),
                "patch_size": .null,
            ]
        case .convNeXt(let sizes):
            return [
                "timm_model": .string(TimmModel.convNeXt.rawValue),
                "image_size": .integer(sizes.imageSize), "layers": list(sizes.layers),
                "widths": list(sizes.widths),
            ]
        }
    }
}

extension ModifiedResNetConfiguration {
    fileprivate init(_ given: ConfigurationSection) throws(PackageError) {
        var section = given
        let defaults = ModifiedResNetConfiguration()
        imageSize = try section.takeSquare("image_size", fallback: defaults.imageSize)
        layers = try section.takeStages("layers", fallback: defaults.layers, atMost: 1000)
        width = try section.takeSize("width", fallback: defaults.width, atMost: 1 << 12)
        headWidth = try section.takeSize("head_width", fallback: defaults.headWidth)
        guard width.isMultiple(of: 2) else {
            throw .invalidConfiguration(
                file: section.file, problem: "'\(section.path).width' is \(width)",
                expected: "an even number: the stem begins with half of it")
        }
        guard poolWidth % headWidth == 0 else {
            throw .invalidConfiguration(
                file: section.file, problem: "'\(section.path).head_width' is \(headWidth)",
                expected: "a divisor of 32 times the width, \(poolWidth)")
        }
        try section.requireMultiple(of: Self.reduction, imageSize)
        // A ResNet has neither patches nor perceptrons; files write these all the same.
        section.ignore(["patch_size", "mlp_ratio", "patch_dropout", "output_tokens"])
        section.ignore(["timm_pool", "timm_proj", "timm_model_pretrained"])
        try section.finish()
    }
}

extension ConvNeXtConfiguration {
    fileprivate init(_ given: ConfigurationSection) throws(PackageError) {
        var section = given
        let defaults = ConvNeXtConfiguration()
        imageSize = try section.takeSquare("image_size", fallback: defaults.imageSize)
        layers = try section.takeStages("layers", fallback: defaults.layers, atMost: 1000)
        widths = try section.takeStages("widths", fallback: defaults.widths, atMost: 1 << 14)
        try section.requireMultiple(of: Self.reduction, imageSize)
        try section.finish()
    }
}

extension ConfigurationSection {
    /// Takes four numbers, one a stage.
    fileprivate mutating func takeStages(
        _ key: String, fallback: [Int], atMost: Int
    ) throws(PackageError) -> [Int] {
        guard let value = take(key) else { return fallback }
        let expected = "four whole numbers from 1 to \(atMost)"
        guard case .array(let elements) = value, elements.count == 4 else {
            throw invalid(key, value, expected: expected)
        }
        var numbers: [Int] = []
        for element in elements {
            guard case .integer(let number) = element, (1...atMost).contains(number) else {
                throw invalid(key, value, expected: expected)
            }
            numbers.append(number)
        }
        return numbers
    }

    fileprivate func requireMultiple(of unit: Int, _ imageSize: Int) throws(PackageError) {
        guard imageSize.isMultiple(of: unit) else {
            throw .invalidConfiguration(
                file: file, problem: "'\(path).image_size' is \(imageSize)",
                expected: "a multiple of \(unit)")
        }
    }
}
