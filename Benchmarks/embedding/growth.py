"""How the cost of embedding grows: with the batch, the tokens, the model and the threads.

    venv/bin/python Benchmarks/embedding/growth.py [--plot F.svg] [--json F.json]

Asks `reident benchmark` for the rates of packages of random weights, a setting after another in one
run, medians of three; needs matplotlib for the picture. Tokens are varied by the image size
(`models convert --image-size`), so that everything else stays as it is. Prints Markdown: images a
second, and the share of the machine's own product in that number format, measured first.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))

import pictures  # noqa: E402

PRECISIONS = ["fp32", "bf16", "int8"]
BASE = "ViT-B-16-quickgelu"
BATCHES = [1, 2, 4, 8, 16, 32]
SIZES = [96, 160, 224, 288]
MODELS = {"ViT-B-32-quickgelu": 16, BASE: 16, "ViT-L-14-quickgelu": 8}


class Bench:
    """Packages of random weights, and `reident benchmark` on them."""

    def __init__(self, reident: str, folder: str):
        self.reident, self.folder = reident, folder

    def run(self, *arguments: str, threads: int | None = None) -> str:
        extra = {"REIDENT_THREADS": str(threads)} if threads else {}
        return subprocess.run([self.reident, *arguments], check=True, text=True,
                              stdout=subprocess.PIPE, env=os.environ | extra).stdout

    def package(self, name: str, size: int = 224) -> str:
        path = os.path.join(self.folder, f"{name}-{size}")
        if not os.path.exists(path):
            if size == 224:
                self.run("models", "create", "--arch", name, "--seed", "1", "--out", path, "-q")
            else:
                self.run("models", "convert", self.package(name), "--image-size", str(size),
                         "--out", path, "-q")
        return path

    def ceilings(self, threads: int | None = None) -> dict:
        found = json.loads(self.run("benchmark", "--model", self.package(BASE), "--batch-size",
                                    "1", "--repeats", "3", "--json", "-q", threads=threads))
        return {precision: part["ceiling"] for precision, part in found["linear"].items()}

    def rate(self, package: str, precision: str, batch: int, tokens: str = "all",
             threads: int | None = None) -> dict:
        found = json.loads(self.run(
            "benchmark", "--model", package, "--precision", precision, "--batch-size", str(batch),
            "--tokens", tokens, "--no-linear", "--repeats", "3", "--json", "-q", threads=threads))
        return {key: found[key] for key in
                ("images_per_second", "gflop_per_second", "tokens_per_image")}


def measure(bench: Bench, threads: int) -> dict:
    """Rates by series: {"batch": {"bf16": {1: ..., ...}}, ...}."""
    ceiling = bench.ceilings()
    result = {"ceiling": ceiling}

    def add(series: str, precision: str, key, figures: dict, most: dict = ceiling) -> None:
        figures["share"] = figures["gflop_per_second"] / most[precision]
        result.setdefault(series, {}).setdefault(precision, {})[key] = figures
        print(f"{series} {precision} {key}: {figures}", file=sys.stderr, flush=True)

    for precision in PRECISIONS:
        for batch in BATCHES:
            add("batch", precision, batch, bench.rate(bench.package(BASE), precision, batch))
        for size in SIZES:
            figures = (result["batch"][precision][16] if size == 224 else
                       bench.rate(bench.package(BASE, size), precision, 16))
            add("tokens", precision, figures["tokens_per_image"], dict(figures))
        for name, batch in MODELS.items():
            for tokens in ("all", "content"):
                key = name.removesuffix("-quickgelu")
                key += " content" if tokens == "content" else ""
                add("model", precision, key,
                    bench.rate(bench.package(name), precision, batch, tokens))
    one = bench.ceilings(threads=1)
    for count in range(1, threads + 1):
        for precision in PRECISIONS:
            figures = bench.rate(bench.package(BASE), precision, 16, threads=count)
            # The most that so many threads could do, by what one and all of them do.
            most = {name: one[name] if count == 1 else ceiling[name] for name in ceiling}
            add("threads", precision, count, figures, most)
    return result


def tables(result: dict) -> str:
    """Markdown: rows by setting, images a second and share of the ceiling in each format."""
    lines = []
    for series, title in (("batch", "batch"), ("tokens", "tokens of an image"),
                          ("model", "model"), ("threads", "threads")):
        lines += [f"| {title} | " + " | ".join(PRECISIONS) + " |",
                  "|---" * (len(PRECISIONS) + 1) + "|"]
        for key in result[series][PRECISIONS[0]]:
            cells = [result[series][precision][key] for precision in PRECISIONS]
            lines.append(f"| {key} | " + " | ".join(
                f"{cell['images_per_second']:.2f} ({cell['share']:.0%})" for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def plot(result: dict, path: pathlib.Path) -> None:
    figure, axes = pictures.subplots(3, (9.5, 3))
    colours = {"fp32": "#b3541e", "bf16": "#1f6feb", "int8": "#2f8f4e"}
    for axis, (series, label) in zip(axes, (("batch", "images in a batch, log"),
                                            ("tokens", "tokens of an image, log"),
                                            ("model", "model"))):
        for precision in PRECISIONS:
            points = result[series][precision]
            if series == "model":
                points = {key: value for key, value in points.items() if "content" not in key}
            places = list(range(len(points))) if series == "model" else list(points)
            axis.plot(places, [point["images_per_second"] for point in points.values()], "o-",
                      color=colours[precision], label=precision, markersize=3)
        axis.set_xlabel(label)
        if series == "model":
            axis.set_xticks(places, list(points))
        else:
            axis.set_xscale("log")
            axis.set_xticks(places, [str(place) for place in places], minor=False)
            axis.minorticks_off()
        if series == "batch":
            axis.set_ylim(bottom=0)
            axis.set_ylabel("images/s")
        else:
            axis.set_yscale("log")
            axis.set_ylabel("images/s, log")
            axis.yaxis.set_major_formatter("{x:g}")
        axis.grid(alpha=0.3)
    axes[0].legend(frameon=False)
    pictures.save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description="How the cost of embedding grows.")
    add = parser.add_argument
    add("--reident", default=str(ROOT / ".build/release/reident"))
    add("--threads", type=int, default=os.cpu_count())
    add("--precisions", nargs="*", default=PRECISIONS, choices=PRECISIONS)
    add("--json", type=pathlib.Path, help="write the figures here")
    add("--plot", type=pathlib.Path, help="write the picture here")
    options = parser.parse_args()
    PRECISIONS[:] = options.precisions
    with tempfile.TemporaryDirectory(prefix="reident-growth-") as folder:
        result = measure(Bench(options.reident, folder), options.threads)
    print(tables(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    if options.plot:
        plot(result, options.plot)


if __name__ == "__main__":
    main()
