"""Ranking: ReIdent beside FAISS, exact and by a graph, on the same vectors.

    swift build -c release --package-path Benchmarks/ranking
    python Benchmarks/ranking/compare.py [--graph-count 200000] [--only exact|graph]

Vectors of unit length, seeded: `random` ones in all directions, and `players`, which look like a
model's: 20,000 players around a common mean, 50 images each, with variances that fall with the rank
of their direction (as Stringer et al. measured of images' representations, Nature 571, 2019), in
directions that are no axes. Every program runs in a process of its own; medians count, of --repeat
runs or, for single queries of a graph, of 512. FAISS has several settings, whose best counts.

Recall is the share of the 10 best of an exact search that are found.

Needs numpy and faiss-cpu.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PROGRAM = Path(__file__).resolve().parent / ".build/release/RankingBenchmark"
DIMENSION, PLAYERS, QUERIES, BLOCK = 768, 20_000, 1024, 50_000
EFFORTS = [16, 32, 64, 96, 128, 192, 256, 384, 512]


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write_random(folder, count, rng):
    def some(n):
        return unit(rng.standard_normal((n, DIMENSION), dtype=np.float32))
    with open(f"{folder}/random.f32", "wb") as file:
        for start in range(0, count, BLOCK):
            some(min(BLOCK, count - start)).tofile(file)
    some(QUERIES).tofile(f"{folder}/random-queries.f32")


def write_players(folder, count, rng):
    spread = (np.arange(DIMENSION) + 1.0) ** -0.5
    spread /= np.sqrt((spread ** 2).sum())
    turn = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))[0]
    turn = (spread[:, None] * turn).astype(np.float32)
    mean = 0.7 * rng.standard_normal(DIMENSION, dtype=np.float32) / np.sqrt(DIMENSION)
    centres = rng.standard_normal((PLAYERS, DIMENSION), dtype=np.float32)

    def some(players):
        noise = rng.standard_normal((len(players), DIMENSION), dtype=np.float32)
        return unit((centres[players] + 0.7 * noise) @ turn + mean).astype(np.float32)
    players = rng.permutation(np.resize(np.arange(PLAYERS), count))
    with open(f"{folder}/players.f32", "wb") as file:
        for start in range(0, count, BLOCK):
            some(players[start:start + BLOCK]).tofile(file)
    some(rng.integers(0, PLAYERS, QUERIES)).tofile(f"{folder}/players-queries.f32")


def read(path, count=-1):
    return np.fromfile(path, np.float32, count if count < 0 else count * DIMENSION).reshape(
        -1, DIMENSION)


def times(repeat, step, search):
    found = []
    for run in range(repeat):
        start = time.perf_counter()
        search(run * step)
        found.append(time.perf_counter() - start)
    return found


def faiss_exact(arguments):
    """In a process of its own: FAISS's flat index, with every setting."""
    import faiss
    queries = read(f"{arguments.folder}/{arguments.data}-queries.f32")
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(read(f"{arguments.folder}/{arguments.data}.f32"))
    report = {"version": faiss.__version__}

    def measure(count, name):
        report[f"{count}, {name}"] = times(
            arguments.repeat, count, lambda start: index.search(queries[start:start + count], 10))
    for threads in sorted({1, os.cpu_count()}):
        faiss.omp_set_num_threads(threads)
        measure(1, f"{threads} threads")
        measure(64, f"{threads} threads")
    # From how many queries on it multiplies matrices, and of how many vectors.
    for least in [1, 20]:
        for block in [1024, 16384]:
            faiss.cvar.distance_compute_blas_threshold = least
            faiss.cvar.distance_compute_blas_database_bs = block
            measure(64, f"{threads} threads, products from {least} on, of {block}")
    _, rows = index.search(queries[(arguments.repeat - 1) * 64:arguments.repeat * 64], 10)
    rows.astype(np.int32).tofile(f"{arguments.folder}/{arguments.data}-faiss.i32")
    print(json.dumps(report))


def faiss_graph(arguments):
    """In a process of its own: FAISS's HNSW with as many links and as much effort as ReIdent's."""
    import faiss
    queries = read(f"{arguments.folder}/{arguments.data}-queries.f32")
    count = arguments.graph_count - arguments.graph_count // 10
    vectors = read(f"{arguments.folder}/{arguments.data}.f32", count)
    flat = faiss.IndexFlatIP(DIMENSION)
    flat.add(vectors)
    _, truth = flat.search(queries[:512], 10)
    del flat
    index = faiss.IndexHNSWFlat(DIMENSION, 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 200
    start = time.perf_counter()
    index.add(vectors)
    report = {"build": [time.perf_counter() - start]}
    for effort in EFFORTS:
        index.hnsw.efSearch = effort
        _, rows = index.search(queries[:512], 10)
        shared = sum(len(set(mine) & set(theirs)) for mine, theirs in zip(rows, truth))
        report[f"recall, {effort}"] = [shared / truth.size]
        report[f"1, {effort}"] = times(
            512, 1, lambda start: index.search(queries[start:start + 1], 10))
        report[f"64, {effort}"] = times(
            arguments.repeat, 64, lambda start: index.search(queries[start:start + 64], 10))
    print(json.dumps(report))


def medians(output):
    return {name: statistics.median(value) if isinstance(value, list) else value
            for name, value in json.loads(output).items()}


def run(command):
    return medians(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def child(arguments, role, data):
    return run([sys.executable, __file__, "--role", role, "--data", data, "--folder",
                arguments.folder, "--repeat", str(arguments.repeat), "--graph-count",
                str(arguments.graph_count)])


def same_rows(arguments, data):
    """The share of the last 64 queries' rows that FAISS has in the same order."""
    ours, theirs = (np.fromfile(f"{arguments.folder}/{data}-{who}.i32", np.int32)
                    for who in ("ours", "faiss"))
    return float((ours == theirs).mean())


def compare(arguments):
    """Medians in seconds by what was searched, on the sets of `arguments.sets`."""
    rng = np.random.default_rng(1)
    report = {"size": [arguments.count, DIMENSION], "graph_size": arguments.graph_count}
    for data, write in (("random", write_random), ("players", write_players)):
        if data not in arguments.sets:
            continue
        if not Path(f"{arguments.folder}/{data}.f32").exists():
            write(arguments.folder, arguments.count, rng)
        files = [f"{arguments.folder}/{data}.f32", f"{arguments.folder}/{data}-queries.f32",
                 str(DIMENSION), str(arguments.repeat)]
        if arguments.only != "graph":
            ours = run([arguments.program, "exact", *files,
                        f"{arguments.folder}/{data}-ours.i32"])
            faiss = child(arguments, "faiss-exact", data)
            report[f"exact, {data}"] = {
                "reident": ours, "faiss": faiss, "same_rows": same_rows(arguments, data)}
        if arguments.only != "exact" and data == "players":
            report[f"graph, {data}"] = {
                "reident": run(
                    [arguments.program, "graph", *files, str(arguments.graph_count)]),
                "faiss": child(arguments, "faiss-graph", data)}
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--graph-count", type=int, default=200_000)
    parser.add_argument("--sets", nargs="*", default=["random", "players"])
    parser.add_argument("--only", choices=["exact", "graph"])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--program", default=str(PROGRAM))
    parser.add_argument("--folder", help="where the vectors are kept, 3 GB a set; else temporary")
    parser.add_argument("--role", choices=["faiss-exact", "faiss-graph"], help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role == "faiss-exact":
        return faiss_exact(arguments)
    if arguments.role == "faiss-graph":
        return faiss_graph(arguments)
    with tempfile.TemporaryDirectory() as folder:
        arguments.folder = arguments.folder or folder
        print(json.dumps(compare(arguments), indent=1))


if __name__ == "__main__":
    main()
