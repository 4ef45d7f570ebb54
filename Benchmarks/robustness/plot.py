"""Three plots side by side as plain SVG: mAP against blur, rows and compression.

Legible on light and dark pages: the page's own background, colours for either.

SPDX-License-Identifier: MIT
"""

import statistics

WIDTH, HEIGHT = 250, 220  # of one plot
LEFT, TOP, BOTTOM, GAP = 44, 34, 44, 14
STYLE = """
text { font: 11px sans-serif; fill: #444c56; }
.grid { stroke: #8b949e; stroke-opacity: 0.3; }
.recipe { stroke: #b3541e; } .robust { stroke: #1f6feb; } .all { stroke: #2f8f4e; }
.recipe-area { fill: #b3541e; } .robust-area { fill: #1f6feb; } .all-area { fill: #2f8f4e; }
polyline { fill: none; stroke-width: 2; } polygon { fill-opacity: 0.15; }
@media (prefers-color-scheme: dark) {
  text { fill: #c9d1d9; }
  .recipe { stroke: #f0883e; } .robust { stroke: #79c0ff; } .all { stroke: #7ee787; }
  .recipe-area { fill: #f0883e; } .robust-area { fill: #79c0ff; }
  .all-area { fill: #7ee787; }
}
"""


def nice_top(value: float) -> float:
    """A round number above the highest value."""
    return next(step for step in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0) if value <= step)


def plots(records: list[dict], levels: dict, labels: dict) -> str:
    """The SVG of one dataset's records; `labels` names the ways of training that may be there."""
    arms = {arm: label for arm, label in labels.items() if any(arm in r for r in records)}
    highest = max(value for record in records for arm in arms if arm in record
                  for value in record[arm]["mAP"].values())
    top = nice_top(min(1.0, highest))
    total = LEFT + len(levels) * (WIDTH + GAP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{HEIGHT + 20}" '
             f'viewBox="0 0 {total} {HEIGHT + 20}" role="img">',
             f"<style>{STYLE}</style>",
             "<title>mAP against blur, rows and JPEG quality, with and without augmentation"
             "</title>"]
    for index, (kind, (label, values)) in enumerate(levels.items()):
        parts += one(records, kind, label, values, arms, LEFT + index * (WIDTH + GAP), top,
                     with_numbers=index == 0)
    x = LEFT
    for arm, label in arms.items():
        name = label.strip("`")
        parts.append(f'<polyline class="{arm}" points="{x},12 {x + 22},12"/>'
                     f'<text x="{x + 28}" y="16">{name}</text>')
        x += 60 + 7 * len(name)
    parts.append(f'<text x="{x}" y="16">area: lowest to highest</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def one(records, kind, label, values, arms, left, top, with_numbers) -> list[str]:
    """One plot: its grid, axes' labels, and a line with an area an arm."""
    conditions = ["clean"] + [f"{kind}={value}" for value in values]
    width, floor = WIDTH - 20, HEIGHT - BOTTOM + TOP - 10

    def x(position):
        return left + 8 + position * (width - 16) / (len(conditions) - 1)

    def y(value):
        return floor - value / top * (floor - TOP)

    parts = []
    for tick in range(5):
        value = top * tick / 4
        parts.append(f'<line class="grid" x1="{left}" x2="{left + width}" y1="{y(value):.1f}" '
                     f'y2="{y(value):.1f}"/>')
        if with_numbers:
            parts.append(f'<text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">'
                         f"{value:.3g}</text>")
    for position, name in enumerate(["as is", *values]):
        parts.append(f'<text x="{x(position):.1f}" y="{floor + 16}" text-anchor="middle">{name}'
                     "</text>")
    parts.append(f'<text x="{left + width / 2}" y="{floor + 34}" text-anchor="middle">{label}'
                 "</text>")
    if with_numbers:
        parts.append(f'<text x="{left - 38}" y="{TOP - 6}">mAP</text>')
    for arm in arms:
        found = [record[arm]["mAP"] for record in records if arm in record]
        series = [[figures[name] for figures in found] for name in conditions]
        low = [f"{x(i):.1f},{y(min(v)):.1f}" for i, v in enumerate(series)]
        high = [f"{x(i):.1f},{y(max(v)):.1f}" for i, v in enumerate(series)]
        mean = [f"{x(i):.1f},{y(statistics.mean(v)):.1f}" for i, v in enumerate(series)]
        parts.append(f'<polygon class="{arm}-area" points="{" ".join(low + high[::-1])}"/>')
        parts.append(f'<polyline class="{arm}" points="{" ".join(mean)}"/>')
    return parts
