"""The gold set through the exported int8 student and all that it is measured against: `make gold`.

    python -m benchmarks.gold WORKSPACE [--no-smollm2]

WORKSPACE holds the training and the student. Rows: the int8 student, the same saying all that its model says
(outspoken: no threshold, no guard), the same in fp32, the base before tuning, the kind alone (extension), the
grammar teacher on the names that it answers, the student on those names (there), and SmolLM2-135M-Instruct with
examples in its prompt on llama.cpp.
The last line is one JSON object.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from datagen.corpus import FOLDER, Gold, gold, kinds
from datagen.grammar import GrammarTeacher
from nomenclair import guard
from nomenclair.contract import LANGUAGES
from nomenclair.kinds import Kind
from nomenclair.names import fold, is_opaque
from nomenclair.records import FileName, Pair
from nomenclair.student import Student
from nomenclair.workspace import Workspace, read_records, write_records
from train.evaluate import Case, score_texts
from train.export import export_fp32, export_untuned

Answer = Callable[[Sequence[Gold], str], dict[str, str]]


def of_student(student: Student) -> Answer:
    return lambda rows, lang: dict(
        zip((r.id for r in rows), student.describe([r.name for r in rows], lang), strict=True)
    )


def of_extension() -> Answer:
    table = kinds()
    return lambda rows, lang: {r.id: table.of(r.name).text(lang) for r in rows}


def of_grammar() -> Answer:
    teacher = GrammarTeacher.load(FOLDER)

    def answer(rows: Sequence[Gold], lang: str) -> dict[str, str]:
        found = {r.id: teacher.describe(r.name) for r in rows}
        return {key: getattr(text, lang) for key, text in found.items() if hasattr(text, lang)}

    return answer


def among(answer: Answer, other: Answer) -> Answer:
    """What `answer` says of the names that `other` has an answer to: the two on the same names."""

    def both(rows: Sequence[Gold], lang: str) -> dict[str, str]:
        answered = other(rows, lang)
        return {key: text for key, text in answer(rows, lang).items() if key in answered}

    return both


def of_smollm2(rows: Sequence[Gold]) -> Answer:
    """Through `nomenclair generate --teacher local`, as a user would; what it gets wrong in form is missing."""
    with tempfile.TemporaryDirectory() as folder:
        ws = Workspace(Path(folder))
        write_records(ws.names, FileName, [FileName.of(r.name) for r in rows])
        command = [
            sys.executable,
            "-m",
            "nomenclair.cli",
            "generate",
            "--teacher",
            "local",
            "--workspace",
            folder,
        ]
        # Exit status 1: some names got no pair. Those count as missing here.
        if subprocess.run(command).returncode not in (0, 1):
            raise SystemExit("SmolLM2 could not be run; leave it out with --no-smollm2")
        pairs = {pair.id: pair for pair in read_records(ws.pairs, Pair)}
    return lambda rows, lang: {r.id: pairs[r.id].text(lang) for r in rows if r.id in pairs}


def scored(rows: Sequence[Gold], answer: Answer) -> dict:
    """chrF, kind and share answered per language; an unanswered name is left out, and the share says so."""
    found = {}
    for lang in LANGUAGES:
        texts = answer(rows, lang)
        asked = [r for r in rows if r.id in texts]
        cases = [Case(r.name, r.kind, r.texts(lang)) for r in asked]
        scores = score_texts(cases, [texts[r.id] for r in asked], kinds())
        by_kind = {kind: round(row["chrf"], 1) for kind, row in scores["by_kind"].items()}
        found[lang] = {
            "chrf": round(scores["chrf"], 1),
            "kind": round(scores["kind"], 3),
            "answered": round(len(asked) / len(rows), 3),
            "by_kind": by_kind,
        }
    return found


MONTH = "|".join(guard.FOLDED_MONTHS)
# What may stand beside the kind of an opaque name: a number, a date, a copy's number.
DATE = rf"(?:[0-9]{{1,2}}(?:er)? )?(?:(?:{MONTH}) )?[0-9]{{4}}"
BESIDE = re.compile(
    rf"(?:,? ?(?:no\.|n°) [0-9-]+)?(?:,? ?(?:from|of|for|du|de|d') ?{DATE})?(?:, cop(?:y|ie) [0-9]+)?"
)
WORD = re.compile(r"[^\W_]+")


def kind_alone(text: str, kind: Kind, lang: str) -> bool:
    """Is the text words of the kind, that name it, with a number or a date at most?"""
    words = "|".join(WORD.findall(fold(kind.text(lang))))
    of_kind = rf"(?:(?:{words})\b\W*)+"
    return kind.named_in(text) and bool(re.fullmatch(of_kind + BESIDE.pattern, fold(text)))


def opaque_alone(rows: Sequence[Gold], student: Student) -> tuple[float, float]:
    """Shares of opaque names told in both languages by an accepted text, and by that or their kind alone."""
    opaque = [r for r in rows if is_opaque(r.name)]
    texts = {lang: student.describe([r.name for r in opaque], lang) for lang in LANGUAGES}
    accepted = [all(texts[lang][i] in r.texts(lang) for lang in LANGUAGES) for i, r in enumerate(opaque)]
    alone = [
        all(
            texts[lang][i] in r.texts(lang) or kind_alone(texts[lang][i], student.kind(r.name), lang)
            for lang in LANGUAGES
        )
        for i, r in enumerate(opaque)
    ]
    return sum(accepted) / len(opaque), sum(alone) / len(opaque)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument(
        "--no-smollm2", action="store_true", help="leave the local model out (it takes minutes)"
    )
    args = parser.parse_args()
    ws, rows = Workspace(args.workspace), gold()
    student = Student.load(ws.student)
    kinds_file, beams = FOLDER / "kinds.tsv", student.card["beams"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as base:
        export_fp32(ws.training, Path(folder), kinds_file, beams)
        export_untuned(ws.training, Path(base), kinds_file, beams)
        fp32 = Student.load(folder)
        fp32.card["abstain_below"] = student.card["abstain_below"]
        answers = {
            "student-int8": of_student(student),
            "student-int8-outspoken": of_student(student.outspoken()),
            "student-fp32": of_student(fp32),
            "base": of_student(Student.load(base).outspoken()),
            "extension": of_extension(),
            "grammar": of_grammar(),
            "student-int8-there": among(of_student(student), of_grammar()),
        }
    if not args.no_smollm2:
        answers["smollm2"] = of_smollm2(rows)
    results = {who: scored(rows, answer) for who, answer in answers.items()}
    table = Table("who", *(f"{what} {lang}" for lang in LANGUAGES for what in ("chrF", "kind")), "answered")
    for who, row in results.items():
        cells = [
            text for lang in LANGUAGES for text in (f"{row[lang]['chrf']:.1f}", f"{row[lang]['kind']:.0%}")
        ]
        table.add_row(who, *cells, f"{row['en']['answered']:.0%}")
    Console().print(table)
    by_kind = Table("kind", *(f"chrF {lang}" for lang in LANGUAGES), title="student-int8 by kind")
    for kind, chrf in results["student-int8"]["fr"]["by_kind"].items():
        by_kind.add_row(kind, str(chrf), str(results["student-int8"]["en"]["by_kind"][kind]))
    Console().print(by_kind)
    accepted, alone = opaque_alone(rows, student)
    print(f"opaque names told in both languages by an accepted text: {accepted:.0%},", end=" ")
    print(f"by it or by their kind alone: {alone:.0%}")
    for lang in LANGUAGES:
        told = student.describe_scored([(row.name, lang) for row in rows])
        print(f"{lang}: the kind alone for {sum(d.abstained for d in told) / len(told):.0%} of the names")
    print(json.dumps({"rows": results}, ensure_ascii=False))


if __name__ == "__main__":
    main()
