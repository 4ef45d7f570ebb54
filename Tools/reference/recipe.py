"""The fine-tuning recipe: pairs, loss, learning rate. Every piece is a few lines to read against.

Facts from Habel et al., MMSports 2022 (arXiv 2303.11855) and KonradHabel/clip_reid@1a935d6; the
schedules are those of Hugging Face's transformers, to which Tools/fixtures/training.py compares
them.

SPDX-License-Identifier: MIT
"""

import csv
import math

import torch
import torch.nn.functional as F


def read_pairs(path) -> list[list[tuple[str, str]]]:
    """The batches of a pairs file (columns step, query, gallery) in the order of its steps."""
    batches: dict[int, list[tuple[str, str]]] = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            batches.setdefault(int(row["step"]), []).append((row["query"], row["gallery"]))
    return [batches[step] for step in sorted(batches)]


def write_pairs(path, batches: list[list[tuple[str, str]]]) -> None:
    """The opposite of `read_pairs`; steps count from 1."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step", "query", "gallery"])
        for step, batch in enumerate(batches, start=1):
            writer.writerows([step, query, gallery] for query, gallery in batch)


def greedy_batches(images, batch_size: int, random) -> list[list[tuple[str, str]]]:
    """One epoch of the recipe's sampler: [(path, identity)] to batches of (query, gallery) paths.

    Shuffled images are taken in turn; one whose player is already in the batch goes to the end of
    the line. Ten such in a row end the epoch, and an incomplete batch is dropped.
    """
    by_identity: dict[str, list[str]] = {}
    for path, identity in images:
        by_identity.setdefault(identity, []).append(path)
    line = [entry for entry in images if len(by_identity[entry[1]]) > 1]
    random.shuffle(line)
    batches, batch, players, rejected, position = [], [], set(), 0, 0
    while position < len(line) and rejected < 10:
        path, identity = line[position]
        position += 1
        if identity in players:
            line.append((path, identity))
            rejected += 1
            continue
        rejected = 0
        players.add(identity)
        others = [other for other in by_identity[identity] if other != path]
        batch.append((path, random.choice(others)))
        if len(batch) == batch_size:
            batches.append(batch)
            batch, players = [], set()
    return batches


def info_nce(query, gallery, logit_scale, label_smoothing: float):
    """Symmetric InfoNCE on cosine similarities; row i of one side belongs to row i of the other."""
    logits = logit_scale.exp() * F.normalize(query, dim=-1) @ F.normalize(gallery, dim=-1).T
    target = torch.arange(len(logits))
    by_query = F.cross_entropy(logits, target, label_smoothing=label_smoothing)
    by_gallery = F.cross_entropy(logits.T, target, label_smoothing=label_smoothing)
    return (by_query + by_gallery) / 2


class Schedule:
    """Learning rate of an update, counted from 0: linear warm-up from zero, then a decay.

    Warm-up counts batches and ignores accumulation, as the released code does: with accumulation
    it lasts that many times longer.
    """

    def __init__(self, kind, rate, end_rate, batches, epochs, warmup_epochs, accumulation=1):
        self.kind, self.rate, self.end_rate = kind, rate, end_rate
        self.total = int(batches * epochs / accumulation)
        self.warmup = int(batches * warmup_epochs)

    def __call__(self, update: int) -> float:
        if update < self.warmup:
            return self.rate * update / max(1, self.warmup)
        done = (update - self.warmup) / max(1, self.total - self.warmup)
        left = (self.total - update) / max(1, self.total - self.warmup)
        match self.kind:
            case "constant":
                return self.rate
            case "linear":
                return self.rate * max(0.0, left)
            case "cosine":
                return self.rate * max(0.0, 0.5 * (1 + math.cos(math.pi * done)))
            case "polynomial":
                if update > self.total:
                    return self.end_rate
                left = 1 - (update - self.warmup) / (self.total - self.warmup)
                return self.end_rate + (self.rate - self.end_rate) * left**2
        raise ValueError(f"unknown schedule {self.kind!r}")
