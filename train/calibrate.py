"""When the student should say the kind alone: one threshold per language on the score of a description.

For each held-out name both answers are scored against the pair's text by sentence chrF: the student's
description and the kind alone. Names are ranked by the student's score, surest first; of all the places where
the ranking can be cut, the threshold is at the one where description above and kind below give the highest mean
chrF, the later one where two are equal. So a description is kept while the group it falls in is worth more than
the kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import sacrebleu

from nomenclair.records import Pair
from nomenclair.student import Description, Student

# Below any mean log-probability, and above any: never and always abstain.
NEVER, ALWAYS = -1e9, 1.0
# With fewer held-out names a threshold would be chance.
SMALLEST_SAMPLE = 30
CURVE_POINTS = 41


@dataclass(frozen=True, slots=True)
class Outspoken:
    """What the student says of one name without abstaining, against the kind alone; chrF from 0 to 100."""

    score: float
    chrf: float
    kind_chrf: float


@dataclass(frozen=True, slots=True)
class Point:
    """One place to cut: the share of names described, and mean chrF of those, of the kind on those, of all."""

    threshold: float
    coverage: float
    described: float
    kind_on_described: float
    overall: float


def outspoken(folder: Path) -> Student:
    """The student of a folder, without its thresholds."""
    student = Student.load(folder)
    student.card["abstain_below"] = dict.fromkeys(student.languages, NEVER)
    return student


def measured(
    student: Student, found: Sequence[Description], references: Sequence[Sequence[str]]
) -> list[Outspoken]:
    return [
        Outspoken(d.score, best_chrf(d.text, texts), best_chrf(student.kind(d.name).text(d.lang), texts))
        for d, texts in zip(found, references, strict=True)
    ]


def best_chrf(text: str, references: Sequence[str]) -> float:
    """Sentence chrF against the nearest of the accepted texts, 0 to 100."""
    return max(sacrebleu.sentence_chrf(text, [reference]).score for reference in references)


def threshold(rows: Sequence[Outspoken]) -> float:
    """The score under which the kind answers, as the module says; NEVER on too few rows."""
    if len(rows) < SMALLEST_SAMPLE:
        return NEVER
    ranked = sorted(rows, key=lambda row: -row.score)
    gains = [0.0, *accumulate(row.chrf - row.kind_chrf for row in ranked)]
    # Equal scores cannot be told apart: the ranking is cut only between different ones.
    places = [
        0,
        *(i for i, (a, b) in enumerate(pairwise(ranked), 1) if a.score != b.score),
        len(ranked),
    ]
    best = max(places, key=lambda place: (gains[place], place))
    if best == 0:
        return ALWAYS
    return NEVER if best == len(ranked) else (ranked[best - 1].score + ranked[best].score) / 2


def coverage(rows: Sequence[Outspoken], floor: float) -> float:
    """The share of names that are described under this threshold."""
    return sum(row.score >= floor for row in rows) / len(rows)


def curve(rows: Sequence[Outspoken]) -> list[Point]:
    """From the surest name alone to every name: what describing that many gives."""
    ranked = sorted(rows, key=lambda row: -row.score)
    places = sorted({max(1, round(x)) for x in np.linspace(0, len(ranked), CURVE_POINTS)})
    chrf = np.array([row.chrf for row in ranked])
    kind = np.array([row.kind_chrf for row in ranked])
    return [
        Point(
            ranked[n - 1].score,
            n / len(ranked),
            float(chrf[:n].mean()),
            float(kind[:n].mean()),
            float((chrf[:n].sum() + kind[n:].sum()) / len(ranked)),
        )
        for n in places
    ]


def thresholds(folder: Path, validation: Sequence[Pair], languages: Sequence[str]) -> dict[str, Mapping]:
    """Per language: the threshold for the student of this folder, its coverage, and on how many names."""
    student = outspoken(folder)
    found = {}
    for lang in languages:
        texts = student.describe_scored([(pair.name, lang) for pair in validation])
        rows = measured(student, texts, [[pair.text(lang)] for pair in validation])
        floor = threshold(rows)
        found[lang] = {
            "abstain_below": floor,
            "coverage": coverage(rows, floor) if rows else 1.0,
            "names": len(rows),
        }
    return found
