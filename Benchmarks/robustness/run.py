"""What augmentation buys on worse footage: mAP against blur, resolution and compression.

    python3 Benchmarks/robustness/run.py market1501-mini=PATH rendered=PATH --out OUT

For each dataset and seed models are trained from the same random weights on the same batches: by
the recipe, with `--augment robust`, and (`all`) with shifted colours and hidden parts on top;
nothing else differs. All are judged by `reident evaluate` on the
test part as it is and worsened by `--degrade`, query and gallery images alike.

What is there already is not done again, so that the study can be stopped at any time: runs lie in
OUT, figures in OUT/robustness.json. The table and the plots go to docs/ROBUSTNESS.md and docs/.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import pathlib
import shlex
import shutil
import statistics
import subprocess
import sys

from plot import plots

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tools"))

from parity.markdown import replace_section  # noqa: E402

ARMS = {
    "recipe": [], "robust": ["--augment", "robust"],
    "all": ["--augment", "robust", "--color-shift", "0.3", "--erase", "0.2"],
}
LABELS = {"recipe": "recipe", "robust": "`--augment robust`",
          "all": "and colours, hidden parts"}
LEVELS = {
    "blur": ("Gaussian blur, pixels of 128", ["1", "2", "3", "4"]),
    "height": ("rows before enlarging", ["64", "48", "32", "24"]),
    "jpeg": ("JPEG quality", ["50", "30", "15", "8"]),
}
CONDITIONS = ["clean"] + [f"{kind}={level}" for kind, (_, levels) in LEVELS.items()
                          for level in levels]


def run(steps: dict[pathlib.Path, list[str]], launcher: list[str]) -> None:
    """Runs one command for each output that is missing; ends with the first that fails."""
    parts = []
    for output, command in steps.items():
        if not output.exists():
            new, final = shlex.quote(f"{output}.new"), shlex.quote(str(output))
            parts.append(f"{shlex.join(command)} > {new} && mv {new} {final}")
    if not parts:
        return
    script = " && ".join(parts)
    result = subprocess.run([*launcher, "sh", "-c", script], stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        done = next(output for output in steps if not output.exists())
        sys.exit(f"{shlex.join(steps[done])}\nended with {result.returncode}:\n"
                 f"{result.stderr[-2000:]}")


def measure(dataset: str, folder: pathlib.Path, arm: str, seed: int, options) -> dict:
    """Trains one model and evaluates it; its steps and rate, and mAP by condition."""
    folder.mkdir(parents=True, exist_ok=True)
    start, trained = folder / "start", folder / f"{arm}.run"
    log = folder / f"{arm}.train.json"
    judged = {name: folder / f"{arm}.{name.replace('=', '')}.json" for name in CONDITIONS}
    steps = {
        folder / "start.json": [
            options.reident, "models", "create", "--arch", str(options.arch), "--seed", str(seed),
            "--out", str(start), "--force", "--json"],
        log: [
            options.reident, "train", dataset, "--model", str(start), "--out", str(trained),
            "--epochs", str(options.epochs), "--batch-size", "16", "--lr", str(options.lr),
            "--lr-end", "1e-5", "--warmup-epochs", str(0.1 * options.epochs), "--seed", str(seed),
            "--validation", "0", *ARMS[arm], "--force", "--quiet", "--json"]}
    for name, output in judged.items():
        worse = [] if name == "clean" else ["--degrade", name]
        steps[output] = [options.reident, "evaluate", dataset, "--model", str(trained / "last"),
                         "--batch-size", "64", "--quiet", "--json", *worse]
    run(steps, options.launcher)
    summary = json.loads(log.read_text())
    seconds = sum(epoch["seconds"] or 0 for epoch in summary["epochs"])
    return {"training": {"steps": summary["steps"], "steps_per_second": summary["steps"] / seconds,
                         "last_loss": summary["epochs"][-1]["loss"]},
            "mAP": {name: json.loads(file.read_text())["mAP"] for name, file in judged.items()}}


def spread(values: list[float]) -> str:
    """For example `0.178 (0.170 to 0.187)`; a single value alone."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def table(name: str, records: list[dict]) -> str:
    """The figures of one dataset; an arm that lacks seeds says how many it has."""
    arms = {arm: [r[arm] for r in records if arm in r] for arm in LABELS}
    arms = {arm: found for arm, found in arms.items() if found}
    first = next(iter(arms.values()))[0]
    titles = [LABELS[arm] + ("" if len(found) == len(records) else f" ({len(found)} seed)")
              for arm, found in arms.items()]
    lines = [
        f"**{name}**: {first['training']['steps']} steps of 16 pairs, {len(records)} "
        f"{'seed' if len(records) == 1 else 'seeds'}; mAP as mean (lowest to highest).", "",
        "| test images | " + " | ".join(titles) + " |", "|---" * (len(arms) + 1) + "|"]
    for condition in CONDITIONS:
        label = "as they are" if condition == "clean" else f"`{condition}`"
        cells = [spread([record["mAP"][condition] for record in found])
                 for found in arms.values()]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    kept = {arm: [record["mAP"] for record in found] for arm, found in arms.items()}
    lines += ["", "What is left of a model's own mAP, mean of the seeds:", "",
              "| test images | " + " | ".join(titles) + " |", "|---" * (len(arms) + 1) + "|"]
    for condition in CONDITIONS[1:]:
        cells = [f"{100 * statistics.mean(f[condition] / f['clean'] for f in figures):.0f} %"
                 for figures in kept.values()]
        lines.append(f"| `{condition}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="What augmentation buys on worse footage.")
    add = parser.add_argument
    add("datasets", nargs="+", metavar="NAME=PATH")
    add("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default=[1, 2, 3])
    add("--arms", type=lambda text: text.split(","), default=list(ARMS))
    add("--epochs", type=int, default=1)
    add("--lr", type=float, default=5e-4)
    add("--arch", type=pathlib.Path, default=ROOT / "Tools/parity/small.json")
    add("--reident", default=str(ROOT / ".build/release/reident"))
    add("--launcher", type=shlex.split, default=[], help="words before every command: `nice -n 5`")
    add("--out", type=pathlib.Path, required=True, help="where runs and figures are kept")
    add("--page", type=pathlib.Path, default=ROOT / "docs/ROBUSTNESS.md")
    options = parser.parse_args()
    if not shutil.which(options.reident):
        sys.exit(f"{options.reident} is missing: swift build -c release, or --reident.")
    datasets = dict(argument.split("=", 1) for argument in options.datasets)
    records = {name: [] for name in datasets}
    for seed in options.seeds:
        for name, path in datasets.items():
            folder, record = options.out / name / f"seed{seed}", {"seed": seed}
            for arm in options.arms:
                record[arm] = measure(path, folder, arm, seed, options)
                print(f"{name}, seed {seed}, {arm}: mAP {record[arm]['mAP']['clean']:.4f}",
                      flush=True)
            records[name].append(record)
            write(records, options)


def write(records: dict, options) -> None:
    """Figures so far: JSON, table, plots."""
    found = {name: of_dataset for name, of_dataset in records.items() if of_dataset}
    (options.out / "robustness.json").write_text(json.dumps(found, indent=1) + "\n")
    parts = []
    for name, of_dataset in found.items():
        picture = f"robustness-{name}.svg"
        (options.page.parent / picture).write_text(plots(of_dataset, LEVELS, LABELS))
        parts.append(f"{table(name, of_dataset)}\n\n![mAP of the models on {name}, against blur, "
                     f"rows and JPEG quality]({picture})")
    replace_section(options.page, "robustness", "\n\n".join(parts))


if __name__ == "__main__":
    main()
