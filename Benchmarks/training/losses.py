"""How far the losses of a training in bf16 are from fp32's: ReIdent's and PyTorch's.

    venv/bin/python Benchmarks/training/losses.py DATASET PACKAGE [--steps 200] [--batch-size 8]
        [--only REGEX]

DATASET is a folder in Market-1501's form, PACKAGE one of a CLIP transformer, whose weights every
training starts from. All take the same batches of the recipe (steps.py has it). Compared are
PyTorch under bf16's autocast with PyTorch in fp32, ReIdent in bf16 with ReIdent in fp32, by all
and by content tokens, and the two libraries in fp32 with each other: what only another order of
sums does. The table has, in percent, what the means of all steps differ by, and the most that
means of 50, 20 and 10 steps in a row and single steps do.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import steps  # noqa: E402

COMPARED = [("pytorch-bf16", "pytorch-fp32"), ("reident-bf16", "reident-fp32"),
            ("reident-bf16-content", "reident-fp32-content"), ("reident-fp32", "pytorch-fp32"),
            ("reident-bf16", "pytorch-fp32")]
WINDOWS = [50, 20, 10, 1]


def difference(losses: list[float], others: list[float], window: int) -> float:
    """The most by which means of so many steps in a row differ, as a share of the second."""
    return max(abs(sum(losses[first:first + window]) / sum(others[first:first + window]) - 1)
               for first in range(len(losses) - window + 1))


def main() -> None:
    parser = argparse.ArgumentParser(description="Losses of bf16 beside those of fp32.")
    add = parser.add_argument
    add("dataset", type=pathlib.Path, help="a folder in Market-1501's form")
    add("package", type=pathlib.Path, help="of a CLIP transformer")
    add("--only", default="", help="regular expression of sides")
    add("--steps", type=int, default=200)
    add("--batch-size", type=int, default=8, help="pairs")
    add("--threads", type=int, default=os.cpu_count())
    add("--reident", default=str(steps.ROOT / ".build/release/reident"))
    add("--json", type=pathlib.Path, help="write the losses here too")
    options = parser.parse_args()
    compared = [pair for pair in COMPARED if all(re.search(options.only, side) for side in pair)]
    losses: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="reident-losses-") as name:
        folder = pathlib.Path(name)
        csv = folder / "pairs.csv"
        images = steps.training_images(options.dataset)
        steps.pairs.write_pairs(csv, steps.batches_of(images, options.steps, options.batch_size, 1))
        for side in dict.fromkeys(side for pair in compared for side in pair):
            found = steps.trained(side, options, options.package, csv, folder / side)
            losses[side] = found["losses"]
            print(f"{side}: {sum(losses[side]) / len(losses[side]):.4f}", file=sys.stderr,
                  flush=True)
    windows = [window for window in WINDOWS if window <= options.steps]
    print("| losses of | beside | all | " + " | ".join(str(window) for window in windows) + " |")
    print("|---" * (len(windows) + 3) + "|")
    for side, other in compared:
        cells = [f"{100 * difference(losses[side], losses[other], window):.2f}"
                 for window in [options.steps, *windows]]
        print(f"| {side} | {other} | {' | '.join(cells)} |")
    if options.json:
        options.json.write_text(json.dumps(losses) + "\n")


if __name__ == "__main__":
    main()
