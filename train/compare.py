"""Two students side by side on the gold set, which neither was trained on, as they speak without thresholds."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datagen.corpus import Gold
from nomenclair.errors import UserError
from nomenclair.student import Student
from train.calibrate import best_chrf, outspoken
from train.evaluate import cases, score_texts
from train.metrics import RESAMPLES
from train.quantise import megabytes


@dataclass(frozen=True, slots=True)
class Side:
    """One student: scores and texts by language, size in MB, milliseconds per name in batches."""

    folder: Path
    scores: Mapping[str, Mapping]
    texts: Mapping[str, Sequence[str]]
    megabytes: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`difference` is the second's mean sentence chrF less the first's: (mean, low, high) of 95% by language."""

    sides: tuple[Side, Side]
    difference: Mapping[str, tuple[float, float, float]]
    same_texts: Mapping[str, float]


def compare(first: Path, second: Path, gold: Sequence[Gold]) -> Comparison:
    """Both students on the gold names, in the languages that both speak; UserError where there is none."""
    students = [outspoken(folder) for folder in (first, second)]
    languages = [lang for lang in students[0].languages if lang in students[1].languages]
    if not languages:
        raise UserError(
            f"{first} speaks {', '.join(students[0].languages)}, {second} {', '.join(students[1].languages)}.",
            "Compare students that share a language.",
        )
    a, b = (
        _side(folder, student, gold, languages)
        for folder, student in zip((first, second), students, strict=True)
    )
    difference, same = {}, {}
    for lang in languages:
        references = [case.references for case in cases(gold, lang)]
        gains = np.array(
            [
                best_chrf(new, accepted) - best_chrf(old, accepted)
                for old, new, accepted in zip(a.texts[lang], b.texts[lang], references, strict=True)
            ]
        )
        difference[lang] = (float(gains.mean()), *_interval(gains))
        same[lang] = float(
            np.mean([old == new for old, new in zip(a.texts[lang], b.texts[lang], strict=True)])
        )
    return Comparison((a, b), difference, same)


def _side(folder: Path, student: Student, gold: Sequence[Gold], languages: Sequence[str]) -> Side:
    names = [item.name for item in gold]
    student.describe(names[:1], languages[0])
    begun = time.perf_counter()
    texts = {lang: student.describe(names, lang) for lang in languages}
    spent = time.perf_counter() - begun
    scores = {lang: score_texts(cases(gold, lang), texts[lang], student.kinds) for lang in languages}
    return Side(folder, scores, texts, megabytes(folder), 1000 * spent / (len(names) * len(languages)))


def _interval(gains: np.ndarray) -> tuple[float, float]:
    """Names are drawn again in pairs: both students meet the same names each time."""
    draws = np.random.default_rng(0).integers(0, len(gains), (RESAMPLES, len(gains)))
    low, high = np.quantile(gains[draws].mean(1), [0.025, 0.975])
    return float(low), float(high)
