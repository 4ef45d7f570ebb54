"""Embedding images a second: ReIdent beside PyTorch, ONNX Runtime and OpenVINO, in one run.

    venv/bin/python Benchmarks/embedding/peers.py [--only REGEX] [--json F.json]

ViT-B/16 (batch 16) and ViT-L/14 (batch 8) with QuickGELU at 224 px, random weights, every peer up
to the paper's features (after `ln_post`, no projection), input already prepared. Each peer runs in
a process of its own, one after another, on the same number of threads: two warm-up batches, then
the median of five repeats of at least a second each. Every peer's features are compared with
PyTorch's fp32 ones (smallest cosine), so that none wins by computing something else.

ReIdent is asked through `reident benchmark --model PACKAGE --precision P --batch-size N --json`,
which has to print "images_per_second". Its last row leaves out the padding of a letterboxed crop of
64 x 128, which changes the function: it is another setting of a package, not the same work faster.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tools"))

MODELS = {"ViT-B-16-quickgelu": 16, "ViT-L-14-quickgelu": 8}
PEERS = ["torch-fp32", "torch-bf16", "torch-bf16-autocast", "compile-bf16", "onnxruntime-fp32",
         "onnxruntime-int8", "openvino-fp32", "openvino-bf16", "openvino-int8"]
OURS = ["reident-fp32", "reident-bf16", "reident-int8", "reident-bf16-content",
        "reident-int8-content"]
SEED = 1


def timed(compute, batch: int, repeats: int) -> dict:
    """Median images a second of a function that embeds one batch."""
    for _ in range(2):
        compute()
    rates = []
    for _ in range(repeats):
        started, done = time.perf_counter(), 0
        while done == 0 or time.perf_counter() - started < 1:
            compute()
            done += 1
        rates.append(batch * done / (time.perf_counter() - started))
    return {"images_per_second": statistics.median(rates), "repeats": rates}


def encoder(name: str):
    """The image encoder with seeded weights, and one batch of noise."""
    import torch

    from reference import clip_models

    visual = clip_models.build(clip_models.configuration(name), seed=SEED).visual
    visual.proj = None
    pixels = torch.randn(MODELS[name], 3, *visual.image_size, generator=torch.Generator()
                         .manual_seed(SEED))
    # Parameters stay as they are loaded, though no gradient is asked for: of some that need none,
    # PyTorch 2.13 multiplies batches of a transposed input by copies of the weights, several times
    # slower compiled and under autocast.
    return visual, pixels


def torch_peer(visual, pixels, variant: str):
    import torch

    if variant == "fp32":
        return lambda: visual(pixels)
    if variant == "bf16-autocast":
        def compute():
            with torch.autocast("cpu", torch.bfloat16):
                return visual(pixels)
        return compute
    visual, pixels = visual.bfloat16(), pixels.bfloat16()
    return lambda: visual(pixels)


def compile_peer(visual, pixels):
    import torch
    import torch._inductor.config

    torch._inductor.config.freezing = True
    visual, pixels = torch.compile(visual.bfloat16()), pixels.bfloat16()
    return lambda: visual(pixels)


def onnxruntime_peer(visual, pixels, threads: int, folder: str, precision: str):
    import onnxruntime
    import torch

    torch.backends.mha.set_fastpath_enabled(False)  # its fused operator has no ONNX form
    path = os.path.join(folder, "encoder.onnx")
    torch.onnx.export(visual, (pixels,), path, dynamo=False, input_names=["pixels"],
                      output_names=["features"])
    if precision == "int8":
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(path, f"{path}.int8", per_channel=True, weight_type=QuantType.QInt8)
        path = f"{path}.int8"
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    feed = {"pixels": pixels.numpy()}
    return lambda: session.run(None, feed)[0]


def openvino_peer(visual, pixels, threads: int, precision: str):
    import openvino
    import torch

    torch.backends.mha.set_fastpath_enabled(False)
    model = openvino.convert_model(visual, example_input=pixels)
    model.reshape(list(pixels.shape))
    if precision == "int8":
        import nncf

        # Calibrated on what is measured, which is the best case for its cosine.
        model = nncf.quantize(model, nncf.Dataset([pixels.numpy()]), subset_size=1,
                              model_type=nncf.ModelType.TRANSFORMER)
    compiled = openvino.Core().compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": {"fp32": "f32"}.get(precision, "bf16"),
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"})
    feed = pixels.numpy()
    return lambda: compiled(feed)[0]


def child(peer: str, name: str, options) -> dict:
    """One peer, measured in this process."""
    import numpy
    import torch

    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    visual, pixels = encoder(name)
    library, precision = peer.split("-", 1)
    with tempfile.TemporaryDirectory() as folder:
        match library:
            case "torch":
                compute = torch_peer(visual, pixels, precision)
            case "compile":
                compute = compile_peer(visual, pixels)
            case "onnxruntime":
                compute = onnxruntime_peer(visual, pixels, options.threads, folder, precision)
            case "openvino":
                compute = openvino_peer(visual, pixels, options.threads, precision)
        figures = timed(compute, MODELS[name], options.repeats)
        features = compute()
    features = torch.as_tensor(features).float().numpy()
    reference = pathlib.Path(options.features) / f"{name}.npy"
    if peer == "torch-fp32":
        numpy.save(reference, features)
    elif reference.exists():
        expected = torch.from_numpy(numpy.load(reference))
        cosine = torch.cosine_similarity(torch.from_numpy(features), expected)
        figures["smallest_cosine"] = cosine.min().item()
    return figures


def package_of(name: str, options, folder: str) -> str:
    """A package of random weights, made once."""
    package = os.path.join(folder, name)
    if not os.path.exists(package):
        subprocess.run(
            [options.reident, "models", "create", "--arch", name, "--seed", str(SEED),
             "--out", package], check=True, capture_output=True)
    return package


def ceilings(name: str, options, folder: str) -> dict:
    """What one large product reaches in each precision, in 10^9 operations a second."""
    output = subprocess.run(
        [options.reident, "benchmark", "--model", package_of(name, options, folder),
         "--precision", "bf16", "--repeats", "3", "--json"],
        check=True, capture_output=True, text=True).stdout
    return {precision: part["ceiling"]
            for precision, part in json.loads(output)["linear"].items()}


def machine() -> dict:
    """What was measured on, and with which versions."""
    import importlib.metadata

    names = ["torch", "onnxruntime", "openvino", "nncf", "open_clip_torch"]
    versions = {}
    for package in names:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                      if line.startswith("model name")), "") if os.path.exists(
                          "/proc/cpuinfo") else ""
    return {"processor": processor, "cores": os.cpu_count(), "versions": versions}


def ours(peer: str, name: str, options, folder: str) -> dict:
    """ReIdent's own measurement of itself on a model of the same architecture."""
    package = package_of(name, options, folder)
    output = subprocess.run(
        [options.reident, "benchmark", "--model", package, "--precision",
         peer.split("-")[1], "--tokens", "content" if peer.endswith("-content") else "all",
         "--repeats", str(options.repeats), "--batch-size", str(MODELS[name]),
         "--no-linear", "--json"],
        check=True, capture_output=True, text=True).stdout
    found = json.loads(output)
    return {"images_per_second": found["images_per_second"],
            "gflop_per_image": found["gflop_per_image"]}


def measure(peer: str, name: str, options, folder: str) -> dict:
    """A peer's figures, or why there are none."""
    try:
        if peer in OURS:
            return ours(peer, name, options, folder)
        output = subprocess.run(
            [sys.executable, __file__, "--child", peer, name, "--threads", str(options.threads),
             "--repeats", str(options.repeats), "--features", folder,
             "--batch-size", str(MODELS[name])],
            check=True, capture_output=True, text=True).stdout
        return json.loads(output.splitlines()[-1])
    except subprocess.CalledProcessError as error:
        lines = [line for line in (error.stderr or "").splitlines() if line.strip()]
        return {"failed": lines[-1][:200] if lines else f"ended with {error.returncode}"}
    except (OSError, KeyError, json.JSONDecodeError) as error:
        return {"failed": repr(error)[:200]}


def precision_of(peer: str) -> str:
    return next(name for name in ("int8", "bf16", "fp32") if f"-{name}" in peer)


def table(results: dict, ceiling: dict) -> str:
    """Rates, shares of the machine's own products, and ReIdent's ratio to peers as precise."""
    lines = ["| model | | images/s | of the ceiling | ReIdent is | by content tokens "
             "| smallest cosine |", "|---|---|---|---|---|---|---|"]
    for name, peers in results.items():
        rates = {peer: figures.get("images_per_second") for peer, figures in peers.items()}
        for peer, figures in peers.items():
            if "failed" in figures:
                lines.append(f"| {name} | {peer} | failed: {figures['failed']} | | | | |")
                continue
            precision = precision_of(peer)
            cells = []
            for mine in (f"reident-{precision}", f"reident-{precision}-content"):
                known = rates.get(mine) and peer not in OURS
                cells.append(f"{rates[mine] / rates[peer]:.2f} x" if known else "")
            cosine = figures.get("smallest_cosine")
            work = figures.get("gflop_per_image") or next(
                (other["gflop_per_image"] for key, other in peers.items()
                 if "gflop_per_image" in other and "content" not in key), None)
            most = ceiling.get(precision)
            share = f"{rates[peer] * work / most:.0%}" if work and most else ""
            lines.append(
                f"| {name} | {peer} | {rates[peer]:.2f} | {share} | " + " | ".join(cells)
                + f" | {f'{cosine:.6f}' if cosine is not None else ''} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Embedding rates of ReIdent and its peers.")
    add = parser.add_argument
    add("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    add("--only", default="", help="regular expression of peer names")
    add("--batch-size", type=int, help="instead of 16 for B/16 and 8 for L/14")
    add("--threads", type=int, default=os.cpu_count())
    add("--repeats", type=int, default=5)
    add("--reident", default=str(ROOT / ".build/release/reident"))
    add("--json", type=pathlib.Path, help="write the figures here too")
    add("--child", nargs=2, metavar=("PEER", "MODEL"), help=argparse.SUPPRESS)
    add("--features", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.batch_size:
        MODELS.update(dict.fromkeys(MODELS, options.batch_size))
    if options.child:
        print(json.dumps(child(*options.child, options)))
        return
    results: dict[str, dict] = {}
    with tempfile.TemporaryDirectory(prefix="reident-peers-") as folder:
        ceiling = ceilings(options.models[0], options, folder)
        print(f"ceiling, GFLOP/s: {ceiling}", file=sys.stderr, flush=True)
        for name in options.models:
            for peer in PEERS + OURS:
                if not re.search(options.only, peer):
                    continue
                figures = measure(peer, name, options, folder)
                results.setdefault(name, {})[peer] = figures
                print(f"{name} {peer}: {figures}", file=sys.stderr, flush=True)
    print(table(results, ceiling))
    if options.json:
        record = {"machine": machine(), "threads": options.threads, "batch_sizes": MODELS,
                  "ceiling_gflops": ceiling, "results": results}
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
