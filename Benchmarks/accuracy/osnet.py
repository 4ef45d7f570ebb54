"""Measures OSNet on a data set as `reident evaluate` measures a package: the same queries, gallery,
protocol and intervals, by `reident score`.

    python Benchmarks/accuracy/osnet.py OSNET.onnx DATASET --layout market1501|synergyreid \
        [--reident .build/release/reident] [--out OSNET.safetensors]

Needs numpy, Pillow, onnxruntime and safetensors. OSNet wants 256 x 128 RGB with ImageNet's mean and
deviation; embeddings are brought to unit length and compared by squared Euclidean distance.

SPDX-License-Identifier: MIT
"""

import argparse
import pathlib
import re
import subprocess
import tempfile

import numpy
import onnxruntime
from PIL import Image
from safetensors.numpy import save_file

MEAN = numpy.array([0.485, 0.456, 0.406], dtype=numpy.float32)
DEVIATION = numpy.array([0.229, 0.224, 0.225], dtype=numpy.float32)
FOLDERS = {
    "market1501": ("query", "bounding_box_test"),
    "synergyreid": ("reid_test/query", "reid_test/gallery"),
}
NAMES = {
    "market1501": re.compile(r"^(?P<identity>-?\d+)_c(?P<camera>\d)"),
    "synergyreid": re.compile(r"^(?P<identity>\d+)_(?P<camera>\d+)_"),
}


def crops(folder: pathlib.Path, layout: str) -> list:
    """(path, identity, camera) of the crops of a folder; Market-1501's junk is left out."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = NAMES[layout].match(path.name)
        if path.suffix.lower() in (".jpg", ".jpeg", ".png") and name:
            # SynergyReID's protocol knows no cameras.
            camera = int(name["camera"]) if layout == "market1501" else -1
            if int(name["identity"]) >= 0:
                found.append((path, int(name["identity"]), camera))
    return found


def embed(session, paths: list, batch: int = 32) -> numpy.ndarray:
    """Unit embeddings [N, 512]."""
    vectors = []
    for start in range(0, len(paths), batch):
        images = []
        for path in paths[start:start + batch]:
            image = Image.open(path).convert("RGB").resize((128, 256), Image.BILINEAR)
            pixels = numpy.asarray(image, dtype=numpy.float32) / 255
            images.append(((pixels - MEAN) / DEVIATION).transpose(2, 0, 1))
        name = session.get_inputs()[0].name
        vectors.append(session.run(None, {name: numpy.stack(images)})[0])
    joined = numpy.concatenate(vectors)
    return joined / numpy.linalg.norm(joined, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures OSNet by reident's own scoring.")
    parser.add_argument("onnx")
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("--layout", choices=FOLDERS, required=True)
    parser.add_argument("--reident", default=".build/release/reident")
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    session = onnxruntime.InferenceSession(options.onnx, providers=["CPUExecutionProvider"])
    query, gallery = (crops(options.dataset / name, options.layout)
                      for name in FOLDERS[options.layout])
    queries, others = (embed(session, [crop[0] for crop in part]) for part in (query, gallery))
    tensors = {
        "distances": (2 - 2 * queries @ others.T).astype(numpy.float32),
        "query_ids": numpy.array([crop[1] for crop in query], dtype=numpy.int64),
        "gallery_ids": numpy.array([crop[1] for crop in gallery], dtype=numpy.int64)}
    if options.layout == "market1501":
        tensors["query_cameras"] = numpy.array([crop[2] for crop in query], dtype=numpy.int64)
        tensors["gallery_cameras"] = numpy.array([crop[2] for crop in gallery], dtype=numpy.int64)
    with tempfile.TemporaryDirectory() as folder:
        out = options.out or pathlib.Path(folder) / "osnet.safetensors"
        save_file(tensors, out)
        subprocess.run([options.reident, "score", str(out)], check=True)


if __name__ == "__main__":
    main()
