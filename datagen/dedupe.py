"""Names that repeat another: siblings of one family beyond a few, and families one edit apart.

Only names are looked at: two different names may well share a description. Candidates for the fuzzy match are
neighbours in three sorted orders of the family keys (from the front, from the back, words sorted), so the
work grows as n log n; one edit leaves the front or the back half of a key whole, and rapidfuzz compares the
neighbours in bulk.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from nomenclair.names import family

# Siblings kept: IMG_0001 … IMG_9999 teach no more than three of them.
PER_FAMILY = 3

# One edit in a shorter key makes another word (cat, car).
MIN_KEY = 10
NEIGHBOURS = 8
CHUNK = 250_000


@dataclass(frozen=True, slots=True)
class Repeat:
    """Row `index` repeats row `of`, which stays; `why` is `family`, `one_edit` or `word_order`."""

    index: int
    of: int
    why: str


def repeats(names: Sequence[str], per_family: int = PER_FAMILY) -> list[Repeat]:
    """Every name that repeats an earlier one; a row that others repeat always stays. Order is priority."""
    keys = [family(name) for name in names]
    first: dict[str, int] = {}
    siblings: dict[str, int] = {}
    out: list[Repeat] = []
    for index, key in enumerate(keys):
        leader = first.setdefault(key, index)
        siblings[key] = siblings.get(key, 0) + 1
        if siblings[key] > per_family:
            out.append(Repeat(index, leader, "family"))
    del siblings
    near = near_families(list(first))
    if near:
        gone = {repeat.index for repeat in out}
        for index, key in enumerate(keys):
            if key in near and index not in gone:
                other, why = near[key]
                out.append(Repeat(index, first[other], why))
    return sorted(out, key=lambda repeat: repeat.index)


def near_families(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Families that repeat an earlier one, mapped to (that one, why). No chains: the target always stays.

    `keys` are distinct; a key is words joined by spaces, then the extension.
    """
    stems, extensions = _split(keys)
    found = np.concatenate(list(_candidates(stems, extensions)) or [np.empty((0, 3), np.int64)])
    # By the later row, then by the earlier: each row is decided after all that it may repeat.
    found = found[np.lexsort((found[:, 0], found[:, 1]))]
    near: dict[int, tuple[int, str]] = {}
    for earlier, later, reordered in found.tolist():
        if later not in near and earlier not in near:
            near[later] = (earlier, "word_order" if reordered else "one_edit")
    return {keys[later]: (keys[earlier], why) for later, (earlier, why) in near.items()}


def _split(keys: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """(stems, a number for each one's extension)."""
    numbers: dict[str, int] = {}
    stems, extensions = [], np.empty(len(keys), np.int32)
    for row, key in enumerate(keys):
        stem, dot, ext = key.partition(".")
        stems.append(stem)
        extensions[row] = numbers.setdefault(dot + ext, len(numbers))
    return stems, extensions


def _candidates(stems: Sequence[str], extensions: np.ndarray):
    """Yield arrays of (earlier row, later row, words reordered?) for neighbours at most one edit apart."""
    long_enough = [row for row, stem in enumerate(stems) if len(stem) >= MIN_KEY]
    by_words = {row: " ".join(sorted(stems[row].split())) for row in long_enough}
    orders = (
        (sorted(long_enough, key=stems.__getitem__), stems, 0),
        (sorted(long_enough, key=lambda row: stems[row][::-1]), stems, 0),
        (sorted(long_enough, key=by_words.__getitem__), by_words, 1),
    )
    for order, texts, reordered in orders:
        # One extension at a time, the order inside kept: neighbours could otherwise be other kinds.
        rows = np.array(order, np.int64)
        rows = rows[np.argsort(extensions[rows], kind="stable")]
        sorted_texts = [texts[row] for row in rows.tolist()]
        for step in range(1, (2 if reordered else NEIGHBOURS) + 1):
            for start in range(0, len(rows) - step, CHUNK):
                left = slice(start, min(start + CHUNK, len(rows) - step))
                right = slice(left.start + step, left.stop + step)
                edits = cpdist(
                    sorted_texts[left],
                    sorted_texts[right],
                    scorer=OSA.distance,
                    score_cutoff=0 if reordered else 1,
                    dtype=np.uint8,
                    workers=-1,
                )
                same = (edits <= (0 if reordered else 1)) & (
                    extensions[rows[left]] == extensions[rows[right]]
                )
                pairs = np.stack([rows[left][same], rows[right][same]], axis=1)
                pairs.sort(axis=1)
                yield np.column_stack([pairs, np.full(len(pairs), reordered)])
