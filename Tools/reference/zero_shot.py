"""A zero-shot classifier of open_clip: prompts in words, logits of images.

`prompts.json` [[...], ...]: for each class its prompts. `zero_shot.safetensors`:

    pixels_u8  [N, S, S, 3] uint8  prepared RGB, before normalisation
    logits     [N, K]              of every image for every class

SPDX-License-Identifier: MIT
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from reference import clip_models, images

TEMPLATES = [
    "a photo of a player with the number {} on the shirt",
    "a player in a shirt with number {}.",
    "a cropped photo of a basketball player, number {}",
]
NUMBERS = [str(number) for number in range(100)] + ["00"]


def tokenizer_of(vocabulary: pathlib.Path, context_length: int):
    """open_clip's tokenizer on a vocabulary, packed by gzip."""
    return clip_models.open_clip.tokenizer.SimpleTokenizer(
        bpe_path=str(vocabulary), context_length=context_length)


@torch.no_grad()
def logits(model, tokenizer, pictures, classes: list[str]) -> torch.Tensor:
    """Logits of prepared pictures, by open_clip's own classifier and the model's scale."""
    classifier = clip_models.open_clip.build_zero_shot_classifier(
        model, tokenizer, classes, TEMPLATES, num_classes_per_batch=16)
    pixels = images.normalized(pictures)
    features = torch.cat([F.normalize(model.encode_image(part), dim=-1)
                          for part in pixels.split(10)])
    return model.logit_scale.exp() * features @ classifier


def write(folder: pathlib.Path, config: dict, model, tokenizer, count: int,
          classes: list[str]) -> None:
    """Weights, configuration, prompts, pictures and logits."""
    with torch.no_grad():
        model.logit_scale.fill_(torch.log(torch.tensor(100.0)))  # CLIP's own models end there
    pictures = images.drawn_batch(count, config["vision_cfg"]["image_size"])
    found = logits(model, tokenizer, pictures, classes)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(clip_models.contiguous(model.state_dict()), folder / "weights.safetensors")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    prompts = [[template.format(name) for template in TEMPLATES] for name in classes]
    (folder / "prompts.json").write_text(json.dumps(prompts) + "\n")
    save_file({"pixels_u8": torch.from_numpy(pictures), "logits": found.contiguous()},
              folder / "zero_shot.safetensors")
