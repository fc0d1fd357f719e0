"""Shards keep examples; batches have fixed shapes."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from train.base.shards import BUCKETS, IGNORED, Shard, batches, bucket_of


def test_a_shard_gives_back_what_was_packed(tmp_path: Path) -> None:
    pairs = [([3, 4, 1], [5, 1]), ([1], [1]), ([7, 8, 9, 1], [6, 6, 1])]
    Shard.of(pairs).save(tmp_path / "one.npz")
    loaded = Shard.load(tmp_path / "one.npz")
    assert [(list(a), list(b)) for a, b in map(loaded.__getitem__, range(len(loaded)))] == pairs


@pytest.mark.parametrize(
    ("source", "target", "bucket"),
    [
        pytest.param(*BUCKETS[0], 0, id="fills the smallest"),
        pytest.param(BUCKETS[0][0] + 1, 2, 1, id="the source is too long for it"),
        pytest.param(2, BUCKETS[1][1] + 1, 2, id="the target decides"),
        pytest.param(BUCKETS[-1][0] + 1, 2, None, id="longer than all"),
    ],
)
def test_bucket_of(source: int, target: int, bucket: int | None) -> None:
    assert bucket_of(np.ones(source), np.ones(target)) == bucket


def test_batches_are_full_and_of_bucket_shapes() -> None:
    loaded = {"tiny": Shard.of([([3, 4, 1], [5, 1]), ([7] * BUCKETS[1][0], [6, 1])] * 8)}
    for source, labels in islice(batches(loaded, {"tiny": 1.0}, 4, 0), 6):
        assert (source.shape[1], labels.shape[1]) in BUCKETS
        assert len(source) == len(labels) == 4
        assert (labels != IGNORED).any(axis=1).all()
