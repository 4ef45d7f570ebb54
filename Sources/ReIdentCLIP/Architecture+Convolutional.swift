// The known ResNets of CLIP and the encoders of ImageNet that the paper compares CLIP with. Sizes
// are those of open_clip's and timm's configurations, the addresses the weights' owners'.
//
// SPDX-License-Identifier: MIT

extension Architecture {
    /// CLIP's modified ResNets.
    static let resNets: [Architecture] = [
        resNet("RN50", ModifiedResNetConfiguration(), smallText, 1024, yfccAndMore("resnet50")),
        resNet(
            "RN101", ModifiedResNetConfiguration(layers: [3, 4, 23, 3]), smallText, 512,
            yfcc("resnet101")),
        resNet(
            "RN50x4",
            ModifiedResNetConfiguration(imageSize: 288, layers: [4, 6, 10, 6], width: 80),
            plusText, 640, openAI("resnet50x4")),
        resNet(
            "RN50x16",
            ModifiedResNetConfiguration(imageSize: 384, layers: [6, 8, 18, 8], width: 96),
            mediumText, 768, openAI("resnet50x16")),
        resNet(
            "RN50x64",
            ModifiedResNetConfiguration(imageSize: 448, layers: [3, 15, 36, 10], width: 128),
            largeText, 1024, openAI("resnet50x64")),
    ].flatMap { $0 }

    /// The paper's baselines, pre-trained on ImageNet.
    static let imageNet: [Architecture] = [
        imageNet(
            "vit_base_patch16_224",
            .transformer(VisionTransformerConfiguration(family: .timm)),
            [
                hub("ImageNet-21k, ImageNet-1k", "timm/vit_base_patch16_224.augreg2_in21k_ft_in1k"),
                hub("ImageNet-21k, first", "timm/vit_base_patch16_224.augreg_in21k_ft_in1k"),
            ]),
        imageNet(
            "vit_large_patch16_224",
            .transformer(
                VisionTransformerConfiguration(layers: 24, width: 1024, family: .timm)),
            [hub("ImageNet-21k, ImageNet-1k", "timm/vit_large_patch16_224.augreg_in21k_ft_in1k")]),
        imageNet(
            "convnext_base", .convNeXt(ConvNeXtConfiguration()),
            [hub("ImageNet-22k, ImageNet-1k", "timm/convnext_base.fb_in22k_ft_in1k")]),
        imageNet(
            "convnext_large",
            .convNeXt(ConvNeXtConfiguration(widths: [192, 384, 768, 1536])),
            [hub("ImageNet-22k, ImageNet-1k", "timm/convnext_large.fb_in22k_ft_in1k")]),
    ]

    private static func resNet(
        _ name: String, _ vision: ModifiedResNetConfiguration, _ text: TextConfiguration,
        _ embeddingDimension: Int, _ sources: [WeightSource]
    ) -> [Architecture] {
        family(name, .resNet(vision), text, embeddingDimension, [], quick: sources)
    }

    private static func imageNet(
        _ name: String, _ vision: VisionConfiguration, _ sources: [WeightSource]
    ) -> Architecture {
        Architecture(
            name: name,
            configuration: CLIPConfiguration(
                embeddingDimension: vision.imageNetDimension, activation: .gelu, vision: vision,
                text: nil),
            weightSources: sources)
    }

    private static func openAI(_ model: String) -> [WeightSource] {
        [hub("OpenAI", "timm/\(model)_clip.openai")]
    }

    private static func yfcc(_ model: String) -> [WeightSource] {
        openAI(model) + [hub("YFCC-15M", "timm/\(model)_clip.yfcc15m")]
    }

    private static func yfccAndMore(_ model: String) -> [WeightSource] {
        yfcc(model) + [hub("CC-12M", "timm/\(model)_clip.cc12m")]
    }
}
