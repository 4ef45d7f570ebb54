"""The recipe as a plain PyTorch program, to measure ReIdent against.

    python Tools/reference/train_reference.py DATASET --config C.json --weights W.safetensors \
        --pairs F.csv --out RUN [--embed LIST.txt] [options, named as those of `reident train`]

Batches, their order and the number of steps come from the pairs file (paths relative to DATASET;
one epoch = the file). Nothing is random. Written into RUN:

- steps.jsonl          {"step", "epoch", "loss", "learning_rate"} a batch, both counted from 1; the
                       learning rate is the one the step's update uses
- weights.safetensors  the whole state dict, open_clip's names
- embeddings.safetensors  `embeddings` [N, E], unit length, of the images in LIST.txt (one path a
                       line, relative to DATASET), with metadata `paths`
- summary.json         steps a second (loading included), seconds, peak memory in bytes

SPDX-License-Identifier: MIT
"""

import argparse
import json
import pathlib
import resource
import sys
import time

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from reference import clip_models, images, pairs, recipe  # noqa: E402


def side_of(visual) -> int:
    """The side of the square images an encoder takes."""
    size = visual.image_size
    return size if isinstance(size, int) else size[0]


class Batches(torch.utils.data.Dataset):
    """Every batch of every epoch as [2B, S, S, 3] bytes: the queries, then the gallery images."""

    def __init__(self, root, batches, side):
        self.root, self.batches, self.side = pathlib.Path(root), batches, side

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        batch = self.batches[index]
        paths = [query for query, _ in batch] + [gallery for _, gallery in batch]
        pictures = [
            images.letterbox(images.read_rgb(self.root / path), self.side) for path in paths]
        return torch.from_numpy(np.stack(pictures))


def load_model(config: dict, state: dict):
    """open_clip's image encoder without its projection, and the parameters the recipe trains.

    The text side takes no part, so it is removed, as the released code does.
    """
    model = clip_models.build(config)
    for part in ("transformer", "token_embedding", "positional_embedding", "ln_final",
                 "text_projection"):
        delattr(model, part)
    if not isinstance(config["vision_cfg"]["layers"], list):
        model.visual.proj = None  # the paper's features: after ln_post; a ResNet keeps its pool
    used = {name: tensor for name, tensor in state.items() if is_trained(name)}
    model.load_state_dict(used)
    return model, list(model.parameters())


def is_trained(name: str) -> bool:
    """Whether a tensor of a CLIP state dict belongs to the encoder without its projection."""
    return name == "logit_scale" or name.startswith("visual.") and name != "visual.proj"


def read_tensors(path, wanted) -> dict:
    """The tensors of a file whose names are wanted; the others are not read."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if wanted(name)}


def train(model, trained, batches, options, root, steps_file=None) -> dict:
    """Runs the recipe; returns its figures. `batches` is one epoch."""
    visual = model.visual
    precision = torch.float64 if options.precision == "fp64" else torch.float32
    schedule = recipe.Schedule(
        options.schedule, options.lr, options.lr_end, len(batches), options.epochs,
        options.warmup_epochs, options.gradient_accumulation)
    optimiser = torch.optim.AdamW(
        trained, lr=schedule(0), weight_decay=options.weight_decay, fused=options.fused or None)
    loader = torch.utils.data.DataLoader(
        Batches(root, batches * options.epochs, side_of(visual)), batch_size=None,
        num_workers=options.workers, prefetch_factor=4 if options.workers else None)
    model.train()
    rows, updates, started = [], 0, time.perf_counter()
    for index, pictures in enumerate(loader):
        if options.max_steps and index >= options.max_steps:
            break
        in_epoch = index % len(batches)
        if in_epoch == 0:
            optimiser.zero_grad()  # an epoch's incomplete accumulation is dropped
        pixels = images.normalized_bytes(pictures).to(precision)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            query, gallery = visual(pixels).chunk(2)
            loss = recipe.info_nce(query, gallery, model.logit_scale, options.label_smoothing)
        loss.backward()  # gradients of an accumulation are summed, the loss is not divided
        if options.clip_gradients is not None:
            torch.nn.utils.clip_grad_norm_(trained, options.clip_gradients)
        value, rate = loss.item(), schedule(updates)
        row = {"step": index + 1, "epoch": index // len(batches) + 1, "loss": value,
               "learning_rate": rate}
        rows.append(row)
        if steps_file:
            print(json.dumps(row), file=steps_file, flush=True)
        if not np.isfinite(value):
            raise SystemExit(f"step {index + 1}: the loss is {value} at learning rate {rate}")
        if (in_epoch + 1) % options.gradient_accumulation == 0:
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()
            optimiser.zero_grad()
            updates += 1
    seconds = time.perf_counter() - started
    return {"rows": rows, "seconds": seconds, "updates": updates}


@torch.no_grad()
def embed(model, root, paths, batch_size=32) -> torch.Tensor:
    """Unit-length features of images, [N, E]."""
    model.eval()
    dtype = next(model.visual.parameters()).dtype
    side, parts = side_of(model.visual), []
    for start in range(0, len(paths), batch_size):
        chunk = paths[start : start + batch_size]
        pictures = np.stack(
            [images.letterbox(images.read_rgb(pathlib.Path(root) / path), side) for path in chunk])
        features = model.visual(images.normalized(pictures).to(dtype))
        parts.append(torch.nn.functional.normalize(features, dim=-1).float())
    return torch.cat(parts)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The recipe in plain PyTorch.")
    add = parser.add_argument
    add("dataset", type=pathlib.Path)
    add("--config", type=pathlib.Path, required=True, help="model configuration, open_clip's form")
    add("--weights", type=pathlib.Path, required=True, help="state dict, safetensors")
    add("--pairs", type=pathlib.Path, required=True)
    add("--out", type=pathlib.Path, required=True)
    add("--embed", type=pathlib.Path, help="file with one image path a line")
    add("--epochs", type=int, default=4)
    add("--lr", type=float, default=4e-5)
    add("--lr-end", type=float, default=1e-5)
    add("--schedule", default="polynomial",
        choices=["polynomial", "cosine", "linear", "constant"])
    add("--warmup-epochs", type=float, default=1)
    add("--label-smoothing", type=float, default=0.1)
    add("--weight-decay", type=float, default=0.01)
    add("--gradient-accumulation", type=int, default=1)
    add("--clip-gradients", type=float)
    add("--precision", choices=["fp32", "bf16", "fp64"], default="fp32", help="bf16 = autocast")
    add("--max-steps", type=int, default=0)
    add("--threads", type=int, default=0, help="0: as many as PyTorch likes")
    add("--workers", type=int, default=1, help="processes that load images ahead")
    add("--fused", action="store_true", help="PyTorch's fused AdamW")
    add("--float32-matmul", choices=["highest", "high", "medium"], default="highest")
    return parser


def main() -> None:
    options = parser().parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision(options.float32_matmul)
    options.out.mkdir(parents=True, exist_ok=True)
    config = json.loads(options.config.read_text())
    # A package's config.json carries more than open_clip's constructor takes.
    config = {key: config[key] for key in ("embed_dim", "quick_gelu", "vision_cfg", "text_cfg")
              if key in config}
    model, trained = load_model(config, read_tensors(options.weights, is_trained))
    if options.precision == "fp64":
        model.double()
    batches = pairs.read_pairs(options.pairs)
    with open(options.out / "steps.jsonl", "w") as steps_file:
        run = train(model, trained, batches, options, options.dataset, steps_file)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    summary = {
        "steps": len(run["rows"]), "updates": run["updates"], "seconds": run["seconds"],
        "steps_per_second": len(run["rows"]) / run["seconds"],
        "peak_memory_bytes": peak * (1 if sys.platform == "darwin" else 1024),
        "torch": torch.__version__, "threads": torch.get_num_threads()}
    (options.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    if options.embed:
        paths = options.embed.read_text().split("\n")
        paths = [path for path in paths if path]
        save_file({"embeddings": embed(model, options.dataset, paths)},
                  options.out / "embeddings.safetensors", metadata={"paths": json.dumps(paths)})
    result = read_tensors(options.weights, lambda name: not is_trained(name))
    result |= clip_models.contiguous(model.float().state_dict())
    save_file(result, options.out / "weights.safetensors")
    print(json.dumps(summary), file=sys.stderr)


if __name__ == "__main__":
    main()
