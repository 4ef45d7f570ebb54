"""Full-size models of open_clip and timm, stage by stage, for `make parity`.

    python Tools/parity/full_size.py write FOLDER [MODEL...]     weights and stages of each model
    python Tools/parity/full_size.py report FOLDER [--page docs/PARITY.md]

`write` makes, for each model, FOLDER/<name>/ with `weights.safetensors` (seeded random weights,
every one moved away from its initial value), `config.json` (the form of model packages) and
`stages.safetensors` (names and shapes: Tools/reference/clip_models.py and other_models.py) for four
drawn players. The text side is whole in four models, whose texts are compared too; in the others
it is cut to one layer and 512 tokens to keep the files small. The vision side is whole.

The stages are the library's in fp64, rounded for the file: a difference from them is ReIdent's own
error, while one from the library's fp32 would hold the errors of both. How far the library's own
fp32 lies from them goes to `reference.json` and into the tables.

The Swift side (`swift test --filter FullSizeParity` with REIDENT_PARITY_FOLDER=FOLDER) reads them
and writes FOLDER/<name>/differences.json:

    {"stages": [{"stage": "block.0", "max_absolute": ..., "max_relative": ..., "tolerance": ...}],
     "cosine_bf16": ..., "max_unit_embedding_difference": ...,
     "text": {"texts": ..., "max_unit_embedding_difference": ..., "cosine_bf16": ...}}

with the stages named as in stages.safetensors; `max_relative` is the largest difference over the
largest magnitude in the stage, `cosine_bf16` the smallest cosine between its bf16 embedding and
the library's projected one. `report` puts them into the page, where the rows of models that are
not in FOLDER stay as they are, and fails where a limit is broken.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tools"))

MODELS = ["ViT-B-32", "ViT-B-32-quickgelu", "ViT-B-16", "ViT-B-16-quickgelu", "ViT-L-14",
          "ViT-L-14-quickgelu", "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64",
          "vit_base_patch16_224", "vit_large_patch16_224", "convnext_base", "convnext_large"]


def timm_vit(width: int, layers: int) -> dict:
    return {"embed_dim": width, "vision_cfg": {
        "timm_model": "vision_transformer", "image_size": 224, "patch_size": 16,
        "layers": layers, "width": width, "head_width": 64, "mlp_ratio": 4.0}}


def timm_convnext(widths: list[int]) -> dict:
    return {"embed_dim": widths[-1], "vision_cfg": {
        "timm_model": "convnext", "image_size": 224, "layers": [3, 3, 27, 3], "widths": widths}}


# Those whose text side is compared at its full size.
WHOLE_TEXT = ["ViT-B-32", "ViT-B-32-quickgelu", "ViT-L-14", "ViT-L-14-quickgelu"]
TEXT_LENGTHS = [0, 1, 8, 23, 50, 75]  # tokens between start and end
TIMM = {
    "vit_base_patch16_224": timm_vit(768, 12), "vit_large_patch16_224": timm_vit(1024, 24),
    "convnext_base": timm_convnext([128, 256, 512, 1024]),
    "convnext_large": timm_convnext([192, 384, 768, 1536])}
SUMMARY_HEADER = ("| model | unit embedding, largest difference | PyTorch's own fp32 | "
                  "bf16 cosine | PyTorch's own bf16 |")
DETAIL_HEADER = "| model | stage | absolute | relative | PyTorch's own, relative | allowed |"
TEXT_HEADER = ("| model | texts | unit embedding, largest difference | bf16 cosine | "
               "PyTorch's own bf16 |")
LARGEST_UNIT_DIFFERENCE = 2e-5
SMALLEST_COSINE = 0.9995


def exact_stages(stages_of, model, pixels, own: dict) -> tuple[dict, dict]:
    """The stages in fp64, rounded to fp32, and how far these fp32 ones lie from them."""
    whole = own.get("projected", own["features"])
    exact = stages_of(model.double(), pixels.double(), whole.double())
    model.float()  # loses nothing: the weights were fp32
    errors = {}
    for name, expected in exact.items():
        largest = (own[name] - expected).abs().max().item()
        relative = largest / expected.abs().max().item()
        errors[name] = {"max_absolute": largest, "max_relative": relative}
    return {name: stage.float() for name, stage in exact.items()}, errors


def write(folder: pathlib.Path, models: list[str]) -> None:
    import torch

    from reference import clip_models, images, other_models

    for name in models:
        index = MODELS.index(name)
        text_cosine = None
        config = TIMM.get(name) or clip_models.configuration(name)
        pictures = images.drawn_batch(4, config["vision_cfg"]["image_size"])
        pixels = images.normalized(pictures)
        stages = {"pixels_u8": torch.from_numpy(pictures)}
        if name in TIMM:
            model = other_models.build_timm(config, seed=71 + index, classes=10)
            other_models.perturb_timm(model, seed=171 + index)
            pixels = other_models.timm_pixels(config, pictures)
            own = other_models.timm_stages(model, pixels)
            exact, errors = exact_stages(other_models.timm_stages, model, pixels, own)
            stages |= exact
            clip_models.write_model(folder / name, config, model.state_dict(), stages)
            cosine = other_models.bf16_cosine(model, pixels, stages["features"])
        elif other_models.is_resnet(config):
            config["text_cfg"] |= {"layers": 1, "vocab_size": 512}
            model = other_models.build_resnet(config, 71 + index, pixels, gain=0.25)
            own = other_models.resnet_stages(model, pixels)
            exact, errors = exact_stages(other_models.resnet_stages, model, pixels, own)
            stages |= exact
            clip_models.write_model(folder / name, config, model.state_dict(), stages)
            cosine = other_models.bf16_cosine(model, pixels, stages["features"])
        else:
            if name not in WHOLE_TEXT:
                config["text_cfg"] |= {"layers": 1, "vocab_size": 512}
            model = clip_models.build(config, seed=71 + index)
            clip_models.perturb(model, seed=171 + index)
            own = clip_models.vision_stages(model, pixels)
            exact, errors = exact_stages(clip_models.vision_stages, model, pixels, own)
            state = model.state_dict()
            stages |= exact
            stages |= clip_models.bf16_stages(config, state, pixels)
            texts = clip_models.text_stages(
                model.double(), count=len(TEXT_LENGTHS), seed=271 + index, lengths=TEXT_LENGTHS)
            model.float()
            stages |= {name: value.float() if value.is_floating_point() else value
                       for name, value in texts.items()}
            stages |= clip_models.bf16_texts(config, state, stages["tokens"])
            clip_models.write_model(folder / name, config, state, stages)
            cosine = torch.cosine_similarity(
                stages["projected"], stages["projected_bf16"]).min().item()
            text_cosine = torch.cosine_similarity(stages["text"], stages["text_bf16"]).min().item()
        timm = other_models.import_timm()
        note = {"pytorch_cosine_bf16": cosine, "pytorch_text_cosine_bf16": text_cosine,
                "pytorch_fp32": errors,
                "torch": torch.__version__,
                "open_clip": clip_models.open_clip.__version__, "timm": timm.__version__}
        (folder / name / "reference.json").write_text(json.dumps(note) + "\n")
        print(f"{name}: written; PyTorch's own bf16 cosine {cosine:.6f}", file=sys.stderr)


def rule(header: str) -> str:
    """The line below a table's header."""
    return "|" + "---|" * (header.count("|") - 1)


def grouped(stages: list[dict]) -> list[dict]:
    """The blocks as one row: the worst of them."""
    rows, worst, count = [], None, 0
    for stage in stages:
        if not re.fullmatch(r"block\.\d+", stage["stage"]):
            rows.append(stage)
            continue
        count += 1
        if worst is None:
            rows.append(worst := dict(stage))
        elif stage["max_relative"] > worst["max_relative"]:
            worst.update(stage)
    if worst:
        worst["stage"] = f"{count} blocks, worst {worst['stage']}"
    return rows


def report(folder: pathlib.Path, page: pathlib.Path) -> int:
    from parity.markdown import merged_rows, replace_section

    broken, summary, detail, texts, versions = [], [], [], [], {}
    names = [name for name in MODELS if (folder / name / "config.json").exists()]
    for name in names:
        path = folder / name / "differences.json"
        if not path.exists():
            broken.append(f"{name}: no differences.json; the Swift test did not compare it")
            continue
        found = json.loads(path.read_text())
        versions = json.loads((folder / name / "reference.json").read_text())
        unit, cosine = found["max_unit_embedding_difference"], found["cosine_bf16"]
        # Written so that a value which is no number breaks the limit too.
        if not unit <= LARGEST_UNIT_DIFFERENCE:
            broken.append(f"{name}: unit embeddings differ by {unit}")
        if not cosine >= SMALLEST_COSINE:
            broken.append(f"{name}: bf16 cosine {cosine}")
        own = versions["pytorch_fp32"]
        own_unit = max(own[stage]["max_absolute"] for stage in ("features_unit", "projected_unit"))
        for stage in found["stages"]:
            stage["pytorch"] = own[stage["stage"]]["max_relative"]
            if not stage["max_relative"] <= stage["tolerance"]:
                broken.append(f"{name}: {stage['stage']} differs by {stage['max_relative']}")
        summary.append(
            f"| {name} | {unit:.1e} | {own_unit:.1e} | {cosine:.6f} | "
            f"{versions['pytorch_cosine_bf16']:.6f} |")
        for stage in grouped(found["stages"]):
            detail.append(
                f"| {name} | {stage['stage']} | {stage['max_absolute']:.1e} | "
                f"{stage['max_relative']:.1e} | {stage['pytorch']:.1e} | "
                f"{stage['tolerance']:.0e} |")
        text = found.get("text")
        if name in WHOLE_TEXT and text is None:
            broken.append(f"{name}: its texts were not compared")
        if text is None:
            continue
        if not text["max_unit_embedding_difference"] <= LARGEST_UNIT_DIFFERENCE:
            broken.append(f"{name}: texts differ by {text['max_unit_embedding_difference']}")
        if not text["cosine_bf16"] >= SMALLEST_COSINE:
            broken.append(f"{name}: bf16 cosine of texts {text['cosine_bf16']}")
        if name in WHOLE_TEXT:
            texts.append(
                f"| {name} | {text['texts']} | {text['max_unit_embedding_difference']:.1e} | "
                f"{text['cosine_bf16']:.6f} | {versions['pytorch_text_cosine_bf16']:.6f} |")
    timm = f", timm {versions['timm']}" if "timm" in versions else ""
    if summary:
        print("\n".join(summary))
        summary = merged_rows(page, SUMMARY_HEADER, summary, MODELS)
        detail = merged_rows(page, DETAIL_HEADER, detail, MODELS)
        replace_section(page, "parity", "\n".join([
            f"open_clip {versions['open_clip']}{timm} on PyTorch {versions['torch']}, random "
            "weights, four drawn players. Differences are from the library's results in fp64, "
            "rounded to fp32 at the end: they are ReIdent's own error, beside which stands the "
            "library's in fp32. Limits: unit embeddings differ by at most "
            f"{LARGEST_UNIT_DIFFERENCE:.0e} in fp32, cosine at least {SMALLEST_COSINE} in bf16.",
            "", SUMMARY_HEADER, rule(SUMMARY_HEADER), *summary, "",
            "Largest difference in each stage, fp32; relative to the stage's largest magnitude:",
            "", DETAIL_HEADER, rule(DETAIL_HEADER), *detail]))
    if texts:
        print("\n".join(texts))
        texts = merged_rows(page, TEXT_HEADER, texts, MODELS)
        replace_section(page, "texts", "\n".join([
            "Whole text transformers with random weights, random tokens, 2 to 77 of them; "
            "reference and limits as above.", "", TEXT_HEADER, rule(TEXT_HEADER), *texts]))
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if broken or not names else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Full-size parity with open_clip.")
    parser.add_argument("what", choices=["write", "report"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("models", nargs="*", help=f"of {', '.join(MODELS)}")
    parser.add_argument("--page", type=pathlib.Path, default=ROOT / "docs/PARITY.md")
    options = parser.parse_args()
    if options.what == "report":
        return report(options.folder, options.page)
    if unknown := [name for name in options.models if name not in MODELS]:
        parser.error(f"unknown model {', '.join(unknown)}")
    write(options.folder, options.models or MODELS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
