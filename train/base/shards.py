"""Tokenised examples on disk, and the batches that they are drawn into.

Batches have fixed shapes: oneDNN and the compiler build for each new one, so an example goes into the smallest of
BUCKETS that holds it and each batch is full.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Tokens of source and of target: steps small enough that padding costs a seventh of the work.
BUCKETS = ((16, 13), (20, 15), (24, 17), (28, 18), (32, 20), (38, 22), (46, 26), (54, 30))
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Shard:
    """Examples of one sort: token ids end to end, and where each example ends."""

    source: np.ndarray
    source_ends: np.ndarray
    target: np.ndarray
    target_ends: np.ndarray

    @classmethod
    def load(cls, path: Path) -> "Shard":
        with np.load(path) as arrays:
            return cls(*(arrays[k] for k in ("source", "source_ends", "target", "target_ends")))

    def save(self, path: Path) -> None:
        np.savez(
            path,
            source=self.source,
            source_ends=self.source_ends,
            target=self.target,
            target_ends=self.target_ends,
        )

    @classmethod
    def of(cls, pairs: list[tuple[list[int], list[int]]]) -> "Shard":
        """Pack (source ids, target ids) pairs; the vocabulary fits 16 bits."""
        columns = []
        for side in (0, 1):
            columns.append(np.array([t for pair in pairs for t in pair[side]], dtype=np.uint16))
            columns.append(np.cumsum([len(pair[side]) for pair in pairs], dtype=np.int64))
        return cls(*columns)

    def __len__(self) -> int:
        return len(self.source_ends)

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        s, t = (ends[i - 1] if i else 0 for ends in (self.source_ends, self.target_ends))
        return self.source[s : self.source_ends[i]], self.target[t : self.target_ends[i]]


def bucket_of(source: np.ndarray, target: np.ndarray) -> int | None:
    """The smallest bucket that holds an example, or None."""
    return next((i for i, (s, t) in enumerate(BUCKETS) if len(source) <= s and len(target) <= t), None)


def batches(
    shards: dict[str, Shard], mix: dict[str, float], size: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless full batches (source [size, S], labels [size, T]) of one bucket each, examples drawn by `mix`."""
    rng = np.random.default_rng(seed)
    names = list(mix)
    weights = np.array([mix[n] for n in names], dtype=float)
    waiting: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in BUCKETS]
    while True:
        for which in rng.choice(len(names), size=1024, p=weights / weights.sum()):
            shard = shards[names[which]]
            example = shard[int(rng.integers(len(shard)))]
            bucket = bucket_of(*example)
            if bucket is None:
                continue
            waiting[bucket].append(example)
            if len(waiting[bucket]) == size:
                yield padded(waiting[bucket], *BUCKETS[bucket])
                waiting[bucket] = []


def padded(examples: list[tuple[np.ndarray, np.ndarray]], s: int, t: int) -> tuple[np.ndarray, np.ndarray]:
    source = np.zeros((len(examples), s), dtype=np.int64)
    labels = np.full((len(examples), t), IGNORED, dtype=np.int64)
    for row, (a, b) in enumerate(examples):
        source[row, : len(a)], labels[row, : len(b)] = a, b
    return source, labels
