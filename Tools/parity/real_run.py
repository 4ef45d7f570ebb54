"""A real fine-tuning run: ReIdent and plain PyTorch from the same weights on the same batches.

    PYTHON=venv/bin/python python3 Tools/parity/real_run.py DATASET [--steps 600] [--seeds 3] ...

For each seed: `reident models create` makes a package; the recipe's sampler (seeded, Python) writes
the pairs of all steps; `reident train --pairs` and Tools/reference/train_reference.py start from
that package's weights and take those batches; `reident evaluate` judges both results, PyTorch's
weights being imported back. Who goes first alternates with the seed.

Both are watched from outside in the same way: steps a second from the growth of their steps.jsonl
(the first step, which includes start-up, is left out), peak memory of the process from the kernel.
The image-loading processes of PyTorch's DataLoader are not counted.

The table goes to docs/PARITY.md, everything measured to OUT/real_run.json. This program itself
imports no library, so that its children's peak memory starts from nothing.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import pathlib
import random
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tools"))

from parity.markdown import replace_section  # noqa: E402
from reference import pairs  # noqa: E402

SIDES = {"reident": "ReIdent", "pytorch": "PyTorch"}


class StepWatcher(threading.Thread):
    """Notes when the first and the latest line were added to a growing steps.jsonl."""

    def __init__(self, path: pathlib.Path):
        super().__init__(daemon=True)
        self.path, self.finished = path, threading.Event()
        self.first = self.latest = None  # (time, lines)

    def run(self) -> None:
        size = 0
        while True:
            stop = self.finished.is_set()  # one more look after the end
            now = time.perf_counter()
            found = self.path.stat().st_size if self.path.exists() else 0
            if found != size:
                size, lines = found, self.path.read_bytes().count(b"\n")
                if lines:
                    self.first = self.first or (now, lines)
                    self.latest = (now, lines)
            if stop:
                return
            self.finished.wait(0.05)

    def rate(self) -> float | None:
        """Steps a second after the first step."""
        if not self.first or self.latest[1] == self.first[1]:
            return None
        return (self.latest[1] - self.first[1]) / (self.latest[0] - self.first[0])


def watched(command: list[str], log: pathlib.Path, steps: pathlib.Path) -> dict:
    """Runs a training program; its rate, seconds and peak memory (bytes)."""
    watcher = StepWatcher(steps)
    started = time.perf_counter()
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        watcher.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.send_signal(signal.SIGINT)
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    watcher.finished.set()
    watcher.join()
    if process.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        sys.exit(f"{shlex.join(command)}\nended with {process.returncode}:\n{tail}")
    unit = 1 if sys.platform == "darwin" else 1024
    losses = [json.loads(line)["loss"] for line in steps.read_text().splitlines()]
    return {"steps_per_second": watcher.rate(), "seconds": seconds,
            "peak_memory_bytes": usage.ru_maxrss * unit, "losses": losses}


def run(command: list[str]) -> str:
    """Runs a command to its end; its standard output."""
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{shlex.join(command)}\nended with {result.returncode}:\n{result.stderr[-2000:]}")
    return result.stdout


def training_images(dataset: pathlib.Path) -> list[tuple[str, str]]:
    """[(path relative to the dataset, identity)] of a Market-1501 training folder."""
    folder = dataset / "bounding_box_train"
    names = sorted(path.name for path in folder.glob("*.jpg"))
    if not names:
        sys.exit(f"{folder} holds no .jpg; the run needs a folder in Market-1501's form.")
    return [(f"{folder.name}/{name}", name.split("_")[0]) for name in names]


def batches_of(images, steps: int, batch_size: int, seed: int) -> list:
    """As many batches as steps: epochs of the recipe's sampler, one after another."""
    source, batches = random.Random(seed), []
    while len(batches) < steps:
        epoch = pairs.greedy_batches(images, batch_size, source)
        if not epoch:
            sys.exit(f"Too few identities for batches of {batch_size}.")
        batches += epoch
    return batches[:steps]


def recipe_arguments(options) -> list[str]:
    """Options that both training programs take under the same names."""
    return ["--epochs", "1", "--lr", str(options.lr), "--lr-end", str(options.lr_end),
            "--schedule", options.schedule, "--warmup-epochs", str(options.warmup),
            "--label-smoothing", "0.1", "--weight-decay", "0.01",
            "--precision", options.precision]


def train(side: str, package: pathlib.Path, csv: pathlib.Path, out: pathlib.Path, options) -> dict:
    """Trains on one side and leaves a package at OUT/result; the measured figures."""
    common = [str(options.dataset), "--pairs", str(csv), "--out", str(out)]
    common += recipe_arguments(options)
    if side == "reident":
        command = [options.reident, "train", *common, "--model", str(package)]
        command += shlex.split(options.reident_arguments)
    else:
        command = [options.python, str(ROOT / "Tools/reference/train_reference.py"), *common]
        command += ["--config", str(package / "config.json")]
        command += ["--weights", str(package / "model.safetensors")]
        command += shlex.split(options.pytorch_arguments)
        out.mkdir(parents=True)
    figures = watched(command, out.with_suffix(".log"), out / "steps.jsonl")
    if side == "reident":
        return figures | {"package": str(out / "last")}
    result = out / "package"
    run([options.reident, "models", "import", str(out / "weights.safetensors"),
         "--arch", str(options.arch), "--out", str(result)])
    return figures | {"package": str(result)}


def evaluate(package: str, options) -> dict:
    found = json.loads(run(
        [options.reident, "evaluate", str(options.dataset), "--model", package, "--json"]))
    return {"mAP": found["mAP"], "rank1": found["cmc"]["market1501"]["1"]}


def measure(seed: int, images, folder: pathlib.Path, options) -> dict:
    """One seed, both sides."""
    folder.mkdir(parents=True)
    package, csv = folder / "start", folder / "pairs.csv"
    run([options.reident, "models", "create", "--arch", str(options.arch), "--seed", str(seed),
         "--out", str(package)])
    pairs.write_pairs(csv, batches_of(images, options.steps, options.batch_size, seed))
    record = {"seed": seed, "start": evaluate(str(package), options)}
    order = list(SIDES) if seed % 2 else list(reversed(SIDES))
    for side in order:
        print(f"seed {seed}: {SIDES[side]} ...", file=sys.stderr, flush=True)
        figures = train(side, package, csv, folder / side, options)
        figures |= evaluate(figures["package"], options)
        if len(figures["losses"]) != options.steps:
            sys.exit(f"{SIDES[side]} made {len(figures['losses'])} of {options.steps} steps.")
        record[side] = figures
        print(f"  mAP {figures['mAP']:.4f}, {figures['steps_per_second']:.2f} steps/s, "
              f"{figures['peak_memory_bytes'] / 2**20:.0f} MiB", file=sys.stderr, flush=True)
    ours, theirs = record["reident"]["losses"], record["pytorch"]["losses"]
    record["loss_difference_20_steps"] = max(
        abs(a / b - 1) for a, b in zip(ours[:20], theirs[:20]))
    return record


def verdict(records: list[dict]) -> dict:
    """Means of both sides and whether the three claims hold."""
    def values(side, key):
        return [record[side][key] for record in records]

    means = {side: {key: statistics.mean(values(side, key)) for key in
                    ("mAP", "rank1", "steps_per_second", "peak_memory_bytes")} for side in SIDES}
    spread = max(max(values(side, "mAP")) - min(values(side, "mAP")) for side in SIDES)
    difference = means["reident"]["mAP"] - means["pytorch"]["mAP"]
    return {
        "means": means, "spread": spread, "difference": difference,
        "within_spread": abs(difference) <= spread,
        "not_slower": means["reident"]["steps_per_second"] >= means["pytorch"]["steps_per_second"],
        "no_more_memory":
            means["reident"]["peak_memory_bytes"] <= means["pytorch"]["peak_memory_bytes"]}


def row(label: str, side: str, figures: dict) -> str:
    return (f"| {label} | {side} | {figures['mAP']:.4f} | {figures['rank1']:.4f} | "
            f"{figures['steps_per_second']:.2f} | {figures['peak_memory_bytes'] / 2**20:.0f} |")


def table(records: list[dict], result: dict, options) -> str:
    config = json.loads(options.arch.read_text())["vision_cfg"]
    lines = [
        f"{options.dataset.name}: ViT of {config['layers']} layers, width {config['width']}, "
        f"{config['image_size']} px, patch {config['patch_size']}, from scratch; {options.steps} "
        f"steps of {options.batch_size} pairs, learning rate {options.lr}, {options.schedule}, "
        f"{options.precision}; {os.cpu_count()} cores. Same weights, batches and steps on both "
        "sides; judged by `reident evaluate`.",
        "", "| seed | | mAP | rank-1 | steps/s | peak MiB |", "|---|---|---|---|---|---|"]
    for record in records:
        lines += [row(str(record["seed"]), SIDES[side], record[side]) for side in SIDES]
    lines += [row("mean", SIDES[side], result["means"][side]) for side in SIDES]
    start = statistics.mean(record["start"]["mAP"] for record in records)
    losses = max(record["loss_difference_20_steps"] for record in records)

    def said(claim):
        return "yes" if result[claim] else "**no**"

    lines += [
        "", f"mAP before training {start:.4f}. Losses of the first 20 steps differ by at most "
        f"{losses:.1e} (relative). Mean mAP: ReIdent {result['difference']:+.4f}; the seeds of one "
        f"side spread over {result['spread']:.4f} (within: {said('within_spread')}). Not slower: "
        f"{said('not_slower')}. No more memory: {said('no_more_memory')}."]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="A real run of ReIdent and plain PyTorch.")
    add = parser.add_argument
    add("dataset", type=pathlib.Path, help="a folder in Market-1501's form")
    add("--steps", type=int, default=600)
    add("--seeds", type=int, default=3, help="how many, counted from 1")
    add("--batch-size", type=int, default=16)
    add("--lr", type=float, default=5e-4)
    add("--lr-end", type=float, default=1e-5)
    add("--schedule", default="polynomial")
    add("--warmup", type=float, default=0.1, help="share of the steps")
    add("--precision", choices=["fp32", "bf16"], default="fp32")
    add("--arch", type=pathlib.Path, default=ROOT / "Tools/parity/small.json")
    add("--reident", default=str(ROOT / ".build/release/reident"))
    add("--reident-arguments", default="", help="more options for `reident train`")
    add("--python", default=os.environ.get("PYTHON", sys.executable),
        help="interpreter with Tools/requirements.txt")
    add("--pytorch-arguments", default="", help="more options for train_reference.py")
    add("--out", type=pathlib.Path, help="keep everything here (default: temporary)")
    add("--page", type=pathlib.Path, default=ROOT / "docs/PARITY.md")
    options = parser.parse_args()
    if not shutil.which(options.reident):
        sys.exit(f"{options.reident} is missing: swift build -c release, or --reident.")
    images = training_images(options.dataset)
    temporary = None
    if options.out is None:
        temporary = tempfile.TemporaryDirectory(prefix="reident-real-run-")
        options.out = pathlib.Path(temporary.name)
    elif options.out.exists() and any(options.out.iterdir()):
        sys.exit(f"{options.out} is not empty.")
    records = []
    for seed in range(1, options.seeds + 1):
        records.append(measure(seed, images, options.out / f"seed{seed}", options))
    result = verdict(records)
    text = table(records, result, options)
    (options.out / "real_run.json").write_text(
        json.dumps({"records": records, "result": result}, indent=1) + "\n")
    replace_section(options.page, "real-run", text)
    print(text)
    if temporary:
        temporary.cleanup()
    claims = ("within_spread", "not_slower", "no_more_memory")
    return 0 if all(result[claim] for claim in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
