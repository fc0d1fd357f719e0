"""Names that repeat another: siblings of one family beyond a few, and families one edit apart.

Only names are looked at: two different names may well share a description. Candidates for the fuzzy match are
neighbours in two sorted orders of the family keys, from the front and from the back (one edit leaves one half
of a key whole), so the work grows as n log n; rapidfuzz compares the neighbours in bulk.
"""

from collections.abc import Iterator, Sequence
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


def _candidates(stems: Sequence[str], extensions: np.ndarray) -> Iterator[np.ndarray]:
    """Yield arrays of (earlier row, later row, words reordered?) for neighbours at most one edit apart."""
    long_enough = [row for row, stem in enumerate(stems) if len(stem) >= MIN_KEY]
    yield _reordered(stems, extensions, long_enough)
    lengths = np.fromiter((len(stem) for stem in stems), np.int32, len(stems))
    for sort_key in (stems.__getitem__, lambda row: stems[row][::-1]):
        # One extension at a time, the order inside kept: neighbours could otherwise be other kinds.
        rows = np.array(sorted(long_enough, key=sort_key), np.int64)
        rows = rows[np.argsort(extensions[rows], kind="stable")]
        for step in range(1, NEIGHBOURS + 1):
            left, right = rows[:-step], rows[step:]
            may = (extensions[left] == extensions[right]) & (abs(lengths[left] - lengths[right]) <= 1)
            left, right = left[may], right[may]
            for start in range(0, len(left), CHUNK):
                some, others = left[start : start + CHUNK], right[start : start + CHUNK]
                edits = cpdist(
                    [stems[row] for row in some.tolist()],
                    [stems[row] for row in others.tolist()],
                    scorer=OSA.distance,
                    score_cutoff=1,
                    dtype=np.uint8,
                    workers=-1,
                )
                near = np.stack([some[edits <= 1], others[edits <= 1]], axis=1)
                near.sort(axis=1)
                yield np.column_stack([near, np.zeros(len(near), np.int64)])


def _reordered(stems: Sequence[str], extensions: np.ndarray, rows: Sequence[int]) -> np.ndarray:
    """(first row, later row, 1) for stems of the same words in another order."""
    first: dict[tuple[str, int], int] = {}
    found = []
    for row in rows:
        earlier = first.setdefault((" ".join(sorted(stems[row].split())), int(extensions[row])), row)
        if earlier != row:
            found.append((earlier, row, 1))
    return np.array(found, np.int64).reshape(-1, 3)
