"""Draws docs/reident-tiny-curves.svg: the losses of the runs of Tools/reident-tiny.sh.

    python Tools/reident_tiny_curves.py RUN... [--out docs/reident-tiny-curves.svg]

Each RUN is a run folder with steps.jsonl, in the order of training. A point is the mean over fifty
steps. Needs nothing but Python.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import pathlib

WINDOW = 50
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 280, 46, 26, 40
STYLE = """
text { font: 12px sans-serif; fill: #444c56; }
.grid { stroke: #8b949e; stroke-opacity: 0.3; } .border { stroke: #8b949e; stroke-dasharray: 4 3; }
polyline { fill: none; stroke: #1f6feb; stroke-width: 2; } .text { stroke: #b3541e; }
@media (prefers-color-scheme: dark) {
  text { fill: #c9d1d9; } polyline { stroke: #79c0ff; } .text { stroke: #f0883e; }
}
"""


def means(values: list[float]) -> list[float]:
    """Means of windows of steps."""
    return [sum(values[i:i + WINDOW]) / len(values[i:i + WINDOW])
            for i in range(0, len(values), WINDOW)]


def drawn(runs: list[tuple[str, list[dict]]]) -> str:
    """The SVG."""
    total = sum(len(steps) for _, steps in runs)
    top = 5.0
    bottom = HEIGHT - BOTTOM

    def place(step: float, loss: float) -> str:
        x = LEFT + (WIDTH - LEFT - 12) * step / total
        return f"{x:.1f},{bottom - (bottom - TOP) * min(loss, top) / top:.1f}"

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             f'width="{WIDTH}" height="{HEIGHT}" role="img">', f"<style>{STYLE}</style>",
             "<title>Losses of the training of reident-tiny, step by step</title>"]
    for value in range(6):
        y = place(0, value).split(",")[1]
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 12}" y1="{y}" y2="{y}"/>'
                     f'<text x="{LEFT - 8}" y="{float(y) + 4:.1f}" '
                     f'text-anchor="end">{value}</text>')
    start = 0
    for name, steps in runs:
        x = place(start, 0).split(",")[0]
        if start:
            parts.append(f'<line class="border" x1="{x}" x2="{x}" y1="{TOP}" y2="{bottom}"/>')
        parts.append(f'<text x="{float(x) + 6:.1f}" y="{TOP - 8}">{name}</text>')
        kinds = [("loss", "")]
        if any("text_loss" in step for step in steps):
            kinds.append(("text_loss", ' class="text"'))
        for key, style in kinds:
            values = means([step[key] for step in steps if key in step])
            if key == "loss" and len(kinds) > 1:  # the images' part alone
                values = means([s["loss"] - s["text_loss"] for s in steps if "text_loss" in s])
            points = " ".join(place(start + WINDOW * i, v) for i, v in enumerate(values))
            parts.append(f'<polyline{style} points="{points}"/>')
        start += len(steps)
        parts.append(f'<text x="{place(start, 0).split(",")[0]}" y="{bottom + 18}" '
                     f'text-anchor="end">{start}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">steps</text></svg>')
    return "\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Draws the losses of reident-tiny's training.")
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default="docs/reident-tiny-curves.svg")
    options = parser.parse_args()
    runs = [(run.name, [json.loads(line) for line in (run / "steps.jsonl").open()])
            for run in options.runs]
    options.out.write_text(drawn(runs))


if __name__ == "__main__":
    main()
