"""Scores of descriptions against references: chrF, BLEU and ROUGE-L through evaluate, and kind accuracy.

The metric modules stand in train/metric_modules and are loaded from there: evaluate would otherwise fetch code
from a hub at run time.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import evaluate

from nomenclair.kinds import KindTable

MODULES = Path(__file__).parent / "metric_modules"


@cache
def load(name: str) -> evaluate.EvaluationModule:
    return evaluate.load(str(MODULES / f"{name}.py"))


def score(
    names: Sequence[str], texts: Sequence[str], references: Sequence[Sequence[str]], kinds: KindTable
) -> dict[str, float]:
    """chrf, bleu, rougeL (0 to 100), kind (share of texts that name the name's kind), n.

    `references` holds one or more accepted texts for each name.
    """
    rows = {"predictions": list(texts), "references": [list(accepted) for accepted in references]}
    found: dict[str, float] = {"n": len(texts)}
    for metric in ("chrf", "bleu", "rouge"):
        found |= load(metric).compute(**rows)
    found["kind"] = sum(kinds.of(n).named_in(t) for n, t in zip(names, texts, strict=True)) / len(texts)
    return found
