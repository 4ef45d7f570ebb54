"""The fine-tuning recipe: loss and learning rate, each a few lines to read against.

The pairs are in pairs.py.

Facts from Habel et al., MMSports 2022 (arXiv 2303.11855) and KonradHabel/clip_reid@1a935d6; the
schedules are those of Hugging Face's transformers, to which Tools/fixtures/training.py compares
them.

SPDX-License-Identifier: MIT
"""

import math

import torch
import torch.nn.functional as F


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
