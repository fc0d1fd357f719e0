"""The inputs that every engine reads. numpy alone, so that an engine's memory is its own."""

import json
from pathlib import Path

import numpy as np

NEW_TOKENS = 12
EOS = 1


def token_ids(vocabulary: int, count: int) -> list[list[int]]:
    """`count` inputs of 12 to 16 tokens, the end token included: the length of a file name."""
    rng = np.random.default_rng(7)
    return [[*rng.integers(3, vocabulary, n).tolist(), EOS] for n in rng.integers(11, 16, count)]


def vocabulary_of(folder: Path) -> int:
    return json.loads((folder / "torch" / "config.json").read_text(encoding="utf-8"))["vocab_size"]
