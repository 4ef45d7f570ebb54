"""Re-ranking: ReIdent beside the reference implementation, time, peak memory and difference.

    swift build -c release --package-path Benchmarks/reranking
    python Benchmarks/reranking/compare.py --reference PATH/TO/clipreid/rerank.py

Embeddings are random but clustered by player, seeded. Each implementation runs in a process of its
own; the smallest time of --repeat runs counts. The reference gets distance matrices (as it does in
its evaluator) whose time is not counted; ReIdent starts from the embeddings, and once more from the
same matrices, where the results can be compared without the rounding of the products.

At MSMT17's size there is no room for matrices, and nothing is compared:

    python Benchmarks/reranking/compare.py --embeddings-only --queries 11659 --gallery 82161

Needs numpy, safetensors and whatever the reference imports.

SPDX-License-Identifier: MIT
"""

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

PROGRAM = Path(__file__).resolve().parent / ".build/release/RerankingBenchmark"


def clustered(queries, gallery, dimension, seed):
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((queries, dimension))
    players = np.concatenate([np.arange(queries), rng.integers(0, queries, gallery)])
    points = centres[players] + 0.9 * rng.standard_normal((len(players), dimension))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points[:queries].astype(np.float32), points[queries:].astype(np.float32)


def squared(first, second):
    return ((first ** 2).sum(1)[:, None] + (second ** 2).sum(1)[None] - 2 * first @ second.T)


def all_distances(queries, gallery):
    return squared(queries, gallery), squared(queries, queries), squared(gallery, gallery)


def fastest(command, repeat):
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            for _ in range(repeat)]
    return {
        "seconds": min(run["seconds"] for run in runs),
        "processor_seconds": min(run["processor_seconds"] for run in runs),
        "preparation": min(run["preparation"] for run in runs),
        "megabytes_beyond_inputs": max(run["megabytes_beyond_inputs"] for run in runs),
    }


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def run_reference(arguments):
    """In a process of its own: times the reference and stores its distances."""
    spec = importlib.util.spec_from_file_location("reference_rerank", arguments.reference)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    q, g = (np.fromfile(f"{arguments.folder}/{name}.f32", np.float32).reshape(
        -1, arguments.dimension) for name in ("queries", "gallery"))
    matrices = all_distances(q, g)
    before = peak_megabytes()
    start = time.perf_counter()
    result = module.re_ranking(*matrices)
    seconds = time.perf_counter() - start
    np.save(f"{arguments.folder}/reference.npy", result)
    print(json.dumps({"seconds": seconds, "megabytes_beyond_inputs": peak_megabytes() - before}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", help="the reference's rerank.py; without it ours alone")
    parser.add_argument("--queries", type=int, default=468)
    parser.add_argument("--gallery", type=int, default=8703)
    parser.add_argument("--dimension", type=int, default=768)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--embeddings-only", action="store_true",
                        help="time ReIdent from embeddings, and nothing else")
    parser.add_argument("--program", default=str(PROGRAM))
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        return run_reference(arguments)

    with tempfile.TemporaryDirectory() as folder:
        q, g = clustered(
            arguments.queries, arguments.gallery, arguments.dimension, arguments.seed)
        q.tofile(f"{folder}/queries.f32")
        g.tofile(f"{folder}/gallery.f32")
        if arguments.embeddings_only:
            size = [arguments.queries, arguments.gallery, arguments.dimension]
            figures = fastest(
                [arguments.program, f"{folder}/queries.f32", f"{folder}/gallery.f32",
                 str(arguments.dimension), "-"], arguments.repeat)
            return print(json.dumps({"size": size, "from_embeddings": figures}, indent=1))
        matrices = dict(zip(("distances", "query_distances", "gallery_distances"),
                            all_distances(q, g)))
        matrices["query_ids"] = np.arange(len(q))
        matrices["gallery_ids"] = np.arange(len(g))
        save_file(matrices, f"{folder}/matrices.safetensors")
        del matrices
        report = {
            "size": [arguments.queries, arguments.gallery, arguments.dimension],
            "from_embeddings": fastest(
                [arguments.program, f"{folder}/queries.f32", f"{folder}/gallery.f32",
                 str(arguments.dimension), f"{folder}/from_embeddings.f32"], arguments.repeat),
            "from_matrices": fastest(
                [arguments.program, f"{folder}/matrices.safetensors",
                 f"{folder}/from_matrices.f32"], arguments.repeat),
        }
        if arguments.reference:
            child = [sys.executable, __file__, "--reference", arguments.reference, "--folder",
                     folder, "--dimension", str(arguments.dimension)]
            output = subprocess.run(child, check=True, stdout=subprocess.PIPE).stdout
            report["reference"] = json.loads(output)
            reference = np.load(f"{folder}/reference.npy")
            for name in ("from_embeddings", "from_matrices"):
                ours = np.fromfile(f"{folder}/{name}.f32", np.float32).reshape(reference.shape)
                difference = np.abs(ours - reference)
                report[name]["largest_difference"] = float(difference.max())
                report[name]["share_above_1e-5"] = float((difference > 1e-5).mean())
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
