"""Zero-shot logits of a full-size model with random weights, beside open_clip's.

    python Tools/parity/zero_shot.py write FOLDER              ViT-B-32, 101 numbers, 50 crops
    python Tools/parity/zero_shot.py report FOLDER [--page docs/PARITY.md]

`write` makes FOLDER/zero-shot (files: Tools/reference/zero_shot.py), with CLIP's vocabulary beside
the weights; both sides start from the prompts in words. The Swift side
(`swift test --filter FullSizeZeroShot` with REIDENT_PARITY_FOLDER=FOLDER) writes
FOLDER/zero-shot/differences.json: {"images", "classes", "max_logit_difference", "allowed"}.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tools"))

MODEL = "ViT-B-32"
LARGEST_DIFFERENCE = 1e-4


def write(folder: pathlib.Path) -> None:
    from reference import clip_models, zero_shot

    config = clip_models.configuration(MODEL)
    model = clip_models.build(config, seed=91)
    clip_models.perturb(model, seed=191)
    vocabulary = pathlib.Path(clip_models.open_clip.tokenizer.default_bpe())
    tokenizer = zero_shot.tokenizer_of(vocabulary, config["text_cfg"].get("context_length", 77))
    zero_shot.write(folder / "zero-shot", config, model, tokenizer, 50, zero_shot.NUMBERS)
    shutil.copy(vocabulary, folder / "zero-shot" / vocabulary.name)
    print(f"{MODEL}: zero-shot logits written", file=sys.stderr)


def report(folder: pathlib.Path, page: pathlib.Path) -> int:
    from parity.markdown import replace_section

    found = json.loads((folder / "zero-shot" / "differences.json").read_text())
    difference = found["max_logit_difference"]
    row = (f"| {MODEL} | {found['images']} | {found['classes']} | {difference:.1e} | "
           f"{LARGEST_DIFFERENCE:.0e} |")
    replace_section(page, "zero-shot", "\n".join([
        "Random weights, a logit scale of 100, three prompts a class from words to logits, beside "
        "open_clip's `build_zero_shot_classifier` and tokenizer:", "",
        "| model | crops | classes | logits, largest difference | allowed |",
        "|---|---|---|---|---|", row]))
    print(row)
    if not difference <= LARGEST_DIFFERENCE:
        print(f"{MODEL}: zero-shot logits differ by {difference}", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Zero-shot parity with open_clip.")
    parser.add_argument("what", choices=["write", "report"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--page", type=pathlib.Path, default=ROOT / "docs/PARITY.md")
    options = parser.parse_args()
    if options.what == "report":
        return report(options.folder, options.page)
    write(options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
