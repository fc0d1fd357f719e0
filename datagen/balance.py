"""Keep one kind, one extension or one language of names from drowning the others.

Each value of an axis may fill a share of the rows in proportion to the square root of its count, and always
FLOOR rows; what is above is dropped in an order fixed by the rows' ids, never a person's own pair.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from datagen.spelling import dictionary
from nomenclair.contract import Lang
from nomenclair.names import fold, split_ext, words
from nomenclair.records import Pair

AXES: tuple[tuple[str, Callable[[Pair], str]], ...] = (
    ("kind", lambda pair: pair.kind),
    ("extension", lambda pair: split_ext(pair.name)[1] or "(none)"),
    ("name language", lambda pair: name_language(pair.name)),
)

# A value with fewer rows than this is never cut, and below SHORT it is reported as short.
FLOOR = {"kind": 500, "extension": 400, "name language": 2000}
SHORT = {"kind": 50, "extension": 20, "name language": 300}


@dataclass(frozen=True, slots=True)
class Balanced:
    """`dropped` maps the position of a row to the axis that dropped it; `axes` has counts for the report:
    axis -> value -> {before, after, cap}; `short` lists what to add more of."""

    dropped: Mapping[int, str]
    axes: Mapping[str, Mapping[str, Mapping[str, int]]]
    short: Sequence[str]


def balance(pairs: Sequence[Pair]) -> Balanced:
    """Apply the caps of each axis in turn, to what the one before has left."""
    dropped: dict[int, str] = {}
    axes = {}
    values = {axis: [value(pair) for pair in pairs] for axis, value in AXES}
    order = sorted(range(len(pairs)), key=lambda row: (pairs[row].teacher != "person", pairs[row].id))
    for axis, _ in AXES:
        before = Counter(values[axis][row] for row in order)
        left = Counter(values[axis][row] for row in order if row not in dropped)
        limits = caps(left, FLOOR[axis])
        taken: Counter[str] = Counter()
        for row in order:
            if row in dropped:
                continue
            value = values[axis][row]
            if taken[value] >= limits[value] and pairs[row].teacher != "person":
                dropped[row] = axis
            else:
                taken[value] += 1
        axes[axis] = {v: {"before": before[v], "after": 0, "cap": limits.get(v, 0)} for v in before}
    for axis in axes:
        for row, value in enumerate(values[axis]):
            axes[axis][value]["after"] += row not in dropped
    return Balanced(dropped, axes, shortages(pairs, dropped, values))


def caps(counts: Mapping[str, int], floor: int) -> dict[str, int]:
    """How many rows each value may keep: its square-root share of all rows, at least `floor`.

    >>> caps({"image": 9000, "script": 1000}, 100)
    {'image': 7500, 'script': 2500}
    """
    total, weight = sum(counts.values()), sum(math.sqrt(n) for n in counts.values())
    return {value: max(floor, round(total * math.sqrt(n) / weight)) for value, n in counts.items()}


def shortages(pairs: Sequence[Pair], dropped: Mapping[int, str], values: Mapping) -> list[str]:
    """What there is too little of, most wanted first: kinds, extensions, and scripts-in-French and the like."""
    kept = [row for row in range(len(pairs)) if row not in dropped]
    out = []
    for axis in ("name language", "kind", "extension"):
        counts = Counter(values[axis][row] for row in kept)
        few = sorted((n, v) for v, n in counts.items() if n < SHORT[axis] and v not in ("(none)", "none"))
        # An extension met once or twice is nothing to go looking for.
        out += [f"{value} ({n})" for n, value in few if n > 2 or axis != "extension"][:12]
    crossed = Counter((values["kind"][row], values["name language"][row]) for row in kept)
    for kind, n in Counter(values["kind"][row] for row in kept).most_common(12):
        for lang, title in (("fr", "French"), ("en", "English")):
            if crossed[kind, lang] < n / 10:
                out.append(f"{title} {kind} names ({crossed[kind, lang]} of {n})")
    return out


def name_language(name: str) -> str:
    """fr, en or none: the language whose dictionary alone has more of the name's words; accents are optional."""
    score = 0
    for word in words(split_ext(name)[0]):
        bare = fold(word)
        if len(bare) > 2:
            score += (bare in _folded("fr")) - (bare in _folded("en"))
    return "fr" if score > 0 else "en" if score < 0 else "none"


@cache
def _folded(lang: Lang) -> frozenset[str]:
    return frozenset(fold(word) for word in dictionary(lang))
