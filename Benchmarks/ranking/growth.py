"""How the cost of an exact search grows with the gallery, beside FAISS.

    swift build -c release --package-path Benchmarks/ranking
    python Benchmarks/ranking/growth.py [--plot F.svg] [--json F.json]

The first 10,000, 30,000, ... of a million vectors that look like players' (compare.py), the 10
nearest of one query and of 64. Of FAISS its best setting counts, of ReIdent what it takes once its
copy in 8 bits is there. Prints Markdown; needs what compare.py needs, and matplotlib for the
picture.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import shutil
import sys
import tempfile
import types
from pathlib import Path

import numpy as np

import compare

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pictures  # noqa: E402

COUNTS = [10_000, 30_000, 100_000, 300_000, 1_000_000]


def first_of(folder: Path, count: int) -> Path:
    """A folder with the first vectors alone, and the same queries."""
    part = folder / str(count)
    part.mkdir(exist_ok=True)
    size = count * compare.DIMENSION * 4
    with open(folder / "players.f32", "rb") as whole, open(part / "players.f32", "wb") as file:
        while size > 0:
            size -= file.write(whole.read(min(size, 1 << 24)))
    shutil.copy(folder / "players-queries.f32", part)
    return part


def measure(folder: Path, options) -> dict:
    """Milliseconds by gallery: {10000: {"reident, 1": ..., "faiss, 1": ...}, ...}."""
    folder.mkdir(exist_ok=True)
    vectors = folder / "players.f32"
    if not vectors.exists() or vectors.stat().st_size < max(COUNTS) * compare.DIMENSION * 4:
        compare.write_players(str(folder), max(COUNTS), np.random.default_rng(1))
    result = {}
    for count in COUNTS:
        part = first_of(folder, count)
        found = compare.compare(types.SimpleNamespace(
            folder=str(part), count=count, graph_count=0, sets=["players"], only="exact",
            repeat=options.repeat, program=options.program))["exact, players"]
        shutil.rmtree(part)
        if found["same_rows"] < 0.999:
            raise SystemExit(f"{count}: FAISS finds other rows ({found['same_rows']:.1%} the same)")
        result[count] = {}
        for queries in (1, 64):
            result[count][f"reident, {queries}"] = 1e3 * found["reident"][str(queries)]
            result[count][f"faiss, {queries}"] = 1e3 * min(
                seconds for name, seconds in found["faiss"].items()
                if name.startswith(f"{queries}, "))
        print(count, result[count], flush=True)
    return result


def table(result: dict) -> str:
    lines = ["| vectors | FAISS flat, 1 query | ReIdent | | FAISS flat, 64 | ReIdent | |",
             "|---" * 7 + "|"]
    for count, found in result.items():
        cells = []
        for queries in (1, 64):
            theirs, ours = found[f"faiss, {queries}"], found[f"reident, {queries}"]
            cells += [f"{theirs:.3g}", f"{ours:.3g}", f"{theirs / ours:.1f} x"]
        lines.append(f"| {int(count):,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(result: dict, path: Path) -> None:
    figure, axis = pictures.subplots(1, (5, 3.2))
    counts = [int(count) for count in result]
    sides = (("faiss", "FAISS flat", "#b3541e"), ("reident", "ReIdent", "#1f6feb"))
    for who, name, colour in sides:
        for queries, style in ((64, "o-"), (1, "o--")):
            axis.plot(counts, [found[f"{who}, {queries}"] for found in result.values()], style,
                      color=colour, markersize=3,
                      label=f"{name}, {queries} quer{'y' if queries == 1 else 'ies'}")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xticks(counts, [f"{count:,}" for count in counts], minor=False)
    axis.minorticks_off()
    axis.yaxis.set_major_formatter("{x:g}")
    axis.set_xlabel("vectors of 768 numbers, log")
    axis.set_ylabel("ms for the 10 nearest, log")
    axis.grid(alpha=0.3)
    axis.legend(frameon=False)
    pictures.save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description="How the cost of exact search grows.")
    add = parser.add_argument
    add("--repeat", type=int, default=5)
    add("--program", default=str(compare.PROGRAM))
    add("--folder", type=Path, help="where the vectors are kept, 3 GB; else temporary")
    add("--json", type=Path, help="write the figures here")
    add("--plot", type=Path, help="write the picture here")
    options = parser.parse_args()
    if options.folder:
        result = measure(options.folder, options)
    else:
        with tempfile.TemporaryDirectory() as folder:
            result = measure(Path(folder), options)
    print(table(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    if options.plot:
        plot(result, options.plot)


if __name__ == "__main__":
    main()
