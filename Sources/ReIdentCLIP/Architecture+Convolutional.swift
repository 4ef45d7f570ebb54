// The known ResNets of CLIP and the encoders of ImageNet that the paper compares CLIP with. Sizes
// are those of open_clip's and timm's configurations.
//
// SPDX-License-Identifier: MIT

extension Architecture {
    /// CLIP's modified ResNets.
    static let resNets: [Architecture] = [
        resNet("RN50", ModifiedResNetConfiguration(), smallText, 1024),
        resNet(
            "RN101", ModifiedResNetConfiguration(layers: [3, 4, 23, 3]), smallText, 512),
        resNet(
            "RN50x4",
            ModifiedResNetConfiguration(imageSize: 288, layers: [4, 6, 10, 6], width: 80),
            plusText, 640),
        resNet(
            "RN50x16",
            ModifiedResNetConfiguration(imageSize: 384, layers: [6, 8, 18, 8], width: 96),
            mediumText, 768),
        resNet(
            "RN50x64",
            ModifiedResNetConfiguration(imageSize: 448, layers: [3, 15, 36, 10], width: 128),
            TextConfiguration(width: 1024, heads: 16, layers: 12), 1024),
    ].flatMap { $0 }

    /// The paper's baselines, pre-trained on ImageNet.
    static let imageNet: [Architecture] = [
        imageNet(
            "vit_base_patch16_224", .transformer(VisionTransformerConfiguration(family: .timm))),
        imageNet(
            "vit_large_patch16_224",
            .transformer(
                VisionTransformerConfiguration(layers: 24, width: 1024, family: .timm))),
        imageNet("convnext_base", .convNeXt(ConvNeXtConfiguration())),
        imageNet(
            "convnext_large",
            .convNeXt(ConvNeXtConfiguration(widths: [192, 384, 768, 1536]))),
    ]

    private static func resNet(
        _ name: String, _ vision: ModifiedResNetConfiguration, _ text: TextConfiguration,
        _ embeddingDimension: Int
    ) -> [Architecture] {
        family(name, .resNet(vision), text, embeddingDimension, hasQuick: true)
    }

    private static func imageNet(_ name: String, _ vision: VisionConfiguration) -> Architecture {
        Architecture(
            name: name,
            configuration: CLIPConfiguration(
                embeddingDimension: vision.imageNetDimension, activation: .gelu, vision: vision,
                text: nil))
    }
}
