"""Every comparison with a peer that this folder holds, as one table: what `make bench` runs.

    venv/bin/python Benchmarks/all.py [--only REGEX] [--json bench.json] [--data FOLDER]
        [--reference PATH/TO/clipreid/rerank.py]

Each part is a script of its own, which says how it measures; the parts run one after another, and
nothing else should run meanwhile. A row is one peer at the same work: its figure, ReIdent's, and
how many times as fast, or as small, ReIdent is; where the work is products of matrices, what share
of the machine's own largest product (measured first, in each number format) ReIdent reaches. What
cannot be measured (a library that is missing, a folder that is not there) is a row that says so.

--data is a folder in Market-1501's form (market1501-mini), for decoding and training.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "embedding"))

import peers  # noqa: E402

B16, L14 = "ViT-B-16-quickgelu", "ViT-L-14-quickgelu"


class Skipped(Exception):
    """Why a part has no figures."""


def built(name: str) -> None:
    """Builds the Swift program of a part."""
    command = ["swift", "build", "-c", "release", "--package-path", str(HERE / name)]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
        raise Skipped(f"{' '.join(command[:4])} failed")


def output_of(script: str, *arguments: str) -> str:
    """What a part's script prints; its progress goes on to the terminal."""
    command = [sys.executable, str(HERE / script), *arguments]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise Skipped(f"{script} ended with {run.returncode}")
    return run.stdout


def json_of(script: str, *arguments: str) -> dict:
    """What a script writes with --json."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "part.json"
        output_of(script, *arguments, "--json", str(path))
        return json.loads(path.read_text())


def row(work: str, peer: str, theirs: float, ours: float, unit: str, share=None) -> dict:
    """One comparison; of time and memory the less, the better."""
    ratio = theirs / ours if unit in ("s", "ms", "GB") else ours / theirs
    return {"work": work, "peer": peer, "theirs": theirs, "ours": ours, "unit": unit,
            "ratio": ratio, "share": share}


def embedding_rows(found: dict, model: str, batch: int) -> list[dict]:
    """Every peer beside ReIdent in the same number format, by all and by content tokens."""
    rates = found["results"][model]
    short = model.removesuffix("-quickgelu").removeprefix("ViT-").replace("-", "/")
    rows = []
    for peer, figures in rates.items():
        if peer in peers.OURS:
            continue
        if "failed" in figures:
            rows.append({"work": f"{short}, batch {batch}", "peer": peer,
                         "skipped": figures["failed"]})
            continue
        precision = peers.precision_of(peer)
        for tokens in ("", "-content"):
            mine = rates.get(f"reident-{precision}{tokens}")
            if mine is None or "failed" in mine:
                continue
            rate = mine["images_per_second"]
            rows.append(row(
                f"{short}, batch {batch}, {precision}" + (", content tokens" if tokens else ""),
                peer, figures["images_per_second"], rate, "images/s",
                rate * mine["gflop_per_image"] / found["ceiling_gflops"][precision]))
    return rows


def embedding(options) -> tuple[list[dict], dict]:
    """ViT-B/16 beside all peers, one crop at a time, and ViT-L/14, beside the fastest."""
    fastest = "^(openvino|compile|reident)-bf16(-content)?$"
    runs = [(B16, 16, ""), (B16, 1, fastest), (L14, 8, fastest)]
    rows, parts = [], {}
    for model, batch, only in runs:
        found = json_of("embedding/peers.py", "--models", model, "--batch-size", str(batch),
                        "--only", only, "--reident", options.reident)
        rows += embedding_rows(found, model, batch)
        parts[f"{model}, {batch}"] = found
    return rows, parts


def training(options) -> tuple[list[dict], dict]:
    """Steps of 8 pairs of ViT-B/16 in bf16."""
    if not options.data:
        raise Skipped("needs --data, a folder in Market-1501's form")
    found = json_of("training/steps.py", options.data, "--models", B16, "--reident",
                    options.reident, "--only", "^(pytorch|compile|reident)-bf16(-content)?$",
                    "--rounds", "2")
    sides = found[B16]
    rows = []
    for peer in ("pytorch-bf16", "compile-bf16"):
        for mine in ("reident-bf16", "reident-bf16-content"):
            rows.append(row(
                "training B/16, 8 pairs, bf16" + (", content tokens" if "content" in mine else ""),
                peer, sides[peer]["steps_per_second"], sides[mine]["steps_per_second"], "steps/s"))
            rows.append(row(rows[-1]["work"] + ", largest memory", peer,
                            sides[peer]["memory"] / 1e9, sides[mine]["memory"] / 1e9, "GB"))
    return rows, found


def decoding(options) -> tuple[list[dict], dict]:
    """Files to squares."""
    if not options.data:
        raise Skipped("needs --data, a folder of images")
    built("preprocessing")
    found = json_of("preprocessing/run.py", options.data)
    rates = {(part["library"], part["on"]): part["images_per_second"] for part in found["rates"]}
    rows = []
    for (library, place), rate in rates.items():
        if library != "ReIdent":
            own = next(value for (name, on), value in rates.items()
                       if name == "ReIdent" and (on == "one core") == (place == "one core"))
            rows.append(row(f"decoding and letterbox, {place}", library, rate, own, "images/s"))
    return rows, found


def ranking(options) -> tuple[list[dict], dict]:
    """The 10 nearest of a million, exactly, and of fewer by a graph."""
    built("ranking")
    found = json.loads(output_of(
        "ranking/compare.py", "--sets", "players", "--graph-count", str(options.graph_count)))
    exact = found["exact, players"]
    rows = []
    for queries in (1, 64):
        best = min((value, name) for name, value in exact["faiss"].items()
                   if name.startswith(f"{queries}, "))
        rows.append(row(
            f"exact top 10 of {found['size'][0]:,}, {queries} "
            + ("query" if queries == 1 else "queries"),
            f"FAISS flat ({best[1].split(', ', 1)[1]})", 1e3 * best[0],
            1e3 * exact["reident"][str(queries)], "ms"))
    graph = found["graph, players"]

    def reaching(side: dict) -> tuple[float, str]:
        efforts = [name.split(", ")[1] for name in side if name.startswith("recall, ")]
        return min(((side[f"1, {effort}"], effort) for effort in efforts
                    if side[f"recall, {effort}"] >= 0.98), default=(float("nan"), "none"))
    theirs, ours = reaching(graph["faiss"]), reaching(graph["reident"])
    rows.append(row(f"10 of {found['graph_size']:,} by a graph, recall 0.98, 1 query",
                    "FAISS HNSW", 1e3 * theirs[0], 1e3 * ours[0], "ms"))
    return rows, found


def reranking(options) -> tuple[list[dict], dict]:
    """The challenge's size, beside the reference."""
    if not options.reference:
        raise Skipped("needs --reference, the reference's rerank.py")
    built("reranking")
    found = json.loads(output_of("reranking/compare.py", "--reference", options.reference))
    work = "re-ranking {} x {}".format(*found["size"][:2])
    rows = []
    for source in ("from_embeddings", "from_matrices"):
        words = source.replace("_", " ")
        rows.append(row(f"{work}, {words}", "reference", found["reference"]["seconds"],
                        found[source]["seconds"], "s"))
    return rows, found


PARTS = {"embedding": embedding, "training": training, "decoding": decoding, "ranking": ranking,
         "reranking": reranking}


def table(rows: list[dict]) -> str:
    lines = ["| work | peer | peer's | ReIdent's | | ReIdent is | of the ceiling |",
             "|---|---|---|---|---|---|---|"]
    for line in rows:
        if "skipped" in line:
            lines.append(f"| {line['work']} | {line['peer']} | not measured: {line['skipped']} "
                         "| | | | |")
            continue
        share = f"{line['share']:.0%}" if line["share"] is not None else ""
        lines.append(
            f"| {line['work']} | {line['peer']} | {line['theirs']:.4g} | {line['ours']:.4g} "
            f"| {line['unit']} | {line['ratio']:.2f} x | {share} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="ReIdent beside its peers, in one table.")
    add = parser.add_argument
    add("--only", default="", help=f"regular expression of {', '.join(PARTS)}")
    add("--data", default="", help="a folder in Market-1501's form")
    add("--reference", default="", help="the reference's rerank.py")
    add("--graph-count", type=int, default=60_000)
    add("--reident", default=str(ROOT / ".build/release/reident"))
    add("--json", type=pathlib.Path, help="write the figures here too")
    options = parser.parse_args()
    started, rows, parts, seconds = time.time(), [], {}, {}
    for name, part in PARTS.items():
        if not re.search(options.only, name):
            continue
        begun = time.time()
        try:
            found, parts[name] = part(options)
            rows += found
        except (Skipped, OSError, KeyError, ValueError) as reason:
            rows.append({"work": name, "peer": "", "skipped": str(reason) or repr(reason)})
        seconds[name] = round(time.time() - begun)
        print(f"{name}: {seconds[name]} s", file=sys.stderr, flush=True)
        if options.json:  # after each part: what is measured is kept, whatever happens then
            options.json.write_text(json.dumps(
                {"machine": peers.machine(), "seconds": seconds, "rows": rows, "parts": parts},
                indent=1) + "\n")
    print(table(rows))
    for found in list(parts.get("embedding", {}).values())[:1]:
        print(f"\nCeilings, GFLOP/s: {found['ceiling_gflops']}")
    print(f"\n{os.cpu_count()} cores, {(time.time() - started) / 60:.0f} minutes: {seconds}")


if __name__ == "__main__":
    main()
