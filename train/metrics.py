"""Scores of descriptions against references: chrF, BLEU and ROUGE-L through evaluate, and kind accuracy.

The metric modules stand in train/metric_modules and are loaded from there: evaluate would otherwise fetch code
from a hub at run time.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import evaluate
import numpy as np
import sacrebleu

from nomenclair.kinds import KindTable

RESAMPLES = 500
MODULES = Path(__file__).parent / "metric_modules"


@cache
def load(name: str) -> evaluate.EvaluationModule:
    return evaluate.load(str(MODULES / f"{name}.py"))


def score(
    names: Sequence[str], texts: Sequence[str], references: Sequence[Sequence[str]], kinds: KindTable
) -> dict[str, float]:
    """chrf, bleu, rougeL (0 to 100), kind (share of texts that name the name's kind), n; chrf_interval and
    kind_interval hold 95% of the resampled scores.

    `references` holds one or more accepted texts for each name.
    """
    rows = {"predictions": list(texts), "references": [list(accepted) for accepted in references]}
    found: dict[str, float] = {"n": len(texts)}
    for metric in ("chrf", "bleu", "rouge"):
        found |= load(metric).compute(**rows)
    found["kind"] = sum(kinds.of(n).named_in(t) for n, t in zip(names, texts, strict=True)) / len(texts)
    found["chrf_interval"] = chrf_interval(texts, references)
    found["kind_interval"] = share_interval(found["kind"], len(texts))
    return found


def chrf_interval(texts: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """[low, high] of the mean sentence chrF, which `chrf` is, over names drawn again with repetition."""
    scores = np.array(
        [
            sacrebleu.sentence_chrf(text, list(accepted)).score
            for text, accepted in zip(texts, references, strict=True)
        ]
    )
    draws = np.random.default_rng(0).integers(0, len(scores), (RESAMPLES, len(scores)))
    return np.quantile(scores[draws].mean(1), [0.025, 0.975]).tolist()


def share_interval(share: float, rows: int) -> list[float]:
    """[low, high] of a share of yes among `rows`: a yes-or-no row drawn again is a binomial draw."""
    draws = np.random.default_rng(0).binomial(rows, share, RESAMPLES) / rows
    return np.quantile(draws, [0.025, 0.975]).tolist()
