"""Scores of the exported student, through nomenclair.Student and not through torch, beside its baselines."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from datagen.corpus import Gold
from nomenclair.errors import UserError
from nomenclair.kinds import KindTable
from nomenclair.names import fold
from nomenclair.records import Pair
from nomenclair.student import KINDS, Student
from nomenclair.workspace import Workspace, read_json, write_json, write_text
from train import metrics
from train.calibrate import best_chrf, curve, measured, outspoken
from train.data import spread, stored_pairs
from train.export import export_untuned
from train.report import page

# The share by which validation loss may exceed training loss before the student is said to memorise.
OVERFIT_RATIO = 1.25
SMALLEST_GROUP = 5


@dataclass(frozen=True, slots=True)
class Case:
    """A name to describe, with the texts that are right for it."""

    name: str
    kind: str
    references: tuple[str, ...]


def cases(pairs: Sequence[Pair | Gold], lang: str) -> list[Case]:
    return [
        Case(pair.name, pair.kind, pair.texts(lang) if isinstance(pair, Gold) else (pair.text(lang),))
        for pair in pairs
    ]


def score_texts(cases: Sequence[Case], texts: Sequence[str], kinds: KindTable) -> dict:
    """Scores over all cases, and by kind where a kind has at least five."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, case in enumerate(cases):
        groups[case.kind].append(i)

    def scored(rows: Sequence[int]) -> dict[str, float]:
        return metrics.score(
            [cases[i].name for i in rows],
            [texts[i] for i in rows],
            [cases[i].references for i in rows],
            kinds,
        )

    by_kind = {kind: scored(rows) for kind, rows in sorted(groups.items()) if len(rows) >= SMALLEST_GROUP}
    return {**scored(range(len(cases))), "by_kind": by_kind}


def evaluate_student(
    student: Student, pairs: Sequence[Pair], languages: Sequence[str]
) -> tuple[dict, list[dict]]:
    """(scores by language, one row per name and language with what was said and what was meant)."""
    scores, rows = {}, []
    for lang in languages:
        asked = cases(pairs, lang)
        found = student.describe_scored([(case.name, lang) for case in asked])
        scores[lang] = score_texts(asked, [d.text for d in found], student.kinds)
        rows += [
            {
                "name": c.name,
                "lang": lang,
                "text": d.text,
                "reference": c.references[0],
                "chrf": best_chrf(d.text, c.references),
                "score": d.score,
                "abstained": d.abstained,
            }
            for c, d in zip(asked, found, strict=True)
        ]
    return scores, rows


def extension_lookup(pairs: Sequence[Pair], kinds: KindTable, languages: Sequence[str]) -> dict:
    """The baseline that answers with the kind alone."""
    return {
        lang: score_texts(cases(pairs, lang), [kinds.of(p.name).text(lang) for p in pairs], kinds)
        for lang in languages
    }


def nearest_neighbour(
    pairs: Sequence[Pair], trained: Sequence[Pair], kinds: KindTable, languages: Sequence[str]
) -> dict:
    """The baseline that answers with the text of the training name that is spelt most alike."""
    known = [fold(pair.name) for pair in trained]
    nearest = [trained[process.extractOne(fold(pair.name), known, scorer=fuzz.ratio)[2]] for pair in pairs]
    return {
        lang: score_texts(cases(pairs, lang), [pair.text(lang) for pair in nearest], kinds)
        for lang in languages
    }


def coverage_curves(
    folder: Path, pairs: Sequence[Pair], languages: Sequence[str], said: Sequence[Mapping]
) -> dict:
    """By language: the stored threshold, the share that it, the table of kinds and the guard leave described, and
    what describing more or fewer of these names by their score alone would give.

    `said` are the rows of the student that abstains: the outspoken one scores its first answer, guarded or not.
    """
    floors, student = Student.load(folder).card["abstain_below"], outspoken(folder)
    curves = {}
    for lang in languages:
        found = student.describe_scored([(pair.name, lang) for pair in pairs])
        rows = measured(student, found, [case.references for case in cases(pairs, lang)])
        described = [not row["abstained"] for row in said if row["lang"] == lang]
        curves[lang] = {
            "abstain_below": floors[lang],
            "coverage": sum(described) / len(described),
            "points": [asdict(point) for point in curve(rows)],
        }
    return curves


def overfit_verdict(training: Mapping[str, float]) -> str:
    """A plain sentence on training loss against validation loss."""
    train, validation = training["train_loss"], training["validation_loss"]
    losses = f"validation loss {validation:.2f}, training loss {train:.2f}"
    if validation <= train * OVERFIT_RATIO:
        return f"No overfitting: {losses}."
    percent = f"{validation / train - 1:.0%}" if train else "far"
    return f"Overfitting: {losses}, {percent} higher. Add pairs or train for fewer epochs."


def evaluate_workspace(ws: Workspace, pairs: Sequence[Pair | Gold]) -> dict:
    """Score the workspace's student on `pairs` beside its baselines; write metrics.json, outputs.json (every
    text), coverage.json and report.html.

    `scores` maps who (student, student that abstains, untuned base, extension lookup, nearest neighbour) to
    language to scores: "student" is what it says of every name, "student that abstains" what it answers with its
    threshold. `verdict` is on overfitting. Of many pairs some are scored (train.data.spread). UserError
    where there is no pair to score on.
    """
    if not pairs:
        raise UserError("No held-out pair to score on.", "Add pairs, then run: nomenclair train --fresh")
    pairs = spread(pairs)
    student = outspoken(ws.student)
    training = read_json(ws.training / "training.json")
    settings = training["settings"]
    languages = settings["languages"]
    scores, _ = evaluate_student(student, pairs, languages)
    careful, rows = evaluate_student(Student.load(ws.student), pairs, languages)
    with tempfile.TemporaryDirectory() as folder:
        export_untuned(ws.training, Path(folder), ws.student / KINDS, student.card["beams"])
        untuned, _ = evaluate_student(outspoken(Path(folder)), pairs, languages)
    report = {
        "scores": {
            "student": scores,
            "student that abstains": careful,
            "untuned base": untuned,
            "extension lookup": extension_lookup(pairs, student.kinds, languages),
            "nearest neighbour": nearest_neighbour(
                pairs, stored_pairs(ws, "train"), student.kinds, languages
            ),
        },
        "verdict": overfit_verdict(training["result"]),
    }
    curves = coverage_curves(ws.student, pairs, languages, rows)
    write_json(ws.evaluation / "outputs.json", rows)
    write_json(ws.evaluation / "coverage.json", curves)
    write_json(ws.evaluation / "metrics.json", report)
    write_text(ws.evaluation / "report.html", page(student.card, report, rows, curves, training["history"]))
    return report
