// The table of the known architectures. Their sizes are those of open_clip's model configurations
// (mlfoundations/open_clip, src/open_clip/model_configs).
//
// SPDX-License-Identifier: MIT

extension Architecture {
    /// Every architecture with a name: CLIP's transformers and ResNets, small to large, and
    /// those of ImageNet.
    public static let known: [Architecture] = transformers + resNets + imageNet

    /// CLIP's vision transformers.
    private static let transformers: [Architecture] = [
        family("ViT-B-32", base(patch: 32), smallText, 512, hasQuick: true),
        family("ViT-B-32-256", base(patch: 32, image: 256), smallText, 512),
        family("ViT-B-16", base(patch: 16), smallText, 512, hasQuick: true),
        family("ViT-B-16-plus-240", basePlus, plusText, 640),
        family("ViT-L-14", large(), mediumText, 768, hasQuick: true),
        family("ViT-L-14-280", large(image: 280), mediumText, 768),
        family("ViT-L-14-336", large(image: 336), mediumText, 768, hasQuick: true),
        family("ViT-H-14", huge(), largeText, 1024, hasQuick: true),
        family("ViT-H-14-378", huge(image: 378), largeText, 1024, hasQuick: true),
        family("ViT-g-14", giant, largeText, 1024),
        family("ViT-bigG-14", bigGiant, giantText, 1280, hasQuick: true),
    ].flatMap { $0 }

    private static func family(
        _ name: String, _ vision: VisionTransformerConfiguration, _ text: TextConfiguration,
        _ embeddingDimension: Int, hasQuick: Bool = false
    ) -> [Architecture] {
        family(name, .transformer(vision), text, embeddingDimension, hasQuick: hasQuick)
    }

    static func family(
        _ name: String, _ vision: VisionConfiguration, _ text: TextConfiguration,
        _ embeddingDimension: Int, hasQuick: Bool = false
    ) -> [Architecture] {
        let plain = CLIPConfiguration(
            embeddingDimension: embeddingDimension, activation: .gelu, vision: vision, text: text)
        var members = [Architecture(name: name, configuration: plain)]
        if hasQuick {
            var configuration = plain
            configuration.activation = .quickGELU
            members.append(Architecture(name: "\(name)-quickgelu", configuration: configuration))
        }
        return members
    }
}

// The vision transformers.

private func base(patch: Int, image: Int = 224) -> VisionTransformerConfiguration {
    VisionTransformerConfiguration(imageSize: image, patchSize: patch, layers: 12, width: 768)
}

private func large(image: Int = 224) -> VisionTransformerConfiguration {
    VisionTransformerConfiguration(imageSize: image, patchSize: 14, layers: 24, width: 1024)
}

private func huge(image: Int = 224) -> VisionTransformerConfiguration {
    VisionTransformerConfiguration(
        imageSize: image, patchSize: 14, layers: 32, width: 1280, headWidth: 80)
}

private let basePlus = VisionTransformerConfiguration(
    imageSize: 240, patchSize: 16, layers: 12, width: 896)
private let giant = VisionTransformerConfiguration(
    imageSize: 224, patchSize: 14, layers: 40, width: 1408, headWidth: 88, mlpRatio: 4.3637)
private let bigGiant = VisionTransformerConfiguration(
    imageSize: 224, patchSize: 14, layers: 48, width: 1664, headWidth: 104, mlpRatio: 4.9231)

// The text transformers.

let smallText = TextConfiguration(width: 512, heads: 8, layers: 12)
let plusText = TextConfiguration(width: 640, heads: 10, layers: 12)
let mediumText = TextConfiguration(width: 768, heads: 12, layers: 12)
let largeText = TextConfiguration(width: 1024, heads: 16, layers: 24)
private let giantText = TextConfiguration(width: 1280, heads: 20, layers: 32)
