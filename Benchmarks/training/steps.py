"""Training steps a second and memory: `reident train` beside PyTorch's, in one run.

    venv/bin/python Benchmarks/training/steps.py DATASET [--models ViT-B-16-quickgelu ...]
        [--only REGEX]

DATASET is a folder in Market-1501's form. All sides start from the weights of one package of
random weights and take the same batches of the recipe (Tools/reference/train_reference.py is the
PyTorch side): reading and scaling the images, forward, loss, backward, AdamW, on the same number of
threads. PyTorch trains eagerly in fp32, eagerly and compiled under bf16's autocast, the latter
two with its fused AdamW, for transformers also with checkpoints; ReIdent in both formats, for
transformers also by content tokens, which is another function, and with checkpoints. Each side runs
in a process of its own, one after the other, and all again in every further round, since a shared
machine is faster at some times than at others. All are watched from outside, by the growth of their
steps.jsonl: the first two steps, which include start-up and compilation, are left out, and the
median of the others of all rounds is taken. On Linux the processor time of a step and the largest
memory in use are taken, too. Losses are compared, so that nobody wins by computing something else.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import types

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tools"))

from parity.real_run import batches_of, training_images  # noqa: E402
from reference import pairs  # noqa: E402

RECIPE = {"epochs": 1, "lr": 4e-5, "lr-end": 1e-5, "schedule": "constant", "warmup-epochs": 0,
          "label-smoothing": 0.1, "weight-decay": 0.01}
SIDES = ["pytorch-fp32", "pytorch-bf16", "pytorch-bf16-checkpoints", "compile-bf16",
         "reident-fp32", "reident-bf16", "reident-bf16-checkpoints", "reident-bf16-content",
         "reident-bf16-content-checkpoints"]
STARTUP = 2


def timm_model(config: dict, state: dict):
    """One of timm's encoders in the place of open_clip's, with a learned temperature."""
    import torch

    from reference import images, other_models

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = other_models.build_timm(config)
            self.image_size = config["vision_cfg"]["image_size"]
            mean, deviation = other_models.IMAGENET
            if config["vision_cfg"]["timm_model"] != "convnext":
                mean, deviation = other_models.SYMMETRIC
            shape = (1, 3, 1, 1)
            mean, deviation = torch.tensor(mean), torch.tensor(deviation)
            clip_mean = torch.tensor(images.MEAN)
            clip_deviation = torch.tensor(images.STANDARD_DEVIATION)
            self.scale = (clip_deviation / deviation).reshape(shape)
            self.shift = ((clip_mean - mean) / deviation).reshape(shape)

        def forward(self, pixels):
            # The loop normalizes pixels as CLIP does.
            return self.inner(pixels * self.scale + self.shift)

    encoder = Encoder()
    scale = torch.nn.Parameter(state.pop("logit_scale").clone())
    encoder.inner.load_state_dict(state)
    model = torch.nn.Module()
    model.visual, model.logit_scale = encoder, scale
    return model, list(model.parameters())


def pytorch_child(dataset: str, side: str, package: str, csv: str, out: str,
                  threads: int) -> None:
    """A PyTorch side, in this process."""
    import torch

    from reference import other_models, train_reference

    torch.set_num_threads(threads)
    config = json.loads(pathlib.Path(package, "config.json").read_text())
    config = {key: config[key] for key in ("embed_dim", "quick_gelu", "vision_cfg", "text_cfg")
              if key in config}
    weights = pathlib.Path(package, "model.safetensors")
    if other_models.is_timm(config):
        model, trained = timm_model(config, train_reference.read_tensors(weights, lambda _: True))
    else:
        model, trained = train_reference.load_model(
            config, train_reference.read_tensors(weights, train_reference.is_trained))
    library, precision, *rest = side.split("-")
    if library == "compile":
        model.visual.compile()
    if "checkpoints" in rest:
        model.visual.set_grad_checkpointing(True)
    options = types.SimpleNamespace(
        **{key.replace("-", "_"): value for key, value in RECIPE.items()}, precision=precision,
        gradient_accumulation=1, clip_gradients=None, fused=precision == "bf16", workers=1,
        max_steps=0)
    with open(pathlib.Path(out, "steps.jsonl"), "w") as steps:
        train_reference.train(model, trained, pairs.read_pairs(csv), options, dataset, steps)
    if library == "compile":
        # Compiling falls back to the interpreter without failing.
        from torch._dynamo.utils import counters
        graphs, breaks = counters["stats"]["unique_graphs"], sum(counters["graph_break"].values())
        if graphs == 0 or breaks > 0:
            sys.exit(f"{graphs} compiled graphs with {breaks} breaks: this is not compiled PyTorch")


def processor_seconds(process: int) -> float | None:
    """What a process has computed so far, all its threads together; None where nothing tells it."""
    try:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def largest_memory(process: int) -> int:
    """The most memory a process has used so far, in bytes; 0 where nothing tells it."""
    try:
        lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)


def watched(command: list[str], steps: pathlib.Path, environment: dict) -> dict:
    """Runs a training; seconds by the clock and of the processor of each step after the first."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=os.environ | environment)
    times: list[float] = []
    computed: list[float | None] = []
    memory = 0
    while process.poll() is None:
        memory = max(memory, largest_memory(process.pid))
        count = steps.read_bytes().count(b"\n") if steps.exists() else 0
        if count > len(times):
            times += [time.perf_counter()] * (count - len(times))
            computed += [processor_seconds(process.pid)] * (count - len(computed))
        time.sleep(0.02)
    errors = process.stderr.read()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{errors[-2000:]}")
    losses = [json.loads(line)["loss"] for line in steps.read_text().splitlines()]
    known = [value for value in computed if value is not None]
    times, known = times[STARTUP - 1:], known[STARTUP - 1:]
    return {"seconds": [b - a for a, b in zip(times, times[1:])],
            "processor_seconds": [b - a for a, b in zip(known, known[1:])], "losses": losses,
            "memory": memory}


def trained(side: str, options, package: pathlib.Path, csv: pathlib.Path,
            out: pathlib.Path) -> dict:
    """What `watched` finds while a side trains a package on the batches of a file into a folder,
    which is removed."""
    found = watched(command_of(side, options, package, csv, out), out / "steps.jsonl",
                    {"REIDENT_THREADS": str(options.threads)})
    shutil.rmtree(out)
    return found


def command_of(side: str, options, package: pathlib.Path, csv: pathlib.Path,
               out: pathlib.Path) -> list[str]:
    """How a side trains a package on the batches of a file, as a program of its own."""
    library, precision, *rest = side.split("-")
    if library != "reident":
        out.mkdir()
        return [sys.executable, __file__, str(options.dataset), "--threads", str(options.threads),
                "--child", side, str(package), str(csv), str(out)]
    command = [options.reident, "train", str(options.dataset), "--model", str(package), "--pairs",
               str(csv), "--out", str(out), "--validation", "0", "--quiet", "--precision",
               precision]
    for key, value in RECIPE.items():
        command += [f"--{key}", str(value)]
    command += ["--tokens", "content"] if "content" in rest else []
    command += ["--gradient-checkpointing"] if "checkpoints" in rest else []
    return command


def measure(name: str, options, folder: pathlib.Path) -> dict:
    package, csv = folder / "package", folder / "pairs.csv"
    subprocess.run(
        [options.reident, "models", "create", "--arch", name, "--seed", "1", "--out",
         str(package)], check=True, capture_output=True)
    images = training_images(options.dataset)
    pairs.write_pairs(csv, batches_of(images, options.steps + STARTUP, options.batch_size, 1))
    sides = [side for side in SIDES if re.search(options.only, side)
             and (name.startswith("ViT") or side.count("-") == 1)]
    if options.rounds < 1:
        sys.exit(f"--rounds {options.rounds}: at least 1")
    result: dict[str, dict] = {}
    for side in sides * options.rounds:
        found = trained(side, options, package, csv, folder / side)
        print(f"{name} {side}: {found}", file=sys.stderr, flush=True)
        before = result.setdefault(side, found)
        if before is not found:
            if largest_difference(found["losses"], before["losses"]) > 0.01:
                sys.exit(f"{side} does not do the same in every round: {found['losses']}")
            before["seconds"] += found["seconds"]
            before["processor_seconds"] += found["processor_seconds"]
            before["memory"] = max(before["memory"], found["memory"])
    for found in result.values():
        found["steps_per_second"] = 1 / statistics.median(found["seconds"])
        if found["processor_seconds"]:
            found["processor"] = statistics.median(found["processor_seconds"])
    return result


def largest_difference(losses: list[float], others: list[float]) -> float:
    return max(abs(a / b - 1) for a, b in zip(losses, others))


def table(results: dict) -> str:
    lines = ["| model | | steps/s | of compiled PyTorch | of eager, same format | memory, GB "
             "| processor time of a step | losses differ from PyTorch's in fp32 by |",
             "|---|---|---|---|---|---|---|---|"]
    for name, sides in results.items():
        for side, found in sides.items():
            cells = [f"{found['steps_per_second']:.3f}"]
            for other in ("compile-bf16", f"pytorch-{side.split('-')[1]}"):
                known = side.startswith("reident") and other in sides
                cells.append(f"{found['steps_per_second'] / sides[other]['steps_per_second']:.2f} x"
                             if known else "")
            cells.append(f"{found['memory'] / 1e9:.1f}" if found["memory"] else "")
            cells.append(f"{found['processor']:.2f} s" if "processor" in found else "")
            first = sides.get("pytorch-fp32")
            same = first is not None and first is not found and "content" not in side
            cells.append(f"{largest_difference(found['losses'], first['losses']):.1e}"
                         if same else "")
            lines.append(f"| {name} | {side} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Training rates of ReIdent and PyTorch.")
    add = parser.add_argument
    add("dataset", type=pathlib.Path, help="a folder in Market-1501's form")
    add("--models", nargs="*",
        default=["ViT-B-16-quickgelu", "RN50-quickgelu", "convnext_base"])
    add("--only", default="", help="regular expression of sides")
    add("--batch-size", type=int, default=8, help="pairs")
    add("--steps", type=int, default=5, help="that are measured, after the first ones")
    add("--rounds", type=int, default=1, help="so often all sides run, one after the other")
    add("--threads", type=int, default=os.cpu_count())
    add("--reident", default=str(ROOT / ".build/release/reident"))
    add("--json", type=pathlib.Path, help="write the figures here too")
    add("--child", nargs=4, metavar=("SIDE", "PACKAGE", "PAIRS", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        pytorch_child(str(options.dataset), *options.child, options.threads)
        return
    results = {}
    for name in options.models:
        with tempfile.TemporaryDirectory(prefix="reident-steps-") as folder:
            results[name] = measure(name, options, pathlib.Path(folder))
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
