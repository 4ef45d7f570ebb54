"""Captions tokenized a second on one core: ReIdent beside open_clip, in one run.

    swift build -c release --package-path Benchmarks/tokenizing
    python Benchmarks/tokenizing/run.py --vocabulary .deps/vocabulary/bpe_simple_vocab_16e6.txt.gz

Captions are made up: descriptions of players, half of them with rare words, accents and entities,
no two alike. Contestants take turns; the median of the passes counts. All must find as many tokens.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tools"))
from reference import clip_models  # noqa: E402

PROGRAM = pathlib.Path(__file__).parent / ".build/release/TokenizerBenchmark"
COLOURS = ["white", "black", "crimson", "navy blue", "yellow", "turquoise", "maroon"]
DOINGS = ["dribbling", "jumping", "defending the basket", "walking back", "celebrating", "resting"]
ODD = ["caf\u00e9", "B&amp;B", "Stra\u00dfe", "rock &lt;3", "\u201cking\u201d", "na\u00efve"]


def captions(count: int) -> list[str]:
    chosen = random.Random(3)
    lines = []
    for number in range(count):
        line = (f"A photo of a basketball player in a {chosen.choice(COLOURS)} shirt with number "
                f"{chosen.randrange(100)}, {chosen.choice(DOINGS)}, game {number}")
        if number % 2:
            word = "".join(chosen.choices("abcdefghijklmnopqrstuvwxyz", k=8))
            line += f", {chosen.choice(ODD) if number % 4 == 1 else 'beside'} {word}"
        lines.append(line)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Tokenizers side by side.")
    parser.add_argument("--vocabulary", type=pathlib.Path, required=True)
    parser.add_argument("--captions", type=int, default=100_000)
    parser.add_argument("--passes", type=int, default=3)
    options = parser.parse_args()
    lines = captions(options.captions)
    results: dict[str, list[float]] = {"ReIdent": [], "open_clip": []}
    counts = set()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "captions.txt"
        file.write_text("\n".join(lines) + "\n")
        for _ in range(options.passes):
            found = json.loads(subprocess.check_output(
                [PROGRAM, options.vocabulary, file, "1"], text=True))
            results["ReIdent"] += found["seconds"]
            counts.add(found["tokens"])
            peer = clip_models.open_clip.tokenizer.SimpleTokenizer(bpe_path=str(options.vocabulary))
            start = time.perf_counter()
            total = sum(len(peer.encode(line)) + 2 for line in lines)
            results["open_clip"].append(time.perf_counter() - start)
            counts.add(total)
    if len(counts) != 1:
        sys.exit(f"the token counts differ: {sorted(counts)}")
    for name, seconds in results.items():
        rate = options.captions / statistics.median(seconds)
        print(f"{name:10} {rate:12,.0f} captions/s on one core "
              f"({min(seconds):.2f} to {max(seconds):.2f} s)")


if __name__ == "__main__":
    main()
