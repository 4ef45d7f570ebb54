"""GFLOP/s of PyTorch's linear layers at ViT-B/16's shapes: the paths a CPU build holds.

    venv/bin/python Benchmarks/linear/gflops.py [--batch-size 16] [--json F.json]

Rows are batch x 197 tokens. "forward" is one product; "backward" the two that give the gradients of
input and weight, by autograd. Paths:

- fp32            F.linear as PyTorch comes (MKL)
- fp32 oneDNN     oneDNN's operator on a reordered weight; has no autograd, so forward only
- fp32 medium     F.linear with float32_matmul_precision "medium": oneDNN, but may use bf16 inside
                  where the machine has AMX
- bf16            F.linear on bf16 tensors (oneDNN)
- bf16 oneDNN     oneDNN's operator on a reordered bf16 weight; forward only

The last row is the ceiling: the best of three square products for each path.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import pathlib
import statistics
import time

import torch
import torch.nn.functional as F

TOKENS = 197
LAYERS = {"query-key-value": (768, 2304), "attention output": (768, 768),
          "first of MLP": (768, 3072), "second of MLP": (3072, 768)}
PATHS = ["fp32", "fp32 oneDNN", "fp32 medium", "bf16", "bf16 oneDNN"]


def rate(work, flops: float, repeats: int) -> float:
    """Median GFLOP/s of a function."""
    work()
    work()
    results = []
    for _ in range(repeats):
        started, done = time.perf_counter(), 0
        while done == 0 or time.perf_counter() - started < 0.2:
            work()
            done += 1
        results.append(flops * done / (time.perf_counter() - started) / 1e9)
    return statistics.median(results)


def measure(path: str, rows: int, inputs: int, outputs: int, repeats: int) -> dict:
    """Forward and, where the path has it, backward GFLOP/s of one layer."""
    dtype = torch.bfloat16 if path.startswith("bf16") else torch.float32
    torch.set_float32_matmul_precision("medium" if path == "fp32 medium" else "highest")
    x = torch.randn(rows, inputs, dtype=dtype)
    weight = torch.randn(outputs, inputs, dtype=dtype) * inputs**-0.5
    bias = torch.randn(outputs, dtype=dtype)
    flops = 2.0 * rows * inputs * outputs
    if path.endswith("oneDNN"):
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, rows)

        def forward():
            return torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")

        with torch.no_grad():
            difference = (forward() - F.linear(x, weight, bias)).abs().max().item()
            if not difference < 0.1:
                raise AssertionError(f"{path} lies {difference} from F.linear")
            return {"forward": rate(forward, flops, repeats)}
    with torch.no_grad():
        result = {"forward": rate(lambda: F.linear(x, weight, bias), flops, repeats)}
    x.requires_grad_()
    weight.requires_grad_()
    out = F.linear(x, weight)
    gradient = torch.randn_like(out)
    result["backward"] = rate(
        lambda: torch.autograd.grad(out, (x, weight), gradient, retain_graph=True), 2 * flops,
        repeats)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="GFLOP/s of linear layers.")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = options.batch_size * TOKENS
    results = {}
    for layer, (inputs, outputs) in LAYERS.items():
        results[f"{layer} {rows} x {inputs} -> {outputs}"] = {
            path: measure(path, rows, inputs, outputs, options.repeats) for path in PATHS}
    ceiling = {}
    for path in PATHS:
        found = [measure(path, side, side, side, options.repeats)["forward"]
                 for side in (1024, 2048, 4096)]
        ceiling[path] = {"forward": max(found)}
    results["ceiling: square"] = ceiling
    print(f"{options.threads} threads, torch {torch.__version__}; GFLOP/s, forward / backward\n")
    print("| layer | " + " | ".join(PATHS) + " |\n" + "|---" * (len(PATHS) + 1) + "|")
    for layer, paths in results.items():
        cells = [f"{v['forward']:.0f} / {v['backward']:.0f}" if "backward" in v
                 else f"{v['forward']:.0f}" for v in paths.values()]
        print(f"| {layer} | " + " | ".join(cells) + " |")
    if options.json:
        options.json.write_text(json.dumps(
            {"threads": options.threads, "batch_size": options.batch_size, "results": results},
            indent=1) + "\n")


if __name__ == "__main__":
    main()
