"""Pairs of images: the file of batches and the recipe's sampler. Needs nothing but Python.

SPDX-License-Identifier: MIT
"""

import csv


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
