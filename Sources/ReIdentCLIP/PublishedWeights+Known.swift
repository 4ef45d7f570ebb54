// The weights that are known: OpenAI's archives, whose addresses hold their SHA-256
// (openai/CLIP, clip/clip.py), those of open_clip by its names (mlfoundations/open_clip,
// src/open_clip/pretrained.py), timm's of ImageNet (huggingface/pytorch-image-models), and
// CLIP-ReIdent's checkpoints (KonradHabel/clip_reid, README).
//
// SPDX-License-Identifier: MIT

import ReIdentFiles
import ReIdentImages

extension PublishedWeights {
    /// Everything that can be fetched by name, OpenAI's first.
    public static let known: [PublishedWeights] = openAI + openCLIP + imageNet + [clipReIdent]

    // MARK: OpenAI

    private static let openAI = [
        archive("RN50", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"),
        archive("RN101", "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599"),
        archive("RN50x4", "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd"),
        archive("RN50x16", "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa"),
        archive("RN50x64", "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c"),
        archive(
            "ViT-B-32", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",
            aliases: ["ViT-B/32"]),
        archive(
            "ViT-B-16", "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f",
            aliases: ["ViT-B/16"]),
        archive(
            "ViT-L-14", "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836",
            aliases: ["ViT-L/14"]),
        archive(
            "ViT-L-14-336", "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02",
            aliases: ["ViT-L/14@336px", "ViT-L-14-336px"], fileName: "ViT-L-14-336px.pt"),
    ]

    private static func archive(
        _ name: String, _ digest: String, aliases: [String] = [], fileName: String? = nil
    ) -> PublishedWeights {
        let fileName = fileName ?? "\(name).pt"
        return PublishedWeights(
            name: name, aliases: aliases, title: "OpenAI", architecture: "\(name)-quickgelu",
            normalization: nil, page: "https://github.com/openai/CLIP",
            address: "https://openaipublic.azureedge.net/clip/models/\(digest)/\(fileName)",
            fileName: fileName, digest: PublishedDigest(.sha256, digest), remark: nil)
    }

    // MARK: open_clip

    private static let openCLIP = [
        hub("RN50:openai", "OpenAI", "timm/resnet50_clip.openai", quick: true),
        hub("RN101:openai", "OpenAI", "timm/resnet101_clip.openai", quick: true),
        hub("RN50x4:openai", "OpenAI", "timm/resnet50x4_clip.openai", quick: true),
        hub("RN50x16:openai", "OpenAI", "timm/resnet50x16_clip.openai", quick: true),
        hub("RN50x64:openai", "OpenAI", "timm/resnet50x64_clip.openai", quick: true),
        hub("ViT-B-32:openai", "OpenAI", "timm/vit_base_patch32_clip_224.openai", quick: true),
        hub(
            "ViT-B-32:laion400m_e32", "LAION-400M", "timm/vit_base_patch32_clip_224.laion400m_e32",
            quick: true),
        hub(
            "ViT-B-32:metaclip_fullcc", "MetaCLIP", "timm/vit_base_patch32_clip_224.metaclip_2pt5b",
            quick: true),
        hub("ViT-B-32:laion2b_s34b_b79k", "LAION-2B", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        hub(
            "ViT-B-32:datacomp_xl_s13b_b90k", "DataComp-XL",
            "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K"),
        hub(
            "ViT-B-32-256:datacomp_s34b_b86k", "DataComp",
            "laion/CLIP-ViT-B-32-256x256-DataComp-s34B-b86K"),
        hub("ViT-B-16:openai", "OpenAI", "timm/vit_base_patch16_clip_224.openai", quick: true),
        hub("ViT-B-16:dfn2b", "DFN-2B", "apple/DFN2B-CLIP-ViT-B-16", quick: true),
        hub(
            "ViT-B-16:metaclip_fullcc", "MetaCLIP", "timm/vit_base_patch16_clip_224.metaclip_2pt5b",
            quick: true),
        hub("ViT-B-16:laion400m_e32", "LAION-400M", "timm/vit_base_patch16_clip_224.laion400m_e32"),
        hub("ViT-B-16:laion2b_s34b_b88k", "LAION-2B", "laion/CLIP-ViT-B-16-laion2B-s34B-b88K"),
        hub(
            "ViT-B-16:datacomp_xl_s13b_b90k", "DataComp-XL",
            "laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K"),
        hub(
            "ViT-B-16-plus-240:laion400m_e31", "LAION-400M",
            "timm/vit_base_patch16_plus_clip_240.laion400m_e31"),
        hub("ViT-L-14:openai", "OpenAI", "timm/vit_large_patch14_clip_224.openai", quick: true),
        hub("ViT-L-14:dfn2b", "DFN-2B", "apple/DFN2B-CLIP-ViT-L-14", quick: true),
        hub(
            "ViT-L-14:metaclip_fullcc", "MetaCLIP",
            "timm/vit_large_patch14_clip_224.metaclip_2pt5b", quick: true),
        hub(
            "ViT-L-14:laion400m_e32", "LAION-400M",
            "timm/vit_large_patch14_clip_224.laion400m_e32"),
        hub(
            "ViT-L-14:laion2b_s32b_b82k", "LAION-2B", "laion/CLIP-ViT-L-14-laion2B-s32B-b82K",
            pixels: .symmetric),
        hub(
            "ViT-L-14:datacomp_xl_s13b_b90k", "DataComp-XL",
            "laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K"),
        hub("ViT-L-14-336:openai", "OpenAI", "timm/vit_large_patch14_clip_336.openai", quick: true),
        hub("ViT-H-14:laion2b_s32b_b79k", "LAION-2B", "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"),
        hub("ViT-H-14:dfn5b", "DFN-5B", "apple/DFN5B-CLIP-ViT-H-14", quick: true),
        hub(
            "ViT-H-14:metaclip_fullcc", "MetaCLIP", "timm/vit_huge_patch14_clip_224.metaclip_2pt5b",
            quick: true),
        hub("ViT-H-14-378:dfn5b", "DFN-5B", "apple/DFN5B-CLIP-ViT-H-14-378", quick: true),
        hub("ViT-g-14:laion2b_s34b_b88k", "LAION-2B", "laion/CLIP-ViT-g-14-laion2B-s34B-b88K"),
        hub(
            "ViT-g-14:laion2b_s12b_b42k", "LAION-2B, shorter",
            "laion/CLIP-ViT-g-14-laion2B-s12B-b42K"),
        hub(
            "ViT-bigG-14:laion2b_s39b_b160k", "LAION-2B",
            "laion/CLIP-ViT-bigG-14-laion2B-39B-b160k"),
        hub(
            "ViT-bigG-14:metaclip_fullcc", "MetaCLIP",
            "timm/vit_gigantic_patch14_clip_224.metaclip_2pt5b", quick: true),
    ]

    /// Weights on the Hugging Face hub, which names a large file's SHA-256 in its answer.
    private static func hub(
        _ name: String, _ title: String, _ repository: String, quick: Bool = false,
        pixels: PixelNormalization.Name? = nil, file: String = "open_clip_model.safetensors"
    ) -> PublishedWeights {
        let model = String(name.prefix { $0 != ":" })
        let page = "https://huggingface.co/\(repository)"
        return PublishedWeights(
            name: name, aliases: [repository], title: title,
            architecture: quick ? "\(model)-quickgelu" : model, normalization: pixels, page: page,
            address: "\(page)/resolve/main/\(file)",
            fileName: name.replacing(":", with: "-") + ".safetensors", digest: nil, remark: nil)
    }

    // MARK: ImageNet

    private static let imageNet = [
        timm("vit_base_patch16_224", "augreg2_in21k_ft_in1k", "ImageNet-21k, ImageNet-1k"),
        timm("vit_base_patch16_224", "augreg_in21k_ft_in1k", "ImageNet-21k, ImageNet-1k, first"),
        timm("vit_large_patch16_224", "augreg_in21k_ft_in1k", "ImageNet-21k, ImageNet-1k"),
        timm("convnext_base", "fb_in22k_ft_in1k", "ImageNet-22k, ImageNet-1k"),
        timm("convnext_large", "fb_in22k_ft_in1k", "ImageNet-22k, ImageNet-1k"),
    ]

    /// Weights of timm, by its names.
    private static func timm(
        _ model: String, _ weights: String, _ title: String
    ) -> PublishedWeights {
        hub("\(model):\(weights)", title, "timm/\(model).\(weights)", file: "model.safetensors")
    }

    // MARK: CLIP-ReIdent

    private static let clipReIdent = PublishedWeights(
        name: "clip_reid", aliases: ["CLIP-ReIdent"], title: "CLIP-ReIdent's checkpoints",
        architecture: nil, normalization: nil,
        page: "https://github.com/KonradHabel/clip_reid",
        address: "https://drive.usercontent.google.com/download"
            + "?id=1Gm5J19okhLdnZTQLUsjfYoI0rwrLQ09i&export=download&confirm=t",
        fileName: "clip_reid-checkpoints.zip", digest: nil,
        remark: "A zip of several checkpoints, about 3.6 GB. Unpack it and import the one you "
            + "want: reident models import weights_e4.pth --arch ViT-L-14-quickgelu --out PACKAGE")
}
