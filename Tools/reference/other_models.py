"""CLIP's ResNets and timm's encoders of ImageNet, their stages one by one.

Stage names, as in clip_models.py for what they have in common. N images, S the side of the input, C
channels, H x W places, D the size of the features:

    stem                  [N, C, H, W]  after the stem
    layer1 ... layer4     [N, C, H, W]  output of each stage of a ResNet
    stage.0 ... stage.3   [N, C, H, W]  output of each stage of a ConvNeXt
    patches, embedded, block.0 ...      of a vision transformer, as in clip_models.py
    features              [N, D]        the embedding: a ResNet's attention pool, a transformer's
                                        class token or a ConvNeXt's mean after the last norm
    features_unit, projected_unit       both the same at unit length: nothing is projected

SPDX-License-Identifier: MIT
"""

import torch
import torch.nn.functional as F

from reference import clip_models
from reference.images import normalized_bytes

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SYMMETRIC = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def import_timm():
    """timm; like open_clip it imports torchvision, so that comes first."""
    clip_models.import_open_clip()
    import timm

    return timm


def is_resnet(config: dict) -> bool:
    return isinstance(config["vision_cfg"].get("layers"), list) and not is_timm(config)


def is_timm(config: dict) -> bool:
    return "timm_model" in config["vision_cfg"]


@torch.no_grad()
def set_statistics(model, pixels: torch.Tensor, seed: int) -> None:
    """Batch norms with the statistics of a batch, moved away from them.

    So every layer works on numbers near one, and statistics that are forgotten or mixed up show.
    """
    generator = torch.Generator().manual_seed(seed)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    model.train()
    model.visual(pixels)
    model.eval()
    for norm in norms:
        norm.momentum = 0.1
        deviation = norm.running_var.sqrt()
        norm.running_mean.add_(0.2 * deviation * torch.randn(deviation.shape, generator=generator))
        norm.running_var.mul_(0.7 + 0.9 * torch.rand(deviation.shape, generator=generator))
        norm.num_batches_tracked.fill_(7)


def build_resnet(config: dict, seed: int, pixels: torch.Tensor, gain: float = 0.5):
    """A CLIP model with a ResNet, weights and statistics away from their start values.

    `gain` is the mean weight of each block's last batch norm. Random blocks amplify rounding: over
    16 of them with 0.5, PyTorch's own bf16 embedding has a cosine of 0.9991 with the fp32 one.
    """
    model = clip_models.build(config, seed)
    clip_models.perturb(model, seed + 100)
    generator = torch.Generator().manual_seed(seed + 200)
    with torch.no_grad():
        for name, parameter in model.visual.named_parameters():
            if ".bn3.weight" in name:  # zero at the start, then only noise: let blocks count
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.copy_(gain * (1 + 0.4 * noise))
    set_statistics(model, pixels, seed + 300)
    return model


@torch.no_grad()
def resnet_stages(
    model, pixels: torch.Tensor, whole: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """`whole` is what the library gives, where it is known already."""
    visual = model.visual
    stages = {"pixels": pixels, "stem": visual.stem(pixels)}
    hidden = stages["stem"]
    for number in range(1, 5):
        hidden = getattr(visual, f"layer{number}")(hidden)
        stages[f"layer{number}"] = hidden
    stages["features"] = visual.attnpool(hidden)
    return finished(stages, model.encode_image(pixels) if whole is None else whole)


def build_timm(config: dict, seed: int | None = None, classes: int = 0):
    """timm's model of a configuration in ReIdent's form."""
    import_timm()
    vision = config["vision_cfg"]
    if seed is not None:
        torch.manual_seed(seed)
    if vision["timm_model"] == "convnext":
        from timm.models.convnext import ConvNeXt

        model = ConvNeXt(
            depths=tuple(vision["layers"]), dims=tuple(vision["widths"]), num_classes=classes)
    else:
        from timm.models.vision_transformer import VisionTransformer

        model = VisionTransformer(
            img_size=vision["image_size"], patch_size=vision["patch_size"],
            embed_dim=vision["width"], depth=vision["layers"],
            num_heads=vision["width"] // vision["head_width"], mlp_ratio=vision["mlp_ratio"],
            num_classes=classes)
    return model.eval()


@torch.no_grad()
def perturb_timm(model, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name and name.endswith("weight") or name in ("stem.1.weight",) \
                or name.endswith("downsample.0.weight"):
            parameter.copy_(1 + 0.2 * noise)
        elif name.endswith("gamma"):
            parameter.copy_(0.5 + 0.2 * noise)
        elif name in ("cls_token", "pos_embed"):
            parameter.copy_(0.3 * noise)
        elif parameter.ndim == 1:
            parameter.add_(0.1 * noise)
        else:
            fan_in = parameter[0].numel()
            parameter.copy_(noise / fan_in**0.5)


def timm_pixels(config: dict, pictures) -> torch.Tensor:
    """[N, S, S, 3] bytes normalised as the kind of model wants them."""
    mean, deviation = IMAGENET if config["vision_cfg"]["timm_model"] == "convnext" else SYMMETRIC
    return normalized_bytes(torch.as_tensor(pictures), mean, deviation)


@torch.no_grad()
def timm_stages(
    model, pixels: torch.Tensor, whole: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """`whole` is what the library gives, where it is known already."""
    stages = {"pixels": pixels}
    if hasattr(model, "stem"):
        hidden = stages["stem"] = model.stem(pixels)
        for number, stage in enumerate(model.stages):
            hidden = stages[f"stage.{number}"] = stage(hidden)
        stages["features"] = model.forward_head(model.norm_pre(hidden), pre_logits=True)
    else:
        stages["patches"] = model.patch_embed(pixels)
        hidden = stages["embedded"] = model._pos_embed(stages["patches"])
        for number, block in enumerate(model.blocks):
            hidden = stages[f"block.{number}"] = block(hidden)
        stages["features"] = model.norm(hidden)[:, 0]
    if whole is None:
        whole = model.forward_head(model.forward_features(pixels), pre_logits=True)
    return finished(stages, whole)


def finished(stages: dict, whole: torch.Tensor) -> dict:
    """Adds unit lengths, after checking that the stages end where the library does."""
    difference = (whole - stages["features"]).abs().max().item()
    if difference > 1e-4 * whole.abs().max().item():
        raise AssertionError(f"stages end {difference} away from the library")
    unit = F.normalize(stages["features"], dim=-1)
    return stages | {"features_unit": unit, "projected_unit": unit}


@torch.no_grad()
def bf16_cosine(model, pixels: torch.Tensor, features: torch.Tensor) -> float:
    """The smallest cosine of the library's own bf16 features; the weights are rounded afterwards.

    PyTorch's bf16 convolutions take minutes on a CPU. A ResNet's weights and the outputs of all its
    layers are rounded to bf16 instead, while the layers compute in fp32, as processors sum bf16
    products; on RN50 the two cosines are equal to 1e-6.
    """
    def rounded(_module, _inputs, output):
        return output.bfloat16().float() if torch.is_tensor(output) else output

    model.bfloat16()
    pixels = pixels.bfloat16()
    if hasattr(model, "visual"):
        model.float()
        hooks = [module.register_forward_hook(rounded) for module in model.visual.modules()
                 if not list(module.children())]
        found = model.visual(pixels.float())
        for hook in hooks:
            hook.remove()
    else:
        found = model.forward_head(model.forward_features(pixels), pre_logits=True)
    return torch.cosine_similarity(found.float(), features).min().item()
