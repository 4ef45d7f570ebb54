"""Images prepared a second: ReIdent beside OpenCV and Pillow, in one run.

    swift build -c release --package-path Benchmarks/preprocessing
    python Benchmarks/preprocessing/run.py ../shared/data/market1501-mini

Every contestant reads each file, decodes it and fits it into 224 x 224: ReIdent and OpenCV by the
same letterbox to the pixel, Pillow by its own bilinear filter in the same geometry. Contestants
take turns, the median of the passes counts; the first pass fills the file cache and is not counted.
"All cores" is ReIdent's loader, and for the peers as many threads or processes as there are cores.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import multiprocessing
import multiprocessing.pool
import os
import pathlib
import statistics
import subprocess
import time

import cv2
import numpy as np
import PIL
import PIL.Image

SIDE = 224
PROGRAM = pathlib.Path(__file__).parent / ".build/release/ImageBenchmark"


def geometry(width: int, height: int) -> tuple[int, int]:
    if width == height:
        return SIDE, SIDE
    scale = SIDE / max(width, height)
    return (round(width * scale), SIDE) if height > width else (SIDE, round(height * scale))


def with_opencv(path: str) -> int:
    picture = cv2.cvtColor(cv2.imread(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    width, height = geometry(picture.shape[1], picture.shape[0])
    canvas = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    left, top = (SIDE - width) // 2, (SIDE - height) // 2
    canvas[top : top + height, left : left + width] = cv2.resize(
        picture, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    return canvas.size


def with_pillow(path: str) -> int:
    picture = PIL.Image.open(path).convert("RGB")
    width, height = geometry(*picture.size)
    canvas = PIL.Image.new("RGB", (SIDE, SIDE))
    canvas.paste(
        picture.resize((width, height), PIL.Image.Resampling.BILINEAR),
        ((SIDE - width) // 2, (SIDE - height) // 2))
    return np.asarray(canvas).size


def single_threaded() -> None:
    cv2.setNumThreads(1)


def timed(body) -> float:
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--passes", type=int, default=5)
    arguments.add_argument("--json", type=pathlib.Path, help="write the rates here too")
    arguments.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    options = arguments.parse_args()
    paths = sorted(
        str(path) for path in options.folder.rglob("*") if path.suffix in (".jpg", ".png"))
    single_threaded()

    def ours(cores: int) -> float:
        command = [str(PROGRAM), str(options.folder), "letterbox", str(SIDE), "1"]
        if cores == 1:
            core = min(os.sched_getaffinity(0))
            command = ["taskset", "-c", str(core)] + command
        result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        assert result["images"] == len(paths)
        return result["seconds"][0]

    def pooled(pool, prepare) -> float:
        return timed(lambda: pool.map(prepare, paths, chunksize=32))

    cores = options.cores
    processes = multiprocessing.Pool(cores, single_threaded)
    threads = multiprocessing.pool.ThreadPool(cores)
    contestants = {
        ("ReIdent", "one core"): lambda: ours(1),
        ("OpenCV", "one core"): lambda: timed(lambda: [with_opencv(path) for path in paths]),
        ("Pillow", "one core"): lambda: timed(lambda: [with_pillow(path) for path in paths]),
        ("ReIdent", f"{cores} cores"): lambda: ours(cores),
        ("OpenCV", f"{cores} threads"): lambda: pooled(threads, with_opencv),
        ("OpenCV", f"{cores} processes"): lambda: pooled(processes, with_opencv),
        ("Pillow", f"{cores} threads"): lambda: pooled(threads, with_pillow),
        ("Pillow", f"{cores} processes"): lambda: pooled(processes, with_pillow),
    }
    seconds = {name: [] for name in contestants}
    for turn in range(options.passes + 1):
        for name, run in contestants.items():
            taken = run()
            if turn > 0:
                seconds[name].append(taken)
    print(f"{len(paths)} images, {options.passes} passes, OpenCV {cv2.__version__}, "
          f"Pillow {PIL.__version__}\n")
    print("| library | on | images/s (median) | lowest ... highest |\n|---|---|---|---|")
    record = []
    for (library, place), taken in seconds.items():
        rates = sorted(len(paths) / value for value in taken)
        record.append({"library": library, "on": place,
                       "images_per_second": statistics.median(rates)})
        print(f"| {library} | {place} | {statistics.median(rates):,.0f} "
              f"| {rates[0]:,.0f} ... {rates[-1]:,.0f} |")
    if options.json:
        versions = {"opencv": cv2.__version__, "pillow": PIL.__version__}
        options.json.write_text(json.dumps(
            {"images": len(paths), "versions": versions, "rates": record}, indent=1) + "\n")


if __name__ == "__main__":
    main()
