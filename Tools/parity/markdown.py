"""Replaces one generated section of a page, between `<!-- name:begin -->` and `<!-- name:end -->`.

SPDX-License-Identifier: MIT
"""

import pathlib
import re

INTRODUCTION = """# Parity with PyTorch

How far ReIdent's results lie from open_clip's and from a plain PyTorch run of the recipe, measured.
`make parity` and `Tools/parity/real_run.py` write the tables; what they say is from the last run.

## The encoder, stage by stage

## A real run
"""
HEADINGS = {"parity": "## The encoder, stage by stage", "texts": "## Texts",
            "zero-shot": "## Zero-shot logits", "real-run": "## A real run"}


def replace_section(page: pathlib.Path, name: str, text: str) -> None:
    """Writes the section, and the page or the markers where they are missing."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    block = f"{begin}\n\n{text.strip()}\n\n{end}"
    content = page.read_text() if page.exists() else INTRODUCTION
    if begin in content and end in content:
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        content = re.sub(pattern, lambda _: block, content, count=1, flags=re.DOTALL)
    elif HEADINGS[name] in content:
        content = content.replace(HEADINGS[name], f"{HEADINGS[name]}\n\n{block}", 1)
    else:
        content = f"{content.rstrip()}\n\n{HEADINGS[name]}\n\n{block}\n"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(content.rstrip() + "\n")


def table_rows(page: pathlib.Path, header: str) -> list[str]:
    """The rows of the page's table with this header; none where there is no such table."""
    lines = page.read_text().splitlines() if page.exists() else []
    if header not in lines:
        return []
    rows = []
    for line in lines[lines.index(header) + 2:]:  # behind the header and its rule
        if not line.startswith("|"):
            break
        rows.append(line)
    return rows


def merged_rows(page: pathlib.Path, header: str, rows: list[str], order: list[str]) -> list[str]:
    """New rows and those of the page whose first cell has no new one, in the order of the cells."""
    def first(row: str) -> str:
        return row.split("|")[1].strip()

    new = {first(row) for row in rows}
    kept = [row for row in table_rows(page, header) if first(row) not in new]
    return sorted((row for row in kept + rows if first(row) in order),
                  key=lambda row: order.index(first(row)))
