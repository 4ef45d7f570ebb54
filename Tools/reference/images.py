"""Pictures: the recipe's letterbox, normalisation, and drawn players for fixtures.

SPDX-License-Identifier: MIT
"""

import cv2
import numpy as np
import torch

MEAN = (0.48145466, 0.4578275, 0.40821073)
STANDARD_DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def read_rgb(path) -> np.ndarray:
    """An image file as [H, W, 3] RGB bytes."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{path}: not a readable image")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def letterbox(picture: np.ndarray, side: int) -> np.ndarray:
    """[H, W, 3] bytes fitted into [side, side, 3]: longest side to `side`, black bars, centred."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    # The longest side becomes exactly `side`; the other is rounded, halves to the even neighbour.
    target_width = side if width >= height else round(width * scale)
    target_height = side if height >= width else round(height * scale)
    resized = cv2.resize(
        picture, (target_width, target_height), interpolation=cv2.INTER_LINEAR_EXACT)
    canvas = np.zeros((side, side, 3), dtype=np.uint8)
    left, top = (side - target_width) // 2, (side - target_height) // 2
    canvas[top : top + target_height, left : left + target_width] = resized
    return canvas


def normalized(pictures: np.ndarray) -> torch.Tensor:
    """[N, S, S, 3] bytes to [N, 3, S, S] fp32, CLIP's mean removed and divided by its deviation."""
    return normalized_bytes(torch.from_numpy(pictures))


def normalized_bytes(
    pictures: torch.Tensor, mean=MEAN, deviation=STANDARD_DEVIATION
) -> torch.Tensor:
    """The same for a tensor of bytes, perhaps with other statistics."""
    values = pictures.permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor(mean).view(1, 3, 1, 1)
    deviation = torch.tensor(deviation).view(1, 3, 1, 1)
    return ((values - mean) / deviation).contiguous()


def drawn_player(identity: int, view: int, width: int, height: int) -> np.ndarray:
    """A simple drawing of a player: kit and build by identity; place, light and court by view.

    Drawn from nothing but its arguments, so it carries nobody's licence or likeness.
    """
    kit = np.random.default_rng(1000 + identity)
    shirt, shorts, skin = (tuple(int(c) for c in kit.integers(20, 236, 3)) for _ in range(3))
    build = 0.8 + 0.4 * kit.random()
    number = str(int(kit.integers(1, 99)))
    scene = np.random.default_rng([identity, view])
    large = (width * 4, height * 4)  # drawn large and shrunk, which smooths the edges
    top, bottom = scene.integers(60, 200, 3), scene.integers(60, 200, 3)
    slope = np.linspace(0, 1, large[1])[:, None, None]
    canvas = np.broadcast_to(top + (bottom - top) * slope, (large[1], large[0], 3))
    canvas = np.ascontiguousarray(canvas.astype(np.uint8))

    def at(x, y):
        return int((x + shift) * large[0]), int(y * large[1])

    shift = scene.uniform(-0.08, 0.08)
    stride = scene.uniform(0.03, 0.16)
    thickness = max(2, int(0.13 * large[0] * build))
    for side in (-1, 1):
        cv2.line(canvas, at(0.5, 0.55), at(0.5 + side * stride, 0.95), skin, thickness)
        cv2.line(canvas, at(0.5, 0.27), at(0.5 + side * (0.2 + stride), 0.5), skin, thickness)
    cv2.ellipse(
        canvas, at(0.5, 0.58), (int(0.2 * large[0] * build), int(0.1 * large[1])), 0, 0, 360,
        shorts, -1)
    cv2.ellipse(
        canvas, at(0.5, 0.37), (int(0.22 * large[0] * build), int(0.16 * large[1])), 0, 0, 360,
        shirt, -1)
    cv2.circle(canvas, at(0.5, 0.14), int(0.11 * large[0] * build), skin, -1)
    inverse = tuple(255 - c for c in shirt)
    cv2.putText(
        canvas, number, at(0.36, 0.42), cv2.FONT_HERSHEY_SIMPLEX, large[0] / 130, inverse,
        max(1, large[0] // 50))
    light = scene.uniform(0.75, 1.2)
    canvas = np.clip(canvas * light, 0, 255).astype(np.uint8)
    return cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)


SIZES = ((24, 48), (48, 40), (30, 61), (33, 33))


def drawn_batch(count: int, side: int, sizes=SIZES) -> np.ndarray:
    """[count, side, side, 3] letterboxed drawings of different shapes."""
    pictures = []
    for index in range(count):
        width, height = sizes[index % len(sizes)]
        scale = max(1, side // 64)
        pictures.append(letterbox(drawn_player(index, index, width * scale, height * scale), side))
    return np.stack(pictures)
