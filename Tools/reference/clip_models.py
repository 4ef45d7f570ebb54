"""open_clip models from a configuration, their stages one by one, and files of both.

Stage names, used in every `stages.safetensors` (fixtures and `make parity` alike). N images, S the
side of the square input, P patches, T = P + 1 tokens, E the transformer's width, D the size of the
projected embedding:

    pixels_u8       [N, S, S, 3] uint8  prepared RGB, before normalisation
    pixels          [N, 3, S, S]        normalised input of the encoder
    patches         [N, P, E]           patch projection, row by row, without positions
    embedded        [N, T, E]           class token in front, positions added, before `ln_pre`
    pre_normalized  [N, T, E]           after `ln_pre`, input of the first block
    block.0 ...     [N, T, E]           output of each block
    features        [N, E]              class token after `ln_post`: the paper's embedding
    projected       [N, D]              features times the visual projection
    features_unit, projected_unit       the same at unit length
    features_bf16, projected_bf16       the same, not at unit length, with weights and activations
                                        in bf16; written as fp32
    tokens          [N, C] int64        token ids, zero padded; the end token is the largest id
    text            [N, D]              projected text embedding
    text_unit       [N, D]              the same at unit length
    text_bf16       [N, D]              the text in bf16, weights and activations; full size only

Everything is fp32 unless it says otherwise.

SPDX-License-Identifier: MIT
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file


def import_open_clip():
    """open_clip, also where torchvision's compiled operators do not fit the installed torch.

    open_clip imports torchvision, which wants to describe two operators of its compiled part; the
    models here use neither. Declaring them by name is enough for the import to succeed.
    """
    try:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import_open_clip.library = library  # the declaration lives as long as this object
    except RuntimeError:
        pass  # the compiled part is there and has declared them
    import open_clip

    return open_clip


open_clip = import_open_clip()


def configuration(name: str) -> dict:
    """open_clip's own configuration of an architecture, by name."""
    return open_clip.get_model_config(name)


def build(config: dict, seed: int | None = None):
    """A model of the configuration with open_clip's initial weights, in evaluation mode."""
    if seed is not None:
        torch.manual_seed(seed)
    return open_clip.CLIP(**config).eval()


def perturb(model, seed: int) -> None:
    """Moves every weight away from values that hide mistakes.

    Fresh models have zero biases, layer-norm gains of one and a small initial spread: a forgotten
    bias or swapped gain would go unseen.
    """
    generator = torch.Generator().manual_seed(seed)

    def noise(parameter):
        return torch.randn(parameter.shape, generator=generator)

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name == "logit_scale":
                continue
            is_norm = ".ln_" in name or name.startswith("ln_")
            if is_norm and name.endswith("weight"):
                parameter.copy_(1 + 0.2 * noise(parameter))
            elif parameter.ndim == 1:
                parameter.add_(0.1 * noise(parameter))
            else:
                parameter.add_(parameter.std() * 0.5 * noise(parameter))


@torch.no_grad()
def vision_stages(
    model, pixels: torch.Tensor, whole: torch.Tensor | None = None
) -> dict[str, torch.Tensor]:
    """Every stage of the vision transformer, computed by open_clip's own modules one after another.

    The end result is checked against `whole`, which `encode_image` gives unless it is known
    already, so the stages cannot drift from the library.
    """
    visual = model.visual
    stages = {"pixels": pixels}
    patches = visual.conv1(pixels).flatten(2).transpose(1, 2)
    stages["patches"] = patches
    class_token = visual.class_embedding.expand(len(pixels), 1, -1)
    stages["embedded"] = torch.cat([class_token, patches], dim=1) + visual.positional_embedding
    stages["pre_normalized"] = hidden = visual.ln_pre(stages["embedded"])
    for index, block in enumerate(visual.transformer.resblocks):
        hidden = block(hidden)
        stages[f"block.{index}"] = hidden
    stages["features"] = visual.ln_post(hidden)[:, 0]
    stages["projected"] = stages["features"] @ visual.proj
    whole = model.encode_image(pixels) if whole is None else whole
    difference = (whole - stages["projected"]).abs().max().item()
    if difference > 1e-4 * whole.abs().max().item():
        raise AssertionError(f"stages end {difference} away from encode_image")
    stages["features_unit"] = F.normalize(stages["features"], dim=-1)
    stages["projected_unit"] = F.normalize(stages["projected"], dim=-1)
    return stages


@torch.no_grad()
def bf16_stages(config: dict, state: dict, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Embeddings with all weights and activations in bf16, by PyTorch's eager operators."""
    model = build(config)
    model.load_state_dict(state)
    model.bfloat16()
    projection = model.visual.proj
    projected = model.visual(pixels.bfloat16())
    model.visual.proj = None
    features = model.visual(pixels.bfloat16())
    model.visual.proj = projection
    return {"features_bf16": features.float(), "projected_bf16": projected.float()}


@torch.no_grad()
def text_stages(
    model, count: int, seed: int, lengths: list[int] | None = None
) -> dict[str, torch.Tensor]:
    """Text embeddings of random token rows; `lengths` counts tokens between start and end."""
    generator = torch.Generator().manual_seed(seed)
    start, end = model.vocab_size - 2, model.vocab_size - 1
    tokens = torch.zeros(count, model.context_length, dtype=torch.int64)
    for row in range(count):
        length = lengths[row] if lengths else 2 + row * 3 % (model.context_length - 3)
        words = torch.randint(1, start, (length,), generator=generator)
        tokens[row, : length + 2] = torch.cat(
            [torch.tensor([start]), words, torch.tensor([end])])
    text = model.encode_text(tokens)
    return {"tokens": tokens, "text": text, "text_unit": F.normalize(text, dim=-1)}


@torch.no_grad()
def bf16_texts(config: dict, state: dict, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    """Text embeddings with all weights and activations in bf16, by PyTorch's eager operators."""
    model = build(config)
    model.load_state_dict(state)
    return {"text_bf16": model.bfloat16().encode_text(tokens).float()}


def write_model(folder: pathlib.Path, config: dict, state: dict, stages: dict) -> None:
    """`weights.safetensors`, `config.json` and `stages.safetensors` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(contiguous(state), folder / "weights.safetensors")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file(contiguous(stages), folder / "stages.safetensors")


def contiguous(tensors: dict) -> dict:
    """Copies without shared storage, as safetensors wants them."""
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
