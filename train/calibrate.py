"""When the student should say the kind alone: one threshold per language on the score of a description.

A description is worth saying where, among names that the student is about as sure of, descriptions reach a mean
sentence chrF of GOOD_ENOUGH against the pairs' own texts. The mean at each score is the isotonic regression of chrF
on score over validation names: the rising curve nearest to what was measured. The threshold is where it crosses.
That curve climbs in steps, chance ones where few names are unsure, so the crossing is taken from the straight line
through the names about it: of 2,500 names each, thresholds then differ half as much (train/base/LOG.md).
chrF of the kind alone is no bar: it prefers a long text half wrong to a short one that is right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sacrebleu
from scipy.optimize import isotonic_regression

from nomenclair.records import Pair
from nomenclair.student import Description, Student

# Below any mean log-probability, and above any: never and always abstain.
NEVER, ALWAYS = -1e9, 1.0
# With fewer held-out names a threshold would be chance.
SMALLEST_SAMPLE = 30
# The share of the names that the straight line is drawn through, and the fewest that one is drawn through.
ABOUT, SMALLEST_LINE = 0.2, 100
# Mean chrF below which descriptions of one confidence are not said. Read by a person: from here down, most texts
# garble or miss the subject.
GOOD_ENOUGH = 50.0
CURVE_POINTS = 41


@dataclass(frozen=True, slots=True)
class Outspoken:
    """What the student says of one name without abstaining, against the kind alone; chrF from 0 to 100."""

    score: float
    chrf: float
    kind_chrf: float


@dataclass(frozen=True, slots=True)
class Point:
    """One place to cut: the share of names described; of those the mean chrF, the percentage that reach
    GOOD_ENOUGH, and the mean chrF of their kinds; the mean chrF of all, each as it would be answered."""

    threshold: float
    coverage: float
    described: float
    good: float
    kind_on_described: float
    overall: float


def outspoken(folder: Path) -> Student:
    """The student of a folder, without its thresholds and its guard."""
    return Student.load(folder).outspoken()


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
    ranked = sorted(rows, key=lambda row: row.score)
    all_scores, chrf = (
        np.array(column) for column in zip(*((row.score, row.chrf) for row in ranked), strict=True)
    )
    # Equal scores cannot be told apart: they count as one place with their mean.
    scores, place, names = np.unique(all_scores, return_inverse=True, return_counts=True)
    expected = isotonic_regression(np.bincount(place, chrf) / names, weights=names).x
    first = int(np.searchsorted(expected, GOOD_ENOUGH))
    if first == len(scores):
        return ALWAYS
    about = _about(int(names[:first].sum()), len(ranked))
    line = _crossing(all_scores[about], chrf[about])
    if line is not None:
        return line if line > scores[0] else NEVER
    return NEVER if first == 0 else float(scores[first - 1] + scores[first]) / 2


def _about(middle: int, count: int) -> slice:
    """The places, ABOUT of all, that the straight line is drawn through."""
    width = round(ABOUT * count)
    start = min(max(0, middle - width // 2), count - width)
    return slice(start, start + width)


def _crossing(scores: np.ndarray, chrf: np.ndarray) -> float | None:
    """Where the straight line nearest to these names reaches GOOD_ENOUGH; None of too few, or if it does not rise."""
    if len(scores) < SMALLEST_LINE or scores[0] == scores[-1]:
        return None
    slope, at_zero = np.polyfit(scores, chrf, 1)
    return float((GOOD_ENOUGH - at_zero) / slope) if slope > 0 else None


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
            float((chrf[:n] >= GOOD_ENOUGH).mean() * 100),
            float(kind[:n].mean()),
            float((chrf[:n].sum() + kind[n:].sum()) / len(ranked)),
        )
        for n in places
    ]


def thresholds(folder: Path, validation: Sequence[Pair], languages: Sequence[str]) -> dict[str, Mapping]:
    """Per language: the threshold for the student of this folder, its coverage, on how many names, and how many of
    them were measured.

    What the guard stops is not said whatever its score, so it takes no part; the coverage counts it as not described.
    Nor does what the table of kinds tells without the model; the coverage counts it as described.
    """
    student = Student.load(folder).without_thresholds()
    found = {}
    for lang in languages:
        told = student.describe_scored([(pair.name, lang) for pair in validation])
        ruled = [student.by_table(pair.name, lang) is not None for pair in validation]
        said = [
            (d, pair)
            for d, pair, by_table in zip(told, validation, ruled, strict=True)
            if not (by_table or d.abstained)
        ]
        rows = measured(student, [d for d, _ in said], [[pair.text(lang)] for _, pair in said])
        floor = threshold(rows)
        found[lang] = {
            "abstain_below": floor,
            "coverage": (sum(ruled) + sum(row.score >= floor for row in rows)) / len(told) if told else 1.0,
            "guarded": 1 - (sum(ruled) + len(said)) / len(told) if told else 0.0,
            "names": len(told),
            "measured": len(rows),
        }
    return found
