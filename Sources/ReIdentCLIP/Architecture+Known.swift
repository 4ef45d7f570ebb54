// The table of the known architectures. Their sizes are those of open_clip's model configurations
// (mlfoundations/open_clip, src/open_clip/model_configs), the addresses the weights' owners'.
//
// SPDX-License-Identifier: MIT

extension Architecture {
    /// Every architecture with a name: CLIP's transformers and ResNets, small to large, and those of
    /// ImageNet.
    public static let known: [Architecture] = transformers + resNets + imageNet

    /// CLIP's vision transformers.
    private static let transformers: [Architecture] = [
        family("ViT-B-32", base(patch: 32), smallText, 512, laionB32, quick: openAIB32),
        family("ViT-B-32-256", base(patch: 32, image: 256), smallText, 512, dataCompB32),
        family("ViT-B-16", base(patch: 16), smallText, 512, laionB16, quick: openAIB16),
        family("ViT-B-16-plus-240", basePlus, plusText, 640, laionB16Plus),
        family("ViT-L-14", large(), mediumText, 768, laionL14, quick: openAIL14),
        family("ViT-L-14-280", large(image: 280), mediumText, 768, []),
        family("ViT-L-14-336", large(image: 336), mediumText, 768, [], quick: openAIL14At336),
        family("ViT-H-14", huge(), largeText, 1024, laionH14, quick: appleH14),
        family("ViT-H-14-378", huge(image: 378), largeText, 1024, [], quick: appleH14At378),
        family("ViT-g-14", giant, largeText, 1024, laionG14),
        family("ViT-bigG-14", bigGiant, giantText, 1280, laionBigG14, quick: metaBigG14),
    ].flatMap { $0 }

    private static func family(
        _ name: String, _ vision: VisionTransformerConfiguration, _ text: TextConfiguration,
        _ embeddingDimension: Int, _ sources: [WeightSource], quick: [WeightSource]? = nil
    ) -> [Architecture] {
        family(name, .transformer(vision), text, embeddingDimension, sources, quick: quick)
    }

    static func family(
        _ name: String, _ vision: VisionConfiguration, _ text: TextConfiguration,
        _ embeddingDimension: Int, _ sources: [WeightSource], quick: [WeightSource]? = nil
    ) -> [Architecture] {
        let plain = CLIPConfiguration(
            embeddingDimension: embeddingDimension, activation: .gelu, vision: vision, text: text)
        var members = [
            Architecture(name: name, configuration: plain, weightSources: sources)
        ]
        if let quick {
            var configuration = plain
            configuration.activation = .quickGELU
            members.append(
                Architecture(
                    name: "\(name)-quickgelu", configuration: configuration, weightSources: quick))
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

// Where weights come from. The OpenAI weights also exist as .pt archives of their first release;
// the safetensors files below hold the same numbers.

func hub(_ title: String, _ repository: String) -> Architecture.WeightSource {
    Architecture.WeightSource(title: title, address: "https://huggingface.co/\(repository)")
}

private let openAIB32 = [hub("OpenAI", "openai/clip-vit-base-patch32")]
private let openAIB16 = [hub("OpenAI", "openai/clip-vit-base-patch16")]
private let openAIL14 = [
    hub("OpenAI", "openai/clip-vit-large-patch14"), hub("DFN-2B", "apple/DFN2B-CLIP-ViT-L-14"),
]
private let openAIL14At336 = [hub("OpenAI", "openai/clip-vit-large-patch14-336")]
private let laionB32 = [
    hub("LAION-2B", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
    hub("DataComp-XL", "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K"),
]
private let dataCompB32 = [hub("DataComp", "laion/CLIP-ViT-B-32-256x256-DataComp-s34B-b86K")]
private let laionB16 = [
    hub("LAION-2B", "laion/CLIP-ViT-B-16-laion2B-s34B-b88K"),
    hub("DataComp-XL", "laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K"),
]
private let laionB16Plus = [
    hub("LAION-400M", "timm/vit_base_patch16_plus_clip_240.laion400m_e31")
]
private let laionL14 = [
    hub("LAION-2B", "laion/CLIP-ViT-L-14-laion2B-s32B-b82K"),
    hub("DataComp-XL", "laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K"),
]
private let laionH14 = [hub("LAION-2B", "laion/CLIP-ViT-H-14-laion2B-s32B-b79K")]
private let appleH14 = [hub("DFN-5B", "apple/DFN5B-CLIP-ViT-H-14")]
private let appleH14At378 = [hub("DFN-5B", "apple/DFN5B-CLIP-ViT-H-14-378")]
private let laionG14 = [
    hub("LAION-2B", "laion/CLIP-ViT-g-14-laion2B-s34B-b88K"),
    hub("LAION-2B, shorter", "laion/CLIP-ViT-g-14-laion2B-s12B-b42K"),
]
private let laionBigG14 = [hub("LAION-2B", "laion/CLIP-ViT-bigG-14-laion2B-39B-b160k")]
private let metaBigG14 = [hub("MetaCLIP", "timm/vit_gigantic_patch14_clip_224.metaclip_2pt5b")]
